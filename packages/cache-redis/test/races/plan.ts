import { cacheType } from '@huntly/cache-core';
import type { FaultName } from './faults.ts';
import type { Servers } from './patient-client.ts';

/** By what the values of a row are invalidated. */
export const KINDS = ['key', 'knownTag', 'lateTag', 'type', 'pattern'] as const;
export type Kind = (typeof KINDS)[number];

/** What the loaders return. */
export interface Versioned {
  readonly version: number;
  /** Known only from the value: another one for each of three versions in succession. */
  readonly label: string;
}

/** A row of the source, and the values that are loaded from it. */
export interface Row {
  readonly name: string;
  readonly type: TypeName;
  readonly identifiers: readonly string[];
}

const versioned = cacheType<Versioned>({ ttl: '1h' });
const ROW_TYPES = { type0: versioned, type1: versioned, type2: versioned, type3: versioned } as const;
export const TYPES = { lead: versioned, ...ROW_TYPES } as const;
export type TypeName = keyof typeof TYPES;

/** Few rows, so that loads and invalidations meet; several, so that they lie on different primaries of a Cluster. */
export function rowsOf(kind: Kind): readonly Row[] {
  return (Object.keys(ROW_TYPES) as TypeName[]).map((type, index) => {
    const name = `${kind}${index}`;
    return {
      name,
      type: kind === 'type' ? type : 'lead',
      identifiers: kind === 'key' ? [name] : [`${name}-a`, `${name}-b`],
    };
  });
}

/** The label of the values of a version. */
export function labelOf(row: string, version: number): string {
  return `${row}-label${version % 3}`;
}

/** What a member opens for one run: a cache of its own, and its way to the source. */
export interface Opening {
  readonly kind: Kind;
  readonly servers: Servers;
  readonly sourceUrl: string;
  readonly namespace: string;
  readonly seed: number;
  /** For the proof that the test can fail. */
  readonly fault?: FaultName | undefined;
}
