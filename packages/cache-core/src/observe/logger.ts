import { atOnce, ignoreRejection } from '../at-once.ts';
import { CacheConfigError, kindOf } from '../errors.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Write = (fields: object, message: string) => void;

/** The part of a pino logger that is used here. `console` has it too. */
export interface Logger {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
  /** Asked before a debug line is built. Without it every line is. */
  isLevelEnabled?(level: string): boolean;
  /** Only a pino logger and the default one have it: it can be set while running. */
  level?: string;
}

/** A logger whose level can be changed while running. */
export interface LeveledLogger extends Logger {
  level: string;
}

/** Lines kept while pino is being loaded: more than a start-up writes. */
const MAX_WAITING_LINES = 100;

/**
 * The logger of those who bring none: pino on standard output. Loading pino keeps a process busy for some 20 ms, more
 * under load, so it begins when the logger is made and not with the first line: that is mostly about a request, which
 * it would hold up.
 */
export function defaultLogger(level: LogLevel): LeveledLogger {
  checkLevel('logLevel', level);
  return new LazyPino(level);
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  isLevelEnabled: () => false,
};

/** Has it the methods of a logger? */
export function isLogger(value: unknown): value is Logger {
  if (typeof value !== 'object' || value === null) return false;
  return LINES.every((level) => typeof Reflect.get(value, level) === 'function');
}

const LINES = ['debug', 'info', 'warn', 'error'] as const;
type LineLevel = (typeof LINES)[number];

/** A logger that never throws, and always tells its level. */
export type GuardedLogger = Logger & Required<Pick<Logger, 'isLevelEnabled'>>;

/** A logger that throws loses its line and nothing else: no read may fail for it (P4). */
export function guardedLogger(logger: Logger): GuardedLogger {
  let isSaid = false;
  const failed = (error: unknown) => {
    if (!isSaid) process.emitWarning(`The logger of the cache throws: ${String(error)}`);
    isSaid = true;
  };
  const guarded = (level: (typeof LINES)[number]) => (fields: object, message: string) => {
    try {
      const answer: unknown = logger[level](fields, message);
      ignoreRejection(answer, failed);
    } catch (error) {
      failed(error);
    }
  };
  return {
    debug: guarded('debug'),
    info: guarded('info'),
    warn: guarded('warn'),
    error: guarded('error'),
    isLevelEnabled(level) {
      try {
        return atOnce('isLevelEnabled', logger.isLevelEnabled?.(level)) ?? true;
      } catch {
        return false;
      }
    },
  };
}

class LazyPino implements LeveledLogger {
  #level: string;
  #pino: LeveledLogger | undefined;
  #isLoading = false;
  readonly #waiting: [level: LineLevel, fields: object, message: string][] = [];

  constructor(level: string) {
    this.#level = level;
    if (level !== 'silent') this.#load();
  }

  get level(): string {
    return this.#level;
  }

  /** @throws CacheConfigError for a level that is none */
  set level(level: string) {
    checkLevel('level', level);
    this.#level = level;
    if (this.#pino) this.#pino.level = level;
    else if (level !== 'silent') this.#load();
  }

  isLevelEnabled(level: string): boolean {
    return rank(level) >= rank(this.#level);
  }

  debug(fields: object, message: string): void {
    this.#write('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#write('error', fields, message);
  }

  #write(level: LineLevel, fields: object, message: string): void {
    if (!this.isLevelEnabled(level)) return;
    if (this.#pino) this.#pino[level](fields, message);
    else if (this.#waiting.length < MAX_WAITING_LINES) this.#waiting.push([level, fields, message]);
  }

  #load(): void {
    if (this.#isLoading) return;
    this.#isLoading = true;
    // Never rejects: a logger that cannot be loaded must not end the process.
    void import('pino').then(
      ({ pino }) => this.#writeWith(pino({ name: 'cache', level: this.#level })),
      () => this.#writeWith({ ...console, level: this.#level }),
    );
  }

  #writeWith(logger: LeveledLogger): void {
    this.#pino = logger;
    for (const [level, fields, message] of this.#waiting.splice(0)) logger[level](fields, message);
  }
}

function checkLevel(field: string, level: string): void {
  if (LOG_LEVELS.includes(level as LogLevel)) return;
  throw new CacheConfigError([`${field} must be one of ${LOG_LEVELS.join(', ')}; got ${kindOf(level)}`]);
}

function rank(level: string): number {
  return LOG_LEVELS.indexOf(level as LogLevel);
}

/** The key as a log line may show it: without the private part of an e-mail address. */
export function loggableKey(key: string): string {
  return key.includes('@') ? key.replace(/[^:@]+@/g, '***@') : key;
}
