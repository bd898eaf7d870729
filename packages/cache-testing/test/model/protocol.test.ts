import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkProtocol, checkRule } from '../../src/model/check.ts';
import { mechanisms } from '../../src/model/mechanisms.ts';
import { inMarkdown } from '../../src/model/report.ts';

const readme = readFileSync(new URL('../../src/model/README.md', import.meta.url), 'utf8');
const TIMEOUT_MS = 60_000; // seconds on a free machine; the bound is for busy ones

describe.each(mechanisms)('$name', (mechanism) => {
  it('holds, and does what it is meant to do', { timeout: TIMEOUT_MS }, () => {
    const { counterExample, notShown } = checkProtocol(mechanism, 'quick');
    expect(counterExample).toBeUndefined();
    expect(notShown).toEqual([]);
  });

  it.each(mechanism.rules)('$id: without it, breaks $breaks', { timeout: TIMEOUT_MS }, (rule) => {
    const check = checkRule(mechanism, rule, 'quick');
    expect(check.breaks).toBe(rule.breaks);
    expect(readme, 'README.md: renew its tables with `pnpm model --markdown`').toContain(inMarkdown.ruleLine(check));
  });
});

describe('the check of the checker', () => {
  const [keyLease] = mechanisms;
  const fillCompares = keyLease?.rules.find(({ id }) => id === 'fill-compares');
  if (keyLease === undefined || fillCompares === undefined) throw new Error('There is no such rule to try.');

  it('says so when a mutant does more harm than its rule admits', () => {
    const check = checkRule(keyLease, { ...fillCompares, breaks: 'nothing' }, 'quick');
    expect(check).toMatchObject({ breaks: 'P1', isAsExpected: false });
  });

  it('says so when a mutant is harmless, though its rule says otherwise', () => {
    const check = checkRule(keyLease, { ...fillCompares, id: 'no such rule' }, 'quick');
    expect(check).toMatchObject({ breaks: 'nothing', isAsExpected: false });
  });

  it('says so when a model does not do what it is meant to do', () => {
    const check = checkProtocol({ ...keyLease, shows: ['pigs fly'] }, 'quick');
    expect(check).toMatchObject({ notShown: ['pigs fly'], isAsExpected: false });
  });

  it('gives every rule a name of its own', () => {
    for (const { rules } of mechanisms) expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
  });
});
