import { fileURLToPath } from 'node:url';
import bodyParser from 'body-parser';
import methodOverride from 'method-override';
import morgan from 'morgan';
import multer from 'multer';
import serveStatic from 'serve-static';
import { describe, expect } from 'vitest';
import { isRefresh } from '../../src/index.ts';
import { describeTrial } from './support/trial.ts';
import type { Build } from './support/twins.ts';

// Middleware that reads requests, answers them itself, or only watches.

describe('morgan', () => {
  const FORMAT = ':method :url :status :req[x-request-id] :res[x-version]';
  const build = (isBefore: boolean): Build => {
    return ({ app, cached, page }) => {
      const lines: string[] = [];
      const logger = morgan(FORMAT, { stream: { write: (line) => void lines.push(line.trim()) }, skip: isRefresh });
      if (isBefore) app.use(logger).get('/page', cached, page);
      else app.get('/page', cached, logger, page);
      return lines;
    };
  };
  const first = { headers: { 'x-request-id': 'one' } };
  describeTrial('before', {
    build: build(true),
    first,
    check: ({ plain, cached }) => expect(cached).toEqual(plain),
  });
  describeTrial('after: it reads the address of the client', {
    build: build(false),
    first,
    refused: 'client',
    check: ({ plain, cached }) => expect(cached).toEqual(plain),
  });
});

const ECHO = {
  method: 'POST',
  path: '/page?as=json',
  headers: { 'content-type': 'application/json', 'x-request-id': 'one' },
};

describe('body-parser', () => {
  const build = (isBefore: boolean): Build => {
    return ({ app, cached, page }) => {
      const parse = bodyParser.json();
      if (isBefore) app.use(parse);
      app.get('/page', cached, ...(isBefore ? [] : [parse]), page);
      app.post(
        '/page',
        cached,
        ...(isBefore ? [] : [parse]),
        (req, res) => void res.status(201).json({ got: req.body }),
      );
    };
  };
  const others = [
    { ...ECHO, body: '{"name":"Müller 😀"}' },
    { ...ECHO, body: '{"name":' },
    { method: 'GET', path: '/page?as=json' },
  ];
  describeTrial('before', { build: build(true), others });
  describeTrial('after', { build: build(false), others });
});

describe('multer', () => {
  const upload = [
    '--cut\r\nContent-Disposition: form-data; name="title"\r\n\r\nMüller 😀',
    '--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nAda',
    '--cut--\r\n',
  ].join('\r\n');
  const build = (isBefore: boolean): Build => {
    return ({ app, cached, page }) => {
      const parse = multer().single('file');
      if (isBefore) app.use(parse);
      app.get('/page', cached, ...(isBefore ? [] : [parse]), page);
      app.post('/page', cached, ...(isBefore ? [] : [parse]), ({ body, file }, res) => {
        res.json({ title: body.title, name: file?.originalname, text: file?.buffer.toString() });
      });
    };
  };
  const post = { method: 'POST', path: '/page', headers: { 'content-type': 'multipart/form-data; boundary=cut' } };
  const others = [
    { ...post, body: upload },
    { method: 'GET', path: '/page?as=json' },
  ];
  describeTrial('before', { build: build(true), others });
  describeTrial('after', { build: build(false), others });
});

describe('method-override', () => {
  const build = (isBefore: boolean): Build => {
    return ({ app, cached, page }) => {
      const override = methodOverride('X-HTTP-Method-Override', { methods: ['POST'] });
      if (isBefore) app.use(override);
      app.all('/page', cached, ...(isBefore ? [] : [override]), (req, res, next) => {
        if (req.method === 'GET') page(req, res, next);
        else res.status(202).json({ method: req.method });
      });
    };
  };
  const others = [
    { method: 'POST', path: '/page', headers: { 'x-http-method-override': 'DELETE' } },
    { method: 'POST', path: '/page?as=json', headers: { 'x-http-method-override': 'GET' } },
    { method: 'GET', path: '/page?as=json' },
  ];
  describeTrial('before', { build: build(true), others });
  describeTrial('after', { build: build(false), others });
});

describe('serve-static', () => {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  const name = '/requests.test.ts';
  const build = (isBefore: boolean): Build => {
    return ({ app, cached, page }) => {
      const files = serveStatic(folder, { cacheControl: false });
      if (isBefore) app.use('/files', files);
      app.use('/files', cached, files);
      app.get('/page', cached, page);
    };
  };
  const get = { method: 'GET', path: `/files${name}` };
  const others = [
    get,
    get,
    { method: 'HEAD', path: `/files${name}` },
    { ...get, headers: { 'if-modified-since': new Date(Date.now() + 1e9).toUTCString() } },
    { ...get, path: '/files/no-such-file' },
    { ...get, path: '/files' },
  ];
  describeTrial('before', { build: build(true), others });
  describeTrial('after', { build: build(false), others });
  describeTrial('after, with a range', {
    build: build(false),
    vary: ['range'],
    others: [{ ...get, headers: { range: 'bytes=0-4' } }],
  });
});
