import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { processRegistry } from './process-registry.ts';
import { processState } from './process-state.ts';
import { until } from './until.ts';

export const CONFIG_FILE = 'redis.conf';
const LOG_FILE = 'output.log';
/** Left behind by replication even where nothing is to be saved; a server that finds it starts with those old data. */
const SNAPSHOT = 'dump.rdb';

export type ServerState = 'running' | 'frozen' | 'dead';

/** One `redis-server` over its folder's `redis.conf`: started, frozen, killed and started again. */
export class RedisProcess {
  readonly folder = processRegistry().serverFolder();
  readonly #command: readonly string[];
  #child: ChildProcess | undefined;
  #state: ServerState = 'dead';
  #failure: Error | undefined;

  constructor(binary: string, mode: readonly string[]) {
    this.#command = [binary, join(this.folder, CONFIG_FILE), ...mode];
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Of the present process, or of the last one. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('this server was never started');
    return pid;
  }

  /** What the server has written, over all its starts. */
  log(): string {
    return readFileSync(join(this.folder, LOG_FILE), 'utf8');
  }

  /**
   * Starts it and waits until `isReady`, given the output of this start, agrees.
   *
   * @throws with the output of the server, when it ends instead
   */
  async start(isReady: (output: string) => Promise<boolean>): Promise<void> {
    rmSync(join(this.folder, SNAPSHOT), { force: true });
    const [binary = '', ...args] = this.#command;
    // Into a file, not a pipe: the server must not end of a closed pipe, nor keep a finished test process alive.
    const output = openSync(join(this.folder, LOG_FILE), 'a');
    const before = this.log().length;
    const child = spawn(binary, args, { cwd: this.folder, stdio: ['ignore', output, output] });
    closeSync(output);
    processRegistry().track(child);
    this.#child = child;
    this.#state = 'running';
    child.unref();
    child.once('exit', () => this.#died());
    child.once('error', (error) => {
      this.#failure = error;
      this.#died();
    });

    const printed = (): string => this.log().slice(before);
    const outcome = await until(`${this.#command.join(' ')} to be ready`, async () => {
      if (this.#state === 'dead') return 'ended';
      return (await isReady(printed())) ? 'ready' : undefined;
    });
    if (outcome === 'ended')
      throw new Error(`redis-server did not start: ${this.#command.join(' ')}\n${printed()}`, { cause: this.#failure });
  }

  /** SIGSTOP: connections stay open and the kernel goes on accepting new ones, but nobody answers. */
  async freeze(): Promise<void> {
    if (this.#state === 'dead') throw new Error('a dead server cannot be frozen');
    await this.#signal('SIGSTOP', 'stopped');
    this.#state = 'frozen';
  }

  /** SIGCONT: it finds everything that was sent meanwhile, and answers it. */
  async thaw(): Promise<void> {
    if (this.#state !== 'frozen') return;
    await this.#signal('SIGCONT', 'running');
    this.#state = 'running';
  }

  /** SIGKILL, frozen or not. The folder stays, so that `start` can follow. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.#state === 'dead') return;
    child.ref();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** As `kill`, and forgets everything: its folder is removed. */
  async discard(): Promise<void> {
    await this.kill();
    // Again, if need be: a killed server's child that was saving a snapshot for a replica may still be writing.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #died(): void {
    this.#state = 'dead';
  }

  async #signal(signal: 'SIGSTOP' | 'SIGCONT', expected: 'stopped' | 'running'): Promise<void> {
    const { pid } = this;
    process.kill(pid, signal);
    // Signals are delivered a little later; a command sent in between would still be answered.
    await until(`${signal} to reach process ${pid}`, () => (processState(pid) === expected ? true : undefined), {
      intervalMs: 1,
    });
  }
}
