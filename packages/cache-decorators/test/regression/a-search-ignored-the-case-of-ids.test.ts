import { SerializationError } from '@huntly/cache-core';
import { settle } from '@huntly/cache-core/testing';
import { describe, expect, it, vi } from 'vitest';
import { createDecorators } from '../../src/index.ts';
import { createSetup } from '../setup.ts';

/** A class whose search is decorated as `@cacheSearchResults()` does it, without the syntax of either protocol. */
function searches<A extends unknown[]>(options?: { key: (...args: A) => unknown }) {
  const { manager } = createSetup();
  const run = vi.fn(async (...args: A) => [{ id: 7, args }]);
  class Leads {
    search(...args: A) {
      return run(...args);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Leads.prototype, 'search') as { value: Leads['search'] };
  const decorate = createDecorators(manager).cacheSearchResults(options as never) as (
    ...legacy: [object, string, object]
  ) => { value: unknown } | undefined;
  const decorated = decorate(Leads.prototype, 'search', descriptor);
  if (decorated) Object.defineProperty(Leads.prototype, 'search', decorated);
  return { leads: new Leads(), run };
}

describe('@cacheSearchResults', () => {
  it.each<[string, unknown[], unknown[]]>([
    ['a tenant beside the query', [{ q: 'pumps' }, 'Kx9Aq'], [{ q: 'pumps' }, 'kX9aQ']],
    ['a tenant in the query', [{ q: 'pumps', tenant: 'Kx9Aq' }], [{ q: 'pumps', tenant: 'kX9aQ' }]],
    ['a cursor', [{ q: 'pumps', cursor: 'AbC' }], [{ q: 'pumps', cursor: 'aBc' }]],
  ])('tells apart calls that differ in the case of %s', async (_what, one, other) => {
    const { leads, run } = searches<unknown[]>();
    for (const args of [one, other]) expect(await leads.search(...args)).toEqual([{ id: 7, args }]);
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('ignores the case of what people type, also where a key function names it', async () => {
    const byArguments = searches<[{ q: string }]>();
    for (const q of ['Heat  PUMPS', 'heat pumps']) await byArguments.leads.search({ q });
    expect(byArguments.run).toHaveBeenCalledTimes(1);
    const byKey = searches<[string, string]>({ key: (text, tenant) => ({ q: text, tenant }) });
    for (const text of ['Heat  PUMPS', 'heat pumps']) await byKey.leads.search(text, 'Kx9Aq');
    await byKey.leads.search('heat pumps', 'kX9aQ');
    expect(byKey.run).toHaveBeenCalledTimes(2);
  });
});

describe('a cached function', () => {
  it('whose result holds a promise is not cached, and that is said', async () => {
    const { decorators, warn } = createSetup();
    const load = vi.fn(async function load() {
      return { rows: Promise.resolve([1]) };
    });
    const cached = decorators.cached(load, 'report', { name: 'load' });
    for (let call = 0; call < 2; call++) {
      expect(await (await cached()).rows).toEqual([1]);
      await settle();
    }
    expect(load).toHaveBeenCalledTimes(2);
    const [{ err }] = warn.mock.calls[0] as [{ err: Error }];
    expect([SerializationError.is(err), err.message]).toEqual([
      true,
      'The value has no JSON form: $.rows is a promise: await it first.',
    ]);
  });
});
