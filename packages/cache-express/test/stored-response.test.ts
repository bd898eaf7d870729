import { SerializationError } from '@huntly/cache-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeResponse, encodeResponse, type StoredResponse } from '../src/stored-response.ts';

const response = (more: Partial<StoredResponse> = {}): StoredResponse => ({
  status: 200,
  statusMessage: 'Fine',
  headers: [
    ['content-type', 'text/plain'],
    ['link', ['<a>', '<b>']],
  ],
  body: Buffer.from('body'),
  generatedAtMs: 1,
  freshForMs: 2,
  allowsStale: true,
  echoes: [['response', 'x-id', 'abc']],
  tags: [],
  ...more,
});

describe('the frame of a stored response', () => {
  it('gives back what it was given, byte for byte', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]*$/), (bytes, value) => {
        const given = response({ body: Buffer.from(bytes), headers: [['x', value]] });
        expect(decodeResponse(encodeResponse(given))).toEqual(given);
      }),
    );
  });

  it.each<[string, Partial<StoredResponse>]>([
    ['CR LF in a value', { headers: [['x', 'a\r\nb: c']] }],
    ['NUL in a value', { headers: [['x', 'a\0']] }],
    ['CR LF in one of several', { headers: [['x', ['a', 'b\n']]] }],
    ['a space in a name', { headers: [['a b', 'c']] }],
    ['a cookie', { headers: [['set-cookie', 'a=b']] }],
    ['a cookie in other letters', { headers: [['Set-Cookie', 'a=b']] }],
    ['CR LF in the reason phrase', { statusMessage: 'Fine\r\nX: a' }],
    ['half an echo', { echoes: [['response', 'x-id']] as unknown as StoredResponse['echoes'] }],
    ['no status', { status: 99 }],
    ['half a status', { status: 200.5 }],
    ['no age', { generatedAtMs: Number.NaN }],
  ])('refuses %s', (_name, bad) => {
    expect(() => decodeResponse(encodeResponse(response(bad)))).toThrow(SerializationError);
  });

  it('refuses every cut, and anything that is no frame', () => {
    const frame = encodeResponse(response());
    for (let length = 0; length < frame.length; length++)
      expect(() => decodeResponse(frame.subarray(0, length)), String(length)).toThrow(SerializationError);
    expect(() => decodeResponse(Buffer.concat([frame, Buffer.from('x')]))).toThrow(SerializationError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeResponse(Buffer.concat([Buffer.from('HRF2'), bytes]))).toThrow(SerializationError);
      }),
    );
  });
});
