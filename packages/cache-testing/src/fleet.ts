import type { CommandsOf } from './fleet-messages.ts';
import { MemberProcess } from './member-process.ts';

export interface FleetMember<C extends CommandsOf<C>> {
  readonly index: number;
  readonly pid: number;
  /**
   * Runs a command there; any number may run at a time.
   * @throws what the command threw; if any member has died, its end and what it had written to stderr
   */
  ask<N extends keyof C & string>(command: N, ...argument: Parameters<C[N]>): Promise<Awaited<ReturnType<C[N]>>>;
}

export interface Fleet<C extends CommandsOf<C>, E = never> {
  readonly members: readonly FleetMember<C>[];
  /** One command for all; the answers in the order of the members. */
  askAll<N extends keyof C & string>(command: N, ...argument: Parameters<C[N]>): Promise<Awaited<ReturnType<C[N]>>[]>;
  /** The events since the last call: those of one member in its order, and all that came before an answer. */
  takeEvents(): E[];
  /** Kills all members. @throws the end of a member that died before, so that no test passes without it */
  stop(): Promise<void>;
}

/**
 * Processes of their own, each running `module`, which calls `serveFleet`; ready when this resolves. They never outlive
 * this process. A member that dies unasked fails everything that is waited for in the fleet.
 */
export async function startFleet<C extends CommandsOf<C>, E = never>(module: URL, size: number): Promise<Fleet<C, E>> {
  let events: unknown[] = [];
  let firstDeath: Error | undefined;
  const processes: MemberProcess[] = [];
  const noteDeath = (dead: MemberProcess, error: Error): void => {
    firstDeath ??= error;
    for (const other of processes) if (other !== dead) other.fail(error); // they may wait for the dead one for ever
  };
  const noteEvents = (more: readonly unknown[]): void => {
    for (const event of more) events.push(event);
  };
  for (let index = 0; index < size; index++)
    processes.push(new MemberProcess(module, index, { events: noteEvents, death: noteDeath }));
  const endAll = () => Promise.all(processes.map((each) => each.end()));

  try {
    await Promise.all(processes.map((each) => each.ready));
  } catch (error) {
    await endAll();
    throw error;
  }

  const members = processes.map((each) => memberOf<C>(each, () => firstDeath));
  return {
    members,
    askAll: (command, ...argument) => Promise.all(members.map((member) => member.ask(command, ...argument))),
    takeEvents() {
      const taken = events as E[];
      events = [];
      return taken;
    },
    async stop() {
      await endAll();
      if (firstDeath) throw firstDeath;
    },
  };
}

function memberOf<C extends CommandsOf<C>>(process: MemberProcess, death: () => Error | undefined): FleetMember<C> {
  return {
    index: process.index,
    get pid() {
      return process.pid;
    },
    async ask(command, ...argument) {
      const error = death();
      if (error) throw error;
      return (await process.ask(command, argument[0])) as never;
    },
  };
}
