import { type Identifier, KeyError } from '@huntly/cache-core';

/** The id of the lead that a value is or has: in the first argument of a call, or in what it returned. */
export function findLeadId(value: unknown): Identifier | undefined {
  if (isIdentifier(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { leadId, id } = value as { leadId?: unknown; id?: unknown };
  const found = leadId ?? id;
  return isIdentifier(found) ? found : undefined;
}

/** The id of the lead that a call is about. @throws KeyError */
export function leadIdOf(decorator: string): (first: unknown) => Identifier {
  return (first) => {
    const found = findLeadId(first);
    if (found !== undefined) return found;
    throw new KeyError(
      `${decorator} takes the id of the lead from the first argument, or from its leadId or id, and found none there; give it the option key.`,
    );
  };
}

function isIdentifier(value: unknown): value is Identifier {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
}
