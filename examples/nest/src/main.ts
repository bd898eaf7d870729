import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { LeadModule, LeadRepository, LeadService } from './leads.ts';

const app = await NestFactory.createApplicationContext(LeadModule, { logger: false });
const leads = app.get(LeadService);
await Promise.all(Array.from({ length: 100 }, () => leads.search({ q: 'ada' })));
console.log(`100 searches at once: ${app.get(LeadRepository).queries} query`);
await leads.save({ id: 7, name: 'Ada Lovelace' });
console.log('after a change:', await leads.search({ q: 'ada' }));
await app.close();
