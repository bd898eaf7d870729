import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { copyOf } from './headers.ts';

type Fields = readonly (readonly [name: string, value: string | string[]])[];

/**
 * Sets what `writeHead` was given as single fields, so that they can be looked at: as `writeHead` would have done it.
 */
export function setAll(res: ServerResponse, given: unknown): void {
  if (Array.isArray(given)) setList(res, given.every(Array.isArray) ? (given as unknown as Fields) : pairsOf(given));
  else if (typeof given === 'object' && given !== null) setEach(res, Object.entries(given));
}

function setList(res: ServerResponse, fields: Fields): void {
  if (res.getHeaderNames().length > 0 && keepsLast()) return setEach(res, fields);
  for (const [name] of fields) if (name) res.removeHeader(name);
  for (const [name, value] of fields) if (name) res.appendHeader(name, copyOf(value));
}

function setEach(res: ServerResponse, fields: Fields): void {
  for (const [name, value] of fields) if (name) res.setHeader(name, copyOf(value)); // Node adds to arrays that it holds
}

function pairsOf(flat: readonly unknown[]): Fields {
  const pairs: [string, string][] = [];
  for (let index = 0; index < flat.length; index += 2) pairs.push([flat[index] as string, flat[index + 1] as string]);
  return pairs;
}

let keepsLastField: boolean | undefined;

/**
 * Does Node send only the last of two fields with one name in a list, if other fields were set before? Node 20 does;
 * later versions send both.
 */
function keepsLast(): boolean {
  if (keepsLastField === undefined) {
    const res = new ServerResponse(new IncomingMessage(new Socket()));
    res.setHeader('a', '1').writeHead(200, ['b', '1', 'b', '2']);
    keepsLastField = res.getHeader('b') === '2';
  }
  return keepsLastField;
}
