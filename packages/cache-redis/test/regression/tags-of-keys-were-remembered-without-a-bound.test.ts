import { expect, it } from 'vitest';
import { NonceNames } from '../../src/protocol/nonce-names.ts';

const TAGS = Array.from({ length: 1_000 }, (_, tag) => [`lead:${tag}`, 'n'] as const);
const key = (id: number) => ({ text: `search:${id}`, scope: { namespace: undefined, type: 'search' } });

it('the tags of keys that were read are remembered by their size', () => {
  const names = new NonceNames();
  for (let id = 0; id < 400; id++) names.of(key(id), TAGS);
  expect(names.expectedFor('search:399')).toHaveLength(1_000);
  expect(names.expectedFor('search:0')).toEqual([]); // forgotten: what its tags are is only known from the value
  names.forget();
  expect(names.expectedFor('search:399')).toEqual([]);
});
