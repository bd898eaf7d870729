import { CacheConfigError, checkDuration, didYouMean, isAsyncFunction } from '@huntly/cache-core';
import type { AnyMethod } from './method-types.ts';
import type { KeyedInvalidateOptions, KeyedResultOptions } from './options.ts';

/** What the decorators without a parameter for a key function have besides. */
export const KEY_OPTION = 'key';

export const RESULT_OPTIONS: readonly string[] = [
  'ttl',
  'grace',
  'tags',
  'resultTags',
  'condition',
  'unless',
  'name',
  'args',
] satisfies (keyof KeyedResultOptions<AnyMethod, unknown>)[];

export const INVALIDATE_OPTIONS: readonly string[] = [
  'when',
  'tags',
  'keys',
  'resultTags',
  'condition',
  'unless',
  'allSearches',
] satisfies (keyof KeyedInvalidateOptions<AnyMethod>)[];

/**
 * @throws CacheConfigError for anything but an object, an option that is not among `names`, or a duration that is none
 */
export function checkOptions(decorator: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new CacheConfigError([`the options of ${decorator} must be an object such as { ${names[0]}: … }`]);
  }
  const problems = Object.keys(options)
    .filter((name) => !names.includes(name))
    .map(
      (name) => `${name} is no option of ${decorator}; its options are ${names.join(', ')}${didYouMean([name], names)}`,
    );
  const { ttl, grace } = options as { readonly ttl?: unknown; readonly grace?: unknown };
  if (typeof ttl !== 'function') problems.push(...durationProblems(`the ttl of ${decorator}`, ttl));
  if (grace !== 0 && typeof grace !== 'function')
    problems.push(...durationProblems(`the grace of ${decorator}`, grace));
  for (const [name, option] of Object.entries(options)) {
    if (isAsyncFunction(option))
      problems.push(`${name} of ${decorator} must be a function that is not async: its answer is needed at once`);
  }
  if (problems.length > 0) throw new CacheConfigError(problems);
}

/** @throws CacheConfigError for a key function that is async */
export function checkKey(decorator: string, key: unknown): void {
  if (isAsyncFunction(key))
    throw new CacheConfigError([
      `the key function of ${decorator} must not be async: what names a value is needed at once`,
    ]);
}

function durationProblems(field: string, value: unknown): string[] {
  const check = value === undefined ? undefined : checkDuration(value);
  return check && 'problem' in check ? [`${field} ${check.problem}`] : [];
}
