import type { CommandsOf, Message, Question } from './fleet-messages.ts';

/** What a member of a fleet can do for its commands. */
export interface Membership<E> {
  /** Its number in the fleet, from 0 on. */
  readonly index: number;
  /** Hands an event to the fleet: there before the answer of the command that runs. */
  emit(event: E): void;
}

/** Events travel together: one message each would cost more than what is measured. */
const BATCH = 256;

/**
 * Makes this process a member: it answers commands, any number at a time, until its fleet ends it. It also ends when the
 * process that started it is gone, however that came.
 */
export function serveFleet<C extends CommandsOf<C>, E = never>(commandsOf: (membership: Membership<E>) => C): void {
  let waiting: E[] = [];
  const send = (message: Message): void => {
    process.send?.(message);
  };
  const flush = (): void => {
    if (waiting.length > 0) send({ kind: 'events', events: waiting });
    waiting = [];
  };
  const emit = (event: E): void => {
    waiting.push(event);
    if (waiting.length >= BATCH) flush();
  };
  const commands = commandsOf({ index: Number(process.argv[2]), emit });

  const answer = async ({ id, command, argument }: Question): Promise<void> => {
    try {
      const run = Reflect.get(commands, command) as unknown;
      if (typeof run !== 'function') throw new Error(`this member knows no command "${command}"`);
      const result: unknown = await run.call(commands, argument);
      flush();
      send({ kind: 'answer', id, answer: result });
    } catch (error) {
      flush();
      send({ kind: 'failure', id, error: error instanceof Error ? error : new Error(String(error)) });
    }
  };
  process.on('message', (question) => void answer(question as Question));
  process.once('disconnect', () => process.exit());
  send({ kind: 'ready' });
}
