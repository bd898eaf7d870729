import { describe, expect, it } from 'vitest';
import { explore, type Model, StateLimitError } from '../../src/model/explore.ts';

/** A counter that may go up by one or by two, round and round below `size`. */
const counter = (size: number, rest: Partial<Model<number>> = {}): Model<number> => ({
  initial: 0,
  encode: String,
  steps(state, take) {
    take('one', (state + 1) % size);
    take('two', (state + 2) % size);
  },
  ...rest,
});

describe('explore', () => {
  it('meets every state once, and knows how far the furthest is', () => {
    const { states, depth, counterExample } = explore(counter(7), 100);
    expect({ states, depth, counterExample }).toEqual({ states: 7, depth: 3, counterExample: undefined });
  });

  it('finds a shortest way to a wrong state', () => {
    const { counterExample } = explore(counter(100, { wrong: (state) => (state === 5 ? 'five' : undefined) }), 1000);
    expect(counterExample?.wrong).toBe('five');
    expect(counterExample?.trace).toHaveLength(3);
    expect(counterExample?.trace.toSorted()).toEqual(['one', 'two', 'two']);
  });

  it('finds a wrong step, though it leads to a state met before', () => {
    const model = counter(10, {
      steps(state, take) {
        take('up', Math.min(state + 1, 9));
        if (state === 4) take('back', 0, 'went back');
      },
    });
    expect(explore(model, 100).counterExample).toEqual({ wrong: 'went back', trace: ['up', 'up', 'up', 'up', 'back'] });
  });

  it('finds the first state wrong, without a step', () => {
    expect(explore(counter(3, { wrong: () => 'all wrong' }), 100).counterExample).toEqual({
      wrong: 'all wrong',
      trace: [],
    });
  });

  it('asks of a state that no step leaves whether it may stay so', () => {
    const model = counter(9, {
      steps: (state, take) => take('up', Math.min(state + 1, 2)), // ends in a step to itself
      stuck: (state) => `stuck at ${state}`,
    });
    expect(explore(model, 100).counterExample).toEqual({ wrong: 'stuck at 2', trace: ['up', 'up'] });
  });

  it('takes states with one key for one', () => {
    expect(explore(counter(100, { encode: (state) => String(state % 4) }), 1000).states).toBe(4);
  });

  it('collects the labels of all steps, also of those that lead nowhere new', () => {
    const model = counter(2, {
      steps(state, take) {
        take('flip', 1 - state);
        if (state === 1) take('stay', 1);
      },
    });
    expect([...explore(model, 100).labels].toSorted()).toEqual(['flip', 'stay']);
  });

  it('gives up loudly: a search cut short has no result', () => {
    expect(() => explore(counter(1000), 999)).toThrow(StateLimitError);
    expect(explore(counter(1000), 1000).states).toBe(1000);
  });
});
