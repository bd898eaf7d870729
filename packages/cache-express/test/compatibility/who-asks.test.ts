import cookieParser from 'cookie-parser';
import cookieSession from 'cookie-session';
import csurf from 'csurf';
import type { Request, RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import session from 'express-session';
import { Passport, Strategy } from 'passport';
import { describe } from 'vitest';

import { isRefresh } from '../../src/index.ts';

import { describeTrial } from './support/trial.ts';
import { after, type Build, before } from './support/twins.ts';

// Middleware that knows who asks. With most of it a response is for one client, and is not stored unless the route says otherwise.

/** A handler that begins a session, as one does that puts a token into its form. */
const beginSession: RequestHandler = (req, _res, next) => {
  Object.assign((req as Request & { session: object }).session, { cart: [7] });
  next();
};

const beforeAndBegun =
  (make: () => RequestHandler): Build =>
  ({ app, cached, page }) =>
    void app.use(make()).get('/page', cached, beginSession, page);
const afterAndBegun =
  (make: () => RequestHandler): Build =>
  ({ app, cached, page }) =>
    void app.get('/page', cached, make(), beginSession, page);

const shared = { shared: true };

describe('express-session', () => {
  const make = () => {
    let count = 0;
    const genid = () => `session ${++count}`;
    return session({ secret: 'a secret of a test', resave: false, saveUninitialized: false, genid });
  };
  const later = { headers: { cookie: 'connect.sid=unknown' } };
  describeTrial('before, where the handler leaves it alone', { build: before(make), options: shared, later });
  describeTrial('before, where the handler begins one', { build: beforeAndBegun(make), refused: 'set-cookie' });
  describeTrial('after, where the handler leaves it alone', { build: after(make), options: shared, later });
  describeTrial('after, where the handler begins one', { build: afterAndBegun(make), refused: 'set-cookie' });
});

describe('cookie-session', () => {
  const make = () => cookieSession({ keys: ['a secret of a test'] });
  const later = { headers: { cookie: 'session=unknown; session.sig=unknown' } };
  describeTrial('before, where the handler leaves it alone', { build: before(make), options: shared, later });
  describeTrial('before, where the handler begins one', { build: beforeAndBegun(make), refused: 'set-cookie' });
  describeTrial('after, where the handler leaves it alone', { build: after(make), options: shared, later });
  describeTrial('after, where the handler begins one', { build: afterAndBegun(make), refused: 'set-cookie' });
});

describe('csurf', () => {
  const guards = () => [cookieParser(), csurf({ cookie: true })];
  const form: RequestHandler = (req, res) => void res.send(`token ${req.csrfToken()}.`);
  const formBefore: Build = ({ app, cached }) => {
    app.use(guards()).get('/page', cached, form);
    app.post('/page', cached, (_req, res) => void res.send('done'));
  };
  const formAfter: Build = ({ app, cached }) => void app.get('/page', cached, ...guards(), form);
  const plainBefore: Build = ({ app, cached, page }) => void app.use(guards()).get('/page', cached, page);
  const alike = { varying: ['set-cookie', 'etag'], mask: /token [\w-]+|<pre>.*/s, forms: ['json'] } as const;
  const others = [{ method: 'POST', path: '/page', headers: { 'csrf-token': 'forged' } }];
  describeTrial('before, a page with a form', {
    build: formBefore,
    ...alike,
    options: shared,
    refused: 'client',
    others,
  });
  describeTrial('after, a page with a form', { build: formAfter, ...alike, refused: 'set-cookie' });
  describeTrial('before, a page without', { build: plainBefore, options: shared, varying: ['set-cookie'] });
});

describe('passport', () => {
  class HeaderStrategy extends Strategy {
    override readonly name = 'header';
    override authenticate(req: Request): void {
      const id = req.get('authorization');
      if (id) this.success({ id });
      else this.fail(401);
    }
  }
  const make = () => {
    const own = new Passport().use(new HeaderStrategy());
    return own.authenticate('header', { session: false });
  };
  const first = { headers: { authorization: 'ada' } };
  const others = [
    { path: '/page?as=json', headers: { authorization: 'bob' } },
    { path: '/page?as=json', headers: {} },
  ];
  const identity = (req: Request) => (req as { user?: { id?: string } }).user?.id;
  const options = { identity, secret: 'a secret of a test' };
  describeTrial('before', { build: before(make), options, first, others });
  describeTrial('after', { build: after(make), first, others, refused: 'credentials' });
});

describe('express-rate-limit', () => {
  const make = () => rateLimit({ limit: 100, windowMs: 3_600_000, skip: isRefresh });
  const varying = ['x-ratelimit-reset'];
  describeTrial('before', { build: before(make), varying });
  describeTrial('after', { build: after(make), varying, refused: 'client' });
});
