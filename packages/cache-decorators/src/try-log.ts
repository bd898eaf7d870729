import type { AnyCache } from './method-types.ts';

/** A logger that throws loses its line and nothing else. */
export function tryLog(cache: AnyCache, level: 'warn' | 'error', fields: object, message: string): void {
  try {
    cache.logger[level](fields, message);
  } catch (error) {
    process.emitWarning(`The logger of the cache throws: ${String(error)}`);
  }
}
