import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ValueRejectedError } from '../errors.ts';
import { pathTo } from './value-path.ts';

/** A schema of zod, valibot, arktype or any other library that follows the Standard Schema. */
export type Schema<V = unknown> = StandardSchemaV1<unknown, V>;

/** Paths shown in a message: the first tell enough. */
const MAX_PATHS = 5;

export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || !('~standard' in value))
    return false;
  const standard = value['~standard'];
  return (
    typeof standard === 'object' &&
    standard !== null &&
    'validate' in standard &&
    typeof standard.validate === 'function'
  );
}

/** What the schema makes of a value; a promise only if the schema is asynchronous. @throws ValueRejectedError */
export function fitted(schema: Schema, value: unknown): unknown {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then(outputOf) : outputOf(result);
}

function outputOf(result: StandardSchemaV1.Result<unknown>): unknown {
  if (!result.issues) return result.value;
  const paths = new Set(result.issues.map(pathOf));
  const shown = [...paths].slice(0, MAX_PATHS).join(', ');
  const more = paths.size > MAX_PATHS ? ` and ${paths.size - MAX_PATHS} more` : '';
  // Paths only: the messages of some libraries quote the value.
  throw new ValueRejectedError(`The value does not fit the schema of its type at ${shown}${more}.`);
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  let path = '$';
  for (const step of issue.path ?? []) path = pathTo(path, typeof step === 'object' ? step.key : step);
  return path;
}
