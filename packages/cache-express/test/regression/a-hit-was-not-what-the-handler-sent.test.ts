import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCache } from '@huntly/cache-core';
import type { Request, Response } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { askRaw } from '../support/raw.ts';
import { serve, VERSIONS } from '../support/serve.ts';

type Handler = (req: Request, res: Response) => unknown;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'responses-'));
  writeFileSync(join(folder, 'letter.txt'), 'Grüße');
});
afterAll(() => rm(folder, { recursive: true }));

const LATIN = 'Müller';
/** The bytes of UTF-8, each as a character. */
const UTF8 = Buffer.from(LATIN).toString('latin1');

const HANDLERS: readonly (readonly [what: string, handler: Handler])[] = [
  ['json', (_req, res) => res.json({ name: 'Müller 😀' })],
  ['a text', (_req, res) => res.send('Grüße')],
  ['a buffer', (_req, res) => res.send(Buffer.from([0, 255, 128]))],
  ['the text `undefined` in a header', (_req, res) => res.set('X-A', 'undefined').send('x')],
  ['a change from two lines to one', (_req, res) => res.set('X-List', 'a,b').send('x')],
  ['a change from one line to two', (_req, res) => res.set('X-One', ['a', 'b']).send('x')],
  ['letters of names', (_req, res) => res.set('x-LOWER-upper', '1').vary('Accept-ENCODING').vary('origin').send('x')],
  ['a header that is taken away', (_req, res) => (res.removeHeader('X-One') as undefined) ?? res.send('x')],
  ['a reason phrase', (_req, res) => res.writeHead(200, 'Fine', { 'X-A': '1' }).end('x')],
  [
    'a reason phrase as a property',
    (_req, res) => {
      res.statusMessage = 'Also fine';
      res.send('x');
    },
  ],
  ['fields as a flat list', (_req, res) => res.writeHead(200, ['X-A', '1', 'x-b', '2', 'X-A', '3'] as never).end('x')],
  [
    'fields as a flat list with a phrase',
    (_req, res) => res.writeHead(200, 'Fine', ['Link', '<a>', 'Link', '<b>'] as never).end('x'),
  ],
  [
    'setHeaders',
    (_req, res) => {
      res.setHeaders(new Headers({ 'X-A': '1', 'X-B': '2' }));
      res.send('x');
    },
  ],
  [
    'no date',
    (_req, res) => {
      res.sendDate = false;
      res.send('x');
    },
  ],
  ['hex', (_req, res) => res.end('6869ff', 'hex')],
  ['base64', (_req, res) => res.end('aGn/', 'base64')],
  ['latin1', (_req, res) => res.end(LATIN, 'latin1')],
  ['utf16le', (_req, res) => res.end(LATIN, 'utf16le')],
  [
    'pieces in many encodings',
    (_req, res) => {
      res.write('');
      res.write('6869', 'hex');
      res.write(LATIN, 'latin1', () => undefined);
      res.write(new Uint8Array([1, 2, 3]));
      res.write(new (class extends Uint8Array {})([4, 5]));
      res.end('Grüße');
    },
  ],
  [
    'a head that is sent early',
    (_req, res) => {
      res.set('X-A', '1').flushHeaders();
      res.end('x');
    },
  ],
  [
    'a length that is promised',
    (_req, res) => {
      res.strictContentLength = true;
      res.set('content-LENGTH', '6').set('X-After', '1').write('abc');
      res.end('def');
    },
  ],
  [
    'early hints',
    (_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.send('x');
    },
  ],
  ['an empty body', (_req, res) => res.end()],
  ['latin1 in a header with a text', (_req, res) => res.set('X-Name', LATIN).end('Grüße')],
  ['latin1 in a header with a buffer', (_req, res) => res.set('X-Name', LATIN).end(Buffer.from('Grüße'))],
  ['latin1 in a header with a text in latin1', (_req, res) => res.set('X-Name', LATIN).end(LATIN, 'latin1')],
  ['latin1 in a header with nothing', (_req, res) => res.set('X-Name', [LATIN, 'b']).end()],
  [
    'latin1 in a header with a stream',
    (_req, res) => {
      res.set('X-Name', LATIN).write('a');
      res.end('b');
    },
  ],
  [
    'latin1 in a header that is sent early',
    (_req, res) => {
      res.set('X-Name', LATIN).flushHeaders();
      res.end('b');
    },
  ],
  [
    'latin1 in a header before an empty piece',
    (_req, res) => {
      res.set('X-Name', LATIN).write('');
      res.end('b');
    },
  ],
  ['latin1 in a reason phrase', (_req, res) => res.writeHead(200, LATIN).end('x')],
  ['a file name in latin1, with a text', (_req, res) => res.set('Content-Disposition', `a; b="${LATIN}"`).end('x')],
  ['a file name in latin1, with a buffer', (_req, res) => res.set('Content-Disposition', `a; b="${LATIN}"`).send('x')],
  ['a file name in UTF-8, with a text', (_req, res) => res.set('Content-Disposition', `a; b="${UTF8}"`).end('x')],
  ['a file name in UTF-8, with a buffer', (_req, res) => res.set('Content-Disposition', `a; b="${UTF8}"`).send('x')],
  ['attachment', (_req, res) => res.attachment('Müller.txt').send('x')],
  ['download', (_req, res) => res.download(join(folder, 'letter.txt'), 'Müller.txt', { cacheControl: false })],
  ['sendFile', (_req, res) => res.sendFile(join(folder, 'letter.txt'), { cacheControl: false })],
];

