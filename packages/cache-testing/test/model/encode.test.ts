import { describe, expect, it } from 'vitest';
import { interchangeable, pack, Renaming } from '../../src/model/encode.ts';

describe('the key of a state', () => {
  it('has one character a field', () => {
    expect(pack([0, 1, 255])).toHaveLength(3);
    expect(pack([1, 2])).not.toBe(pack([2, 1]));
  });

  it('forgets the order of processes that are alike', () => {
    expect(interchangeable([3, 1, 2])).toEqual([1, 2, 3]);
    expect(interchangeable([2, 2, 1])).toEqual([1, 2, 2]);
    expect(interchangeable([])).toEqual([]);
  });

  it('forgets which random marks were drawn, not which are equal', () => {
    const rename = (marks: readonly number[]): number[] => {
      const names = new Renaming();
      return marks.map((mark) => names.of(mark));
    };
    expect(rename([7, 0, 9, 7])).toEqual([1, 0, 2, 1]);
    expect(rename([4, 0, 2, 4])).toEqual(rename([7, 0, 9, 7]));
    expect(rename([4, 0, 2, 2])).not.toEqual(rename([7, 0, 9, 7]));
  });
});
