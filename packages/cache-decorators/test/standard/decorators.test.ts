import { createCache } from '@huntly/cache-core';
import { describe, expect, it, vi } from 'vitest';
import { createDecorators } from '../../src/index.ts';
import { describeDecorators } from '../describe-decorators.ts';
import * as services from './services.ts';

describeDecorators('standard', services);

describe('what only the standard protocol has', () => {
  const source = vi.fn(async (text: string) => text);
  const { cacheResult } = createDecorators(createCache({ types: { report: { ttl: '1h' } }, logger: false }));

  it('private methods, one name for each class', async () => {
    class Reports {
      @cacheResult('report')
      async #load(month: string) {
        return source(month);
      }
      read(month: string) {
        return this.#load(month);
      }
    }
    class MoreReports extends Reports {
      @cacheResult('report')
      async #load(month: string) {
        return source(`more ${month}`);
      }
      readMore(month: string) {
        return this.#load(month);
      }
    }
    expect([await new Reports().read('June'), await new Reports().read('June')]).toEqual(['June', 'June']);
    expect(source).toHaveBeenCalledTimes(1);
    expect(await new MoreReports().read('June')).toBe('June');
    await expect(new MoreReports().readMore('June')).rejects.toThrow(/"MoreReports\.#load" in the type "report"/);
  });

  it('class expressions: one without a name needs the option name', async () => {
    const [Anonymous, Named] = [
      class {
        @cacheResult('report')
        async load(month: string) {
          return month;
        }
      },
      class {
        @cacheResult('report', { name: 'named.load' })
        async load(month: string) {
          return month;
        }
      },
    ];
    Object.defineProperty(Anonymous, 'name', { value: '' }); // compilers may give it a name of theirs
    await expect(new Anonymous().load('June')).rejects.toThrow(/name of the class of "load" is empty.*option name/s);
    expect(await new Named().load('June')).toBe('June');
  });

  it('no class to name a method that is called without its object', async () => {
    class Lost {
      @cacheResult('report')
      async load(month: string) {
        return month;
      }
    }
    const { load } = Lost.prototype;
    await expect(load('June')).rejects.toThrow(/called without its object/);
    expect(await load.call(new Lost(), 'June')).toBe('June');
  });

  it('decorators of others above ours: the class is found while it is the only one, else the option name is asked for', async () => {
    const log = <F extends (...args: never[]) => unknown>(method: F, _context: ClassMethodDecoratorContext) =>
      function (this: unknown, ...args: Parameters<F>) {
        return method.apply(this, args);
      } as F;
    class Logged {
      @log
      @cacheResult('report')
      async load(month: string) {
        return month;
      }
    }
    class LoggedToo extends Logged {
      @log
      @cacheResult('report')
      override async load(month: string) {
        return month;
      }
    }
    expect(await new Logged().load('June')).toBe('June');
    await expect(new LoggedToo().load('June')).rejects.toThrow(/which class declares "load" cannot be told/);
  });
});
