import { readFile } from 'node:fs/promises';
import { expect, it, vi } from 'vitest';
import { expectedFacts } from './expected.ts';

it.each(['standard', 'legacy'] as const)('vitest runs the service in the %s protocol', async (protocol) => {
  vi.resetModules(); // the probe remembers the protocol of one service
  const { LeadService } =
    protocol === 'standard'
      ? await import('../src/standard/lead-service.ts')
      : await import('../src/legacy/lead-service.ts');
  const { protocolOfProbe } = await import('../src/probe.ts');
  const { tour } = await import('../src/tour.ts');
  expect(protocolOfProbe).toBe(protocol);
  expect(await tour(LeadService)).toEqual(expectedFacts);
});

it('the service is the same text in both protocols', async () => {
  const [standard, legacy] = await Promise.all(
    ['standard', 'legacy'].map((protocol) =>
      readFile(new URL(`../src/${protocol}/lead-service.ts`, import.meta.url), 'utf8'),
    ),
  );
  expect(legacy).toBe(standard);
});
