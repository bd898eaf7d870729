import { createCache } from '@huntly/cache-core';
import { describe, expectTypeOf, it } from 'vitest';
import { createDecorators } from '../src/index.ts';

const { cacheResult } = createDecorators(createCache({ types: { report: { ttl: '30m' } } }));

describe('decorators of the standard protocol', () => {
  it('see private methods', () => {
    class Leads {
      as<T extends object>(id: number, shape: (id: number) => T) {
        return this.#load(id, shape);
      }
      @cacheResult('report', (id) => id.toFixed())
      async #load<T extends object>(id: number, shape: (id: number) => T): Promise<T> {
        return shape(id);
      }
    }
    expectTypeOf(new Leads().as(1, (id) => ({ id }))).toEqualTypeOf<Promise<{ id: number }>>();
  });

  it('refuse fields', () => {
    class Leads {
      // @ts-expect-error a field is no method
      @cacheResult('report')
      field = async () => 1;
    }
    return Leads;
  });
});
