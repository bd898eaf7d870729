import compression from 'compression';
import cors from 'cors';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import onHeaders from 'on-headers';
import responseTime from 'response-time';
import { describe } from 'vitest';
import { describeTrial } from './support/trial.ts';
import { after, before } from './support/twins.ts';

// Middleware that adds headers, or changes the body on its way.

describe('helmet', () => {
  describeTrial('before', { build: before(() => helmet()) });
  describeTrial('after', { build: after(() => helmet()) });
});

describe('cors', () => {
  const make = () => cors({ origin: ['https://a.example', 'https://b.example'], credentials: true });
  const first = { headers: { origin: 'https://a.example' } };
  const preflight = { method: 'OPTIONS', path: '/page', headers: { origin: 'https://a.example' } };
  const later = { headers: { origin: 'https://b.example' } };
  describeTrial('before', { build: before(make), first, later, others: [preflight] });
  describeTrial('after', { build: after(make), vary: ['origin'], first, others: [preflight] });
});

describe('compression', () => {
  const first = { headers: { 'accept-encoding': 'gzip' } };
  const make = () => compression({ threshold: 0 });
  describeTrial('before', { build: before(make), first, later: { headers: { 'accept-encoding': 'deflate' } } });
  describeTrial('before, for a client that takes none later', { build: before(make), first, later: {} });
  describeTrial('after', { build: after(make), vary: ['accept-encoding'], first });
});

describe('response-time', () => {
  describeTrial('before', { build: before(() => responseTime()), varying: ['x-response-time'] });
  describeTrial('after: not on a hit', { build: after(() => responseTime()), ofRuns: ['x-response-time'] });
});

describe('on-headers', () => {
  const make = (): RequestHandler => (req, res, next) => {
    const id = req.get('x-request-id') ?? 'none';
    onHeaders(res, () => res.setHeader('X-Late', id));
    next();
  };
  const requests = { first: { headers: { 'x-request-id': 'one' } }, later: { headers: { 'x-request-id': 'two' } } };
  describeTrial('before: of each request', { build: before(make), ...requests });
  describeTrial('after: of the response', { build: after(make), vary: ['x-request-id'], first: requests.first });
});
