import { expect, it, vi } from 'vitest';
import { createCache, type LocalOptions } from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

// The reader of a stale value and the loader that replaces it had one object. A source that says "not modified" makes the loader return
// `previous`: what the reader had done to its own copy, such as masking a name, was stored for everybody (P6).

interface Lead {
  name: string;
  tags: string[];
}

const CASES: readonly (readonly [string, number, object, LocalOptions | undefined])[] = [
  ['a stale value', 61_000, { grace: '1h' }, undefined],
  ['a stale value that did not come in time', 61_000, { grace: '1h', softTimeout: '1s' }, undefined],
  ['a compressed stale value', 61_000, { grace: '1h', compress: { thresholdBytes: 1 } }, undefined],
  ['a value that is loaded ahead', 59_900, { refreshAhead: true }, undefined],
  ['a clone of a local copy', 59_900, { refreshAhead: true }, { share: 'clone' }],
];

it.each(CASES)('a reader of %s has it for itself', async (_what, ageMs, settings, local) => {
  const clock = new FakeClock();
  const types = { lead: { ttl: '1m', jitter: 0, ...settings } } as const;
  const cache = createCache({ types, clock, logger: false, ...(local && { local }) });
  const leads = cache.type('lead');
  await leads.set(1, { name: 'Ann', tags: ['new'] });
  await leads.get(1);
  await clock.advance(ageMs);
  let finish = (): void => {};
  const answered = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const reading = leads.getOrSet(1, async ({ previous }) => {
    await answered;
    return previous;
  });
  await settle();
  if ('softTimeout' in settings) await clock.advance(1_000);
  const mine = (await reading) as Lead;
  await settle();
  mine.name = '***';
  mine.tags.push('seen by me');
  finish();
  await vi.waitFor(() => expect(cache.stats().lead.stored).toBe(2));
  expect(await leads.get(1)).toEqual({ name: 'Ann', tags: ['new'] });
});

it('a loader that changes its previous value changes no reader', async () => {
  const clock = new FakeClock();
  const leads = createCache({ types: { lead: { ttl: '1m', grace: '1h' } }, clock, logger: false }).type('lead');
  await leads.set(1, { name: 'Ann' });
  await clock.advance(61_000);
  const rename = ({ previous }: { previous: unknown }) => Object.assign(previous as Lead, { name: 'Bob' });
  const mine = await leads.getOrSet(1, rename as never);
  await settle();
  expect(mine).toEqual({ name: 'Ann' });
  expect(await leads.get(1)).toEqual({ name: 'Bob' });
});
