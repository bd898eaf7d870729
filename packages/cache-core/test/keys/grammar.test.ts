import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildKey,
  buildPattern,
  isTagKey,
  keyPrefix,
  leaseKey,
  logKey,
  namespacePrefix,
  rankingKey,
  type Scope,
  tagKey,
} from '../../src/index.ts';

// Few names, which are names of types, of namespaces and parts of each other.
const name = fc.constantFrom('search', 'lead', 'acme', 'com', 'acme.com', 'a', '1');
const type = name.filter((text) => text !== '1');
const namespace = fc.option(
  fc.array(name, { minLength: 1, maxLength: 3 }).map((path) => path.join('/')),
  { nil: undefined },
);
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(...':/{}*?[]\\%.', 'a', 'tag', 'search'), minLength: 1, maxLength: 6 }),
  fc.constantFrom('tag', 'lease', 'popular_searches', 'tag:a', 'lease:{search:a}', 'search/tag', '%h', 'x'.repeat(201)),
);
const scope = fc.record({ namespace, type });

/** Everything that is written into a store, with what it means. */
const written = fc.oneof(
  fc.record({ kind: fc.constant('value' as const), scope, text }),
  fc.record({ kind: fc.constant('lease' as const), scope, text }),
  fc.record({ kind: fc.constant('tag' as const), scope: fc.record({ namespace }), text }),
  fc.record({ kind: fc.constant('log' as const), scope: fc.record({ namespace }) }),
  fc.record({ kind: fc.constant('ranking' as const), scope: fc.record({ namespace }), era: fc.option(fc.nat(2)) }),
);
type Written = typeof written extends fc.Arbitrary<infer W> ? W : never;

function keyOf(item: Written): string {
  switch (item.kind) {
    case 'value':
      return buildKey(item.scope, item.text);
    case 'lease':
      return leaseKey(item.scope, buildKey(item.scope, item.text));
    case 'tag':
      return tagKey(item.scope.namespace, item.text);
    case 'log':
      return logKey(item.scope.namespace);
    case 'ranking':
      return rankingKey(item.scope.namespace, item.era ?? undefined);
  }
}

describe('the grammar of keys', () => {
  it('has one key for each meaning, and one meaning for each key', () => {
    fc.assert(
      fc.property(written, written, (a, b) => {
        expect(keyOf(a) === keyOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 20_000 },
    );
  });

  it('has patterns that find nothing but the values of their type, and leases of these', () => {
    fc.assert(
      fc.property(scope, fc.constantFrom('*', 'a*', 't*', '?*'), written, (swept, glob, item) => {
        const key = keyOf(item);
        const pattern = buildPattern(swept, glob);
        const isOfType = 'type' in item.scope && isSame(item.scope, swept);
        if (pattern.matches(key)) expect([item.kind, isOfType]).toEqual(['value', true]);
        // What a server looks for: the glob of SCAN finds no key of another cache, not even to be refused afterwards.
        if (isFound(pattern.keyGlob, key)) expect([item.kind, isOfType]).toEqual(['value', true]);
        const leases = leaseKey(swept, pattern.keyGlob);
        if (isFound(leases, key)) expect([item.kind, isOfType]).toEqual(['lease', true]);
      }),
      { numRuns: 20_000 },
    );
  });

  it('has prefixes that begin no key of another cache', () => {
    fc.assert(
      fc.property(scope, written, (own, item) => {
        const key = keyOf(item);
        if (key.startsWith(keyPrefix(own))) expect([item.kind, item.scope]).toEqual(['value', own]);
        if (key.startsWith(tagKey(own.namespace, '')))
          expect([item.kind, item.scope]).toEqual(['tag', { namespace: own.namespace }]);
        if (own.namespace !== undefined && key.startsWith(namespacePrefix(own.namespace)))
          expect(`${item.scope.namespace}/`.startsWith(`${own.namespace}/`)).toBe(true);
        expect(isTagKey(key)).toBe(item.kind === 'tag');
      }),
      { numRuns: 20_000 },
    );
  });

  it('puts a value and its lease into one slot of a Cluster', () => {
    fc.assert(
      fc.property(scope, text, (own, identifier) => {
        const key = buildKey(own, identifier);
        expect(key).not.toMatch(/[{}]/);
        expect(/\{(.+?)\}/.exec(leaseKey(own, key))?.[1]).toBe(key);
      }),
    );
  });
});

function isSame(a: Scope, b: Scope): boolean {
  return a.namespace === b.namespace && a.type === b.type;
}

/** As Redis reads a glob, as far as patterns use it. */
function isFound(glob: string, key: string): boolean {
  const source = glob
    .replace('[%\\', '[%')
    .replace(/[.+^$(){}|/]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`, 'u').test(key);
}
