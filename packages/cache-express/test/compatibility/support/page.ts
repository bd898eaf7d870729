import type { Request, Response } from 'express';

const TEXT = 'Müller 😀';

/** What the pages of an app are made from. */
export interface Source {
  version: number;
  /** How often the handler of a form ran. */
  readonly runs: Map<string, number>;
}

/** The ways in which handlers answer; a request names one as `?as=`. */
export const FORMS = ['json', 'stream', 'head'] as const;
export type Form = (typeof FORMS)[number];

/** Answers with what the source holds. */
export function pageOf(source: Source): (req: Request, res: Response) => void {
  return (req, res) => {
    const form = String(req.query['as']);
    source.runs.set(form, (source.runs.get(form) ?? 0) + 1);
    const { version } = source;
    res.setHeader('X-Version', [`is ${version}`, 'of many']);
    if (form === 'json') res.json({ version, text: TEXT });
    else if (form === 'stream') {
      res.type('text/plain').write(`${TEXT} `);
      setImmediate(() => res.end(Buffer.from(`${version}`)));
    } else res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(`<p>${TEXT} ${version}`, 'utf8');
  };
}
