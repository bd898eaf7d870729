import { Agent, get } from 'node:http';
import { createCache, type TypeStats } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';
import { startRedis } from '@huntly/cache-testing';
import express, { type Request } from 'express';
import { expect, it, onTestFinished } from 'vitest';
import { cacheResponse } from '../src/index.ts';
import { serve } from './support/serve.ts';
import { StallClock } from './support/stalls.ts';

const REQUESTS_PER_SECOND = 300;
const BUDGET_MS = 50;
/**
 * What is neither store time nor a recorded stall: the work of Express, a timer that is a little late, two turns after
 * a deadline.
 */
const TOLERANCE_MS = 15;
/** Requests that wait for a turn of a crowded machine are no hang; those that nobody answers are. */
const HANG_MS = 60_000;

it('Redis killed, restarted, frozen and thawed at 300 requests a second: no 5xx, no hang, store time within the budget', async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const cache = createCache({ types: {}, store: redisStore({ url: redis.url }), logger: false });
  onTestFinished(() => cache.close());
  await cache.ready();

  const stalls = new StallClock();
  onTestFinished(() => stalls.stop());
  const handlerMs = new WeakMap<Request, number>();
  const storeMs: number[] = [];
  const app = express();
  app.use((req, res, next) => {
    const from = performance.now();
    // Read a turn later, when the stall that it may be part of has been seen.
    res.once('finish', () => {
      const to = performance.now();
      setTimeout(() => storeMs.push(to - from - (handlerMs.get(req) ?? 0) - stalls.between(from, to)), 20);
    });
    next();
  });
  app.get('/leads', cacheResponse({ cache, ttl: '1s', query: ['q'], tags: () => ['lead:42'] }), (req, res) => {
    const from = performance.now();
    res.json({ q: req.query['q'] });
    handlerMs.set(req, performance.now() - from);
  });
  const { port } = await serve(app);
  const agent = new Agent({ keepAlive: true, timeout: 1_000 });
  onTestFinished(() => agent.destroy());
  /**
   * What fails between client and server counts as a status, so that it cannot be taken for a failure of the Redis of
   * this test.
   */
  const ask = (path: string) =>
    new Promise<{ status: number | string; text: string }>((resolve) => {
      const fail = (error: Error) => resolve({ status: `client: ${error.message}`, text: '' });
      get({ host: '127.0.0.1', port, path, agent }, (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text })).on('error', fail);
      }).on('error', fail);
    });

  const statuses = new Map<string, number>();
  const wrong: string[] = [];
  const asked: Promise<void>[] = [];
  const one = async (q: number) => {
    let stopWaiting: NodeJS.Timeout | undefined;
    const hang = new Promise<'hang'>((resolve) => {
      stopWaiting = setTimeout(() => resolve('hang'), HANG_MS);
    });
    const answer = await Promise.race([ask(`/leads?q=${q}`), hang]);
    clearTimeout(stopWaiting);
    const status = answer === 'hang' ? answer : String(answer.status);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === '200' && answer !== 'hang' && answer.text !== `{"q":"${q}"}`) wrong.push(answer.text);
  };
  const send = async (seconds: number) => {
    const start = performance.now();
    for (let sent = 0; sent < seconds * REQUESTS_PER_SECOND; ) {
      const due = Math.ceil(((performance.now() - start) / 1_000) * REQUESTS_PER_SECOND);
      for (; sent < Math.min(due, seconds * REQUESTS_PER_SECOND); sent++) asked.push(one(asked.length % 200));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const steps = [async () => {}, () => redis.kill(), () => redis.restart(), () => redis.freeze(), () => redis.thaw()];
  for (const step of steps) await Promise.all([step(), send(2)]);
  await Promise.all(asked);
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect(asked).toHaveLength(steps.length * 2 * REQUESTS_PER_SECOND);
  expect(Object.fromEntries(statuses)).toEqual({ 200: asked.length });
  expect(wrong).toEqual([]);
  expect(storeMs).toHaveLength(asked.length);
  storeMs.sort((a, b) => b - a);
  expect(storeMs[0], `the longest: ${storeMs.slice(0, 20).map(Math.round).join(', ')}`).toBeLessThan(
    BUDGET_MS + TOLERANCE_MS,
  );
  const stats: Readonly<Record<string, TypeStats>> = cache.stats();
  expect(stats['http']?.hits).toBeGreaterThan(asked.length / 20);
  expect(stats['http']?.storeErrors).toBeGreaterThan(0);
});
