import { readFile } from 'node:fs/promises';
import { createCache } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { createDecorators } from '../../src/index.ts';
import { describeDecorators } from '../describe-decorators.ts';
import * as services from './services.ts';

describeDecorators('legacy', services);

describe('what only the legacy protocol has', () => {
  const { cacheResult } = createDecorators(createCache({ types: { report: { ttl: '1h' } }, logger: false }));

  it('the class is known without an object', async () => {
    class Lost {
      @cacheResult('report')
      async load(month: string) {
        return month;
      }
    }
    const { load } = Lost.prototype;
    expect(await load('June')).toBe('June');
  });

  it('fields have no descriptor, and are refused', () => {
    const anyMember = cacheResult('report') as unknown as (target: unknown, name: string) => void;
    const declare = () => {
      class Fields {
        @anyMember
        load = async () => 'June';
      }
      return Fields;
    };
    expect(declare).toThrow(/@cacheResult is for methods; got the field of "load"/);
  });
});

it('tests the same classes in both protocols', async () => {
  const [legacy, standard] = await Promise.all(
    ['services.ts', '../standard/services.ts'].map((path) => readFile(new URL(path, import.meta.url), 'utf8')),
  );
  expect(legacy).toBe(standard);
});
