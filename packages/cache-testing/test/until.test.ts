import { describe, expect, it } from 'vitest';
import { until } from '../src/until.ts';

describe('until', () => {
  it('asks until there is an answer, and returns it', async () => {
    const answers = [undefined, undefined, 'there'];
    expect(await until('an answer', () => answers.shift(), { intervalMs: 1 })).toBe('there');
    expect(answers).toEqual([]);
  });

  it('takes a falsy value for an answer', async () => {
    expect(await until('a number', () => 0)).toBe(0);
  });

  it('gives up at the deadline, naming what it waited for and what went wrong last', async () => {
    const cause = new Error('connection refused');
    const waiting = until('the server', () => Promise.reject(cause), { timeoutMs: 20, intervalMs: 1 });
    await expect(waiting).rejects.toMatchObject({ message: 'gave up after 20 ms waiting for the server', cause });
  });
});
