import type { AnyCache } from './method-types.ts';

/** A logger that throws loses its line and nothing else. */
export function tryLog(cache: AnyCache, level: 'warn' | 'error', fields: object, message: string): void {
  const failed = (error: unknown) => process.emitWarning(`The logger of the cache throws: ${String(error)}`);
  try {
    const answer: unknown = cache.logger[level](fields, message);
    if (answer instanceof Promise) answer.catch(failed);
  } catch (error) {
    failed(error);
  }
}
