import { describe, expect, it } from 'vitest';
import { closestName, didYouMean } from '../src/option-names.ts';

const NAMES = ['ttl', 'negativeTtl', 'grace', 'tags', 'maxEntries', 'when', 'query'];

describe('closestName', () => {
  it.each([
    ['tll', 'ttl'],
    ['TTL', 'ttl'],
    ['tgas', 'tags'],
    ['wen', 'when'],
    ['quer', 'query'],
    ['maxEntry', 'maxEntries'],
    ['negativeTTL', 'negativeTtl'],
  ])('takes %s for %s', (name, meant) => {
    expect(closestName(name, NAMES)).toBe(meant);
  });

  it.each(['host', 'redis', 'env', 'x', ''])('offers nothing for %j', (name) => {
    expect(closestName(name, NAMES)).toBeUndefined();
  });

  it('takes the closest, and the first of several that are equally close', () => {
    expect(closestName('tag', ['tug', 'tags', 'bag'])).toBe('tug');
    expect(closestName('tagz', ['bags', 'tags'])).toBe('tags');
  });
});

describe('didYouMean', () => {
  it('is a sentence, or nothing', () => {
    expect(didYouMean(['tll'], NAMES)).toBe('. Did you mean ttl?');
    expect(didYouMean(['tll', 'redis', 'quer'], NAMES)).toBe('. Did you mean ttl, query?');
    expect(didYouMean(['redis'], NAMES)).toBe('');
    expect(didYouMean(['alow'], ['allow'])).toBe('');
  });
});
