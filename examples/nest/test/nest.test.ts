import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LeadModule, LeadRepository, LeadService } from '../src/leads.ts';

let app: INestApplicationContext;
beforeEach(async () => {
  app = await NestFactory.createApplicationContext(LeadModule, { logger: false });
});
afterEach(() => app.close());

it('speaks the legacy protocol', () => {
  let second: unknown;
  const probe = (_target: object, name: string, _descriptor: PropertyDescriptor) => {
    second = name;
  };
  class Probed {
    @probe
    method() {}
  }
  new Probed().method();
  expect(second).toBe('method');
});

it('reads the methods of a service through the cache that Nest gave it', async () => {
  const [leads, repository] = [app.get(LeadService), app.get(LeadRepository)];
  await Promise.all(Array.from({ length: 100 }, () => leads.search({ q: 'ada' })));
  expect(repository.queries).toBe(1);
  expect([await leads.find(7), await leads.find(7)]).toEqual(Array(2).fill({ id: 7, name: 'Ada Byron' }));
  expect(repository.queries).toBe(2);
  expect(await leads.cache.getCachedLeadData(7)).toEqual({ id: 7, name: 'Ada Byron' });
});

it('shows a change at once, also in searches', async () => {
  const leads = app.get(LeadService);
  await leads.search({ q: 'ada' });
  await leads.save({ id: 7, name: 'Ada Lovelace' });
  expect(await leads.search({ q: 'ada' })).toEqual([{ id: 7, name: 'Ada Lovelace' }]);
});

it('leaves the metadata of a method where Nest looks for it', () => {
  expect(app.get(Reflector).get('audience', LeadService.prototype.find)).toBe('staff');
});
