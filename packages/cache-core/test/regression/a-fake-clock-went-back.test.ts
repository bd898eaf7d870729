import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/testing/index.ts';

// A call of `advance` that began while another one was running set the clock back to when it began. What slept from then on was due at a
// time that never came again: a contract test on a clock that also ticks hung for ever.

describe('a fake clock that is moved by two at a time', () => {
  it('never goes back', async () => {
    const clock = new FakeClock();
    const long = clock.advance(60_000);
    await clock.advance(0);
    await long;
    expect(clock.now()).toBe(60_000);
  });

  it('wakes what is due when the longer one ends', async () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    const long = clock.advance(100).then(() => clock.after(0, () => seen.push(clock.now())));
    await clock.advance(0);
    await long;
    await clock.advance(0);
    expect([seen, clock.pendingTimers]).toEqual([[100], 0]);
  });
});