/** What a cache adds, and what differs from one answer to the next. */
const ADDED = /^(?:age|cache-status|cache-control|etag): /i;
const OF_THE_TRANSFER = /^(?:transfer-encoding|content-length): /i;

describe.each(VERSIONS)('on %s a hit and a miss differ from an answer without the cache', (_name, express) => {
  const appWith = (cached: boolean) => {
    const app = express();
    const cache = cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' });
    for (const [index, [, handler]] of HANDLERS.entries()) {
      app.get(
        `/${index}`,
        (_req, res, next) => {
          res.set('X-List', ['a', 'b']).set('X-One', 'a').set('Vary', 'Origin');
          next();
        },
        ...(cached ? [cache] : []),
        (req, res) => void handler(req, res),
      );
    }
    return app;
  };
  const comparable = (lines: readonly string[]) =>
    lines.map((line) => line.replace(/^(Date: ).*/, '$1')).filter((line) => !OF_THE_TRANSFER.test(line));

  it.each(HANDLERS.map(([what], index) => [what, index] as const))('%s', async (_what, index) => {
    const bare = await askRaw((await serve(appWith(false))).port, `/${index}`);
    const { port } = await serve(appWith(true));
    const answers = { miss: await askRaw(port, `/${index}`), hit: await askRaw(port, `/${index}`) };
    expect(answers.hit.cache || 'hit').toContain('hit');
    for (const [name, { lines, body }] of Object.entries(answers)) {
      expect(body, name).toEqual(bare.body);
      const own = bare.lines.filter((line) => ADDED.test(line));
      const seen = lines.filter((line) => !ADDED.test(line) || own.includes(line));
      if (name === 'miss') expect(comparable(seen)).toEqual(comparable(bare.lines));
      // Node puts `Date` and `Connection` last; a hit has the date of its response.
      else expect(comparable(seen).sort()).toEqual(comparable(bare.lines).sort());
      const lengths = lines.filter((line) => /^content-length: /i.test(line));
      const isBare = bare.lines.some((line) => /^content-length: /i.test(line));
      if (name === 'hit' || isBare) expect(lengths.map((line) => Number(line.slice(16)))).toEqual([body.length]);
    }
  });
});
