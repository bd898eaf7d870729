import type { IncomingHttpHeaders } from 'node:http';
import type { Response } from 'express';
import { type Condition, conditionOf, type Validators } from './conditional.ts';

/**
 * Makes a 200 a 304 or a 412 where the conditions of the client ask for it; nothing is sent yet.
 * @param conditions the headers of the client
 * @returns whether the response is to have no body
 */
export function withholdBody(
  res: Response,
  conditions: IncomingHttpHeaders,
  validators: Validators,
  nowMs: number,
): boolean {
  const condition = conditionOf(conditions, validators, nowMs);
  if (condition === 'met') return false;
  markWithoutBody(res, condition);
  return true;
}

const OF_A_BODY = ['content-length', 'content-type', 'content-encoding', 'content-range', 'transfer-encoding'];
const OF_A_RESPONSE = ['cache-control', 'cdn-cache-control', 'content-disposition', 'etag', 'expires', 'last-modified'];

/**
 * A 304 keeps what describes the response and loses what describes its body. RFC 9110 §15.4.5. A 412 loses both, and no
 * cache behind may give it to others, whose conditions are not in its key.
 */
function markWithoutBody(res: Response, condition: Exclude<Condition, 'met'>): void {
  const isFailed = condition === 'failed';
  res.statusCode = isFailed ? 412 : 304;
  res.statusMessage = ''; // that of the 200; Node puts the usual one
  for (const name of isFailed ? [...OF_A_BODY, ...OF_A_RESPONSE] : OF_A_BODY) res.removeHeader(name);
  if (!isFailed) return;
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Content-Length', '0');
}
