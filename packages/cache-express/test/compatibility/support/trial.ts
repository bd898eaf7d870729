import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheResponseOptions } from '../../../src/index.ts';
import { VERSIONS } from '../../support/serve.ts';
import { type Ask, type Comparison, cacheOf, comparable } from './answers.ts';
import { FORMS, type Form } from './page.ts';
import { type Build, type Moment, type Open, type Story, Twins } from './twins.ts';

export interface Trial extends Comparison {
  readonly build: Build;
  /** @default `ttl` and `grace` of 60 s, and the `vary` of the trial */
  readonly options?: Partial<CacheResponseOptions>;
  /** What the first request has besides its path. */
  readonly first?: Omit<Ask, 'path'>;
  /** What all later ones have instead. @default what the first has */
  readonly later?: Omit<Ask, 'path'>;
  /** What `Cache-Status` says of a response that may not be stored. @default it is stored */
  readonly refused?: string;
  /** Whether a refresh can run. @default true */
  readonly refreshes?: boolean;
  /** Requests at the end. */
  readonly others?: readonly Ask[];
  /** Looks at what `build` returned, in the end. */
  readonly check?: (seen: { readonly plain: unknown; readonly cached: unknown }) => void;
  /** @default over a socket */
  readonly open?: Open;
  /** @default all */
  readonly forms?: readonly Form[];
}

/** One `it` for each cell of the table in `docs/compatibility.md`: miss, hit and refresh. */
export function describeTrial(name: string, trial: Trial): void {
  const { vary = [], first = {}, later = first, refused, refreshes = true, forms = FORMS } = trial;
  const options = { vary, ...trial.options };
  const expectEqual = ({ cached, plain }: Moment) =>
    expect(comparable(cached, plain, trial)).toEqual(comparable(plain, plain, trial));

  describe.each(VERSIONS)(`${name}, on %s`, (_version, express) => {
    const stories: Story[] = [];
    const others: Moment[] = [];
    let twins: Twins;
    beforeAll(async () => {
      twins = await Twins.open(express, { build: trial.build, open: trial.open, options });
      for (const form of forms) {
        const path = `/page?as=${form}`;
        stories.push(
          await twins.tell(form, { ...first, path }, { ...later, path }, refused === undefined && refreshes),
        );
      }
      for (const ask of trial.others ?? []) others.push(await twins.ask(ask));
    });
    afterAll(() => twins.close());

    it('miss', () => {
      for (const { miss } of stories) {
        expectEqual(miss);
        expect(cacheOf(miss.cached)).toContain(refused === undefined ? 'stored' : `detail=${refused}`);
      }
    });

    it('hit', () => {
      for (const { hit } of stories) {
        expectEqual(hit);
        if (refused === undefined) expect(cacheOf(hit.cached)).toMatch(/^hit; ttl=\d/);
        else expect(cacheOf(hit.cached)).not.toContain('hit');
      }
    });

    it(refreshes ? 'refresh' : 'no refresh', () => {
      for (const { stale, refreshed, runs } of stories) {
        expectEqual(stale);
        if (refreshes) expectEqual(refreshed);
        if (refused !== undefined) continue;
        if (!refreshes) {
          expect(cacheOf(refreshed.cached), 'within its grace').toMatch(/^hit; ttl=-\d/);
          continue;
        }
        expect(cacheOf(stale.cached)).toMatch(/^hit; ttl=-\d/);
        expect(cacheOf(refreshed.cached)).toMatch(/^hit; ttl=\d/);
        expect(runs, 'one for the miss, one for the refresh').toBe(2);
      }
    });

    if (trial.others) {
      it('other requests', () => {
        for (const moment of others) expectEqual(moment);
      });
    }

    const { check } = trial;
    if (check) it('what it saw', () => check(twins.seen));
  });
}
