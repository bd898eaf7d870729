import type { Application } from 'express';
import type { Send } from './answers.ts';
import type { Build, Open } from './twins.ts';

/** An app with what adapters find hard: bytes, letters beyond ASCII in a header, a body to read. */
export const build: Build = ({ app, cached, page }) => {
  app.get('/page', cached, page);
  app.post('/page', cached, (_req, res) => void res.status(201).send('made'));
  app.get(
    '/name',
    cached,
    (_req, res) =>
      void res
        .attachment('Müller 😀.txt')
        .type('application/octet-stream')
        .send(Buffer.from([0xff, 0xfe, 0x00])),
  );
};
export const others = [
  { path: '/name' },
  { path: '/name' },
  { path: '/page?as=json', method: 'HEAD' },
  { path: '/page', method: 'POST', body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  { path: '/page?as=json' },
];

/** A way to an app that needs no server. */
export const without =
  (send: (app: Application) => Send): Open =>
  async (app) => ({ send: send(app), close: async () => {} });
