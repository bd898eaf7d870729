import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Message, Question } from './fleet-messages.ts';
import { processRegistry } from './process-registry.ts';

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** As the tests themselves: from sources, without a build. Found from here, as a member's own package need not have it. */
const RUN_SOURCES = [
  '--conditions=@huntly/source',
  '--import',
  pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
];

/** The process of one member, seen from its fleet. */
export class MemberProcess {
  readonly index: number;
  readonly ready: Promise<void>;
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  readonly #waiting = new Map<number, Waiting>();
  readonly #onEvents: (events: readonly unknown[]) => void;
  #stderr = '';
  #lastId = 0;
  #isEnding = false;
  #death: Error | undefined;

  constructor(
    module: URL,
    index: number,
    on: { events(events: readonly unknown[]): void; death(member: MemberProcess, error: Error): void },
  ) {
    this.index = index;
    this.#onEvents = on.events;
    this.#child = fork(module, [String(index)], {
      execArgv: RUN_SOURCES,
      serialization: 'advanced', // JSON knows no bigint
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    processRegistry().track(this.#child);
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.#gone = once(this.#child, 'close'); // later than 'exit': all that it wrote was read
    this.#child.once('close', (code, signal) => {
      const how = signal ? `by ${signal}` : `with ${code}`;
      this.#death = new Error(`member ${index} of the fleet ended ${how}: ${module.pathname}\n${this.#stderr}`);
      if (!this.#isEnding) on.death(this, this.#death);
      this.fail(this.#death);
    });
    this.ready = this.#expect(0).then(() => {});
    this.#child.on('message', (message) => this.#receive(message as Message));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask(command: string, argument: unknown): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = this.#expect(id);
    // A member that is gone already: the end of its process, which follows, rejects what is waited for.
    if (!this.#death) this.#child.send({ id, command, argument } satisfies Question, () => {});
    return answer;
  }

  /** Nobody waits any longer. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  /** SIGKILL; gone when this resolves. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#child.kill('SIGKILL');
    if (!this.#death) await this.#gone;
  }

  #expect(id: number): Promise<unknown> {
    if (this.#death) return Promise.reject(this.#death);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #receive(message: Message): void {
    switch (message.kind) {
      case 'events':
        this.#onEvents(message.events);
        break;
      case 'ready':
        this.#settle(0)?.resolve(undefined);
        break;
      case 'answer':
        this.#settle(message.id)?.resolve(message.answer);
        break;
      case 'failure':
        this.#settle(message.id)?.reject(message.error);
        break;
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }
}
