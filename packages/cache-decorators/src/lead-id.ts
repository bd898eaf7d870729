import { type Identifier, KeyError } from '@huntly/cache-core';

/** The id of the lead that a call is about. @throws KeyError */
export function leadIdOf(decorator: string): (first: unknown) => Identifier {
  return (first) => {
    if (isIdentifier(first)) return first;
    if (typeof first === 'object' && first !== null) {
      const { leadId, id } = first as { leadId?: unknown; id?: unknown };
      const found = leadId ?? id;
      if (isIdentifier(found)) return found;
    }
    throw new KeyError(
      `${decorator} takes the id of the lead from the first argument, or from its leadId or id, and found none there; give it the option key.`,
    );
  };
}

function isIdentifier(value: unknown): value is Identifier {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
}
