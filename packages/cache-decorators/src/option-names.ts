import { CacheConfigError } from '@huntly/cache-core';
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
  'resultTags',
  'condition',
  'unless',
  'allSearches',
] satisfies (keyof KeyedInvalidateOptions<AnyMethod>)[];

/** @throws CacheConfigError for anything but an object, or an option that is not among `names` */
export function checkOptionNames(decorator: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new CacheConfigError([`the options of ${decorator} must be an object such as { ${names[0]}: … }`]);
  }
  const problems = Object.keys(options)
    .filter((name) => !names.includes(name))
    .map((name) => `${name} is no option of ${decorator}; its options are ${names.join(', ')}`);
  if (problems.length > 0) throw new CacheConfigError(problems);
}
