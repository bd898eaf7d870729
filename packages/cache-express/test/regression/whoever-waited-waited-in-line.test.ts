import { createCache } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { turns } from '../support/refreshed.ts';
import { serve, VERSIONS } from '../support/serve.ts';

const MANY = 60;
/** As many as the machine lets through in one turn or two; far fewer than all. */
const A_FEW = 5;

type Answer = (res: Response, run: number) => unknown;

describe.each(VERSIONS)('whoever waited waited in line, on %s', (_name, express) => {
  /** A route whose runs end when the test says so. */
  async function open(options: Partial<CacheResponseOptions> = {}) {
    const clock = new FakeClock();
    const cache = createCache({ types: {}, logger: false, clock });
    const running: { readonly req: Request; readonly res: Response; readonly run: number }[] = [];
    let runs = 0;
    let peak = 0;
    const app = express();
    app.get('/', cacheResponse({ cache, clock, ttl: '5m', shared: true, ...options }), (req, res) => {
      running.push({ req, res, run: ++runs });
      peak = Math.max(peak, running.length);
    });
    const { ask } = await serve(app);
    /** Waits until so many run and no more come. */
    const settled = async (least: number) => {
      while (running.length < least) await turns(5);
      await turns();
    };
    const end = (answer: Answer) => {
      for (const { res, run } of running.splice(0)) answer(res, run);
    };
    return {
      ask,
      clock,
      running,
      settled,
      end,
      state: {
        get runs() {
          return runs;
        },
        get peak() {
          return peak;
        },
      },
    };
  }

  it.each<[string, Answer]>([
    ['no-store', (res) => res.set('Cache-Control', 'no-store').send('x')],
    ['Set-Cookie', (res) => res.cookie('a', 'b').send('x')],
    ['a status', (res) => res.status(201).send('x')],
    ['a head without a body yet', (res) => res.set('Cache-Control', 'private').write('x') && res.end()],
  ])('for a response that may not be stored: %s', async (_what, answer) => {
    const { ask, running, settled, end, state } = await open();
    const first = ask('/');
    await settled(1);
    const others: Promise<unknown>[] = [];
    for (let wave = 0; wave < 4; wave++) {
      for (let one = 0; one < MANY / 4; one++) others.push(ask('/'));
      await turns();
    }
    expect(state.runs).toBe(1);
    end(answer);
    await first;
    await settled(MANY); // all of them, after one run and not after two
    expect(state.runs).toBe(1 + MANY);
    expect(running).toHaveLength(MANY);
    end(answer);
    await Promise.all(others);
  });

  it('for one that may not be stored, and begins late: its head is enough', async () => {
    const { ask, running, settled, end, state } = await open();
    const first = ask('/');
    await settled(1);
    const second = ask('/');
    await turns();
    const [one] = running;
    one?.res.set('Cache-Control', 'no-store').write('beginning');
    await settled(2); // while the first one still runs
    expect(state.runs).toBe(2);
    end((res) => res.end());
    await Promise.all([first, second]);
  });

  it.each<[string, Answer]>([
    ['503', (res) => res.sendStatus(503)],
    ['an error', (res) => res.req.next?.(Object.assign(new Error('no'), { expose: true }))],
  ])('not at all for one that failed, %s: now a few at a time', async (_what, fail) => {
    const { ask, settled, end, state } = await open();
    const first = ask('/');
    await settled(1);
    const others = Array.from({ length: MANY }, () => ask('/'));
    await turns();
    end(fail);
    await first;
    for (let left = MANY; left > 0; left -= A_FEW) {
      await settled(Math.min(left, A_FEW));
      end(fail);
    }
    const statuses = (await Promise.all(others)).map(({ status }) => status);
    expect(statuses.every((status) => status >= 500)).toBe(true);
    expect(state).toMatchObject({ runs: 1 + MANY, peak: A_FEW });
  });

  it('those who come while others stand in line stand in it too', async () => {
    const { ask, settled, end, state } = await open();
    const all = [ask('/')];
    await settled(1);
    all.push(...Array.from({ length: A_FEW + 1 }, () => ask('/')));
    await turns();
    end((res) => res.sendStatus(503));
    await settled(A_FEW);
    all.push(...Array.from({ length: A_FEW }, () => ask('/')));
    await turns();
    expect(state.peak).toBe(A_FEW);
    for (let left = 2 * A_FEW + 1; left > 0; left -= A_FEW) {
      await settled(Math.min(left, A_FEW));
      end((res) => res.sendStatus(503));
    }
    await Promise.all(all);
    expect(state.peak).toBe(A_FEW);
  });

  it('once it works again, one runs for all who stand in line', async () => {
    const { ask, settled, end, state } = await open();
    const all = [ask('/')];
    await settled(1);
    all.push(...Array.from({ length: MANY }, () => ask('/')));
    await turns();
    end((res) => res.sendStatus(503));
    await settled(A_FEW);
    end((res) => res.send('well again'));
    await settled(1);
    expect(state.runs).toBe(1 + A_FEW + 1);
    end((res) => res.send('for all'));
    const texts = (await Promise.all(all)).map(({ text }) => text);
    expect(texts.filter((text) => text === 'for all')).toHaveLength(MANY - A_FEW);
    expect(state.runs).toBe(1 + A_FEW + 1);
  });

  it('nobody stands in line for longer than the timeout', async () => {
    const { ask, clock, running, settled, end } = await open({ timeout: '10s' });
    const all = [ask('/')];
    await settled(1);
    all.push(...Array.from({ length: 3 * A_FEW }, () => ask('/')));
    await turns();
    end((res) => res.sendStatus(503));
    await settled(A_FEW); // and these hang
    await clock.advance(500);
    await turns();
    expect(running).toHaveLength(A_FEW);
    await clock.advance(10_000);
    await settled(A_FEW + 1);
    while (running.length < 3 * A_FEW) await turns(5);
    end((res) => res.send('x'));
    await Promise.all(all);
  });

  it('a client that leaves the line holds no place in it', async () => {
    const clock = new FakeClock();
    const cache = createCache({ types: {}, logger: false, clock });
    const app = express();
    const held: Response[] = [];
    app.get('/', cacheResponse({ cache, clock, ttl: '5m', shared: true }), (_req, res) => void held.push(res));
    const { ask, leave } = await serve(app);
    const first = ask('/');
    while (held.length < 1) await turns(5);
    let go = () => {};
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    const leaving = Array.from({ length: 2 * A_FEW }, () => leave('/', gone));
    await turns();
    held.splice(0).map((res) => res.sendStatus(503));
    await first;
    while (held.length < A_FEW) await turns(5);
    const last = ask('/');
    await turns();
    go();
    await Promise.all(leaving);
    while (held.length < A_FEW + 1) await turns(5);
    held.at(-1)?.send('served');
    expect((await last).text).toBe('served');
  });

  it('a handler that is cut off each time is not run by all at once', async () => {
    const { ask, settled, end, state } = await open();
    const all = Array.from({ length: 4 * A_FEW }, () => ask('/').catch(() => 'cut off'));
    let left = all.length;
    while (left > 0) {
      await settled(1);
      const before = state.runs;
      end((res) => res.destroy());
      await turns();
      left = all.length - before;
    }
    expect(await Promise.all(all)).toEqual(Array(all.length).fill('cut off'));
    expect(state.peak).toBeLessThanOrEqual(A_FEW);
  });
});
