import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Codec, ValueFormat, type ValueFormatParts } from '../../src/codec/value-format.ts';
import { SerializationError } from '../../src/index.ts';

const format = (parts: Partial<ValueFormatParts> = {}) =>
  new ValueFormat({
    codec: undefined,
    schema: undefined,
    validate: 'both',
    compressFromBytes: undefined,
    maxValueBytes: 100_000,
    ...parts,
  });
const long = { text: 'a'.repeat(10_000) };

describe('plain JSON', () => {
  it('is encoded and decoded without a promise', () => {
    const bytes = format({ schema: z.object({ a: z.number() }) }).encode({ a: 1 });
    expect(bytes).toEqual(Buffer.from('{"a":1}'));
    expect(format().decode(bytes as Uint8Array)).toEqual({ a: 1 });
  });
});

describe('compression', () => {
  it('makes a large value small and gives it back', async () => {
    const bytes = await format({ compressFromBytes: 8_000 }).encode(long);
    expect(bytes.byteLength).toBeLessThan(200);
    expect(gunzipSync(bytes).toString()).toBe(JSON.stringify(long)); // any gzip reads it
    expect(await format().decode(bytes)).toEqual(long); // a type that does not compress any more
  });

  it('leaves a value below the threshold alone, and one that gets no smaller', async () => {
    expect(format({ compressFromBytes: 8_000 }).encode('a'.repeat(7_997))).toBeInstanceOf(Uint8Array);
    expect((await format({ compressFromBytes: 1 }).encode(7)).toString()).toBe('7');
  });

  it('takes the bytes from the value before the caller can change it', async () => {
    const value = { name: 'Ada', padding: long.text };
    const bytes = format({ compressFromBytes: 1 }).encode(value);
    value.name = 'changed';
    expect(await format().decode(await bytes)).toMatchObject({ name: 'Ada' });
  });

  it('measures a value before compression, and refuses bytes that stand for more', async () => {
    const small = format({ compressFromBytes: 1, maxValueBytes: 1_000 });
    expect(() => small.encode(long)).toThrow('The value takes 10011 bytes; maxValueBytes is 1000.');
    const bomb = gzipSync(Buffer.alloc(50_000_000, '1'));
    expect(bomb.byteLength).toBeLessThan(100_000);
    await expect(format().decode(bomb)).rejects.toThrow(SerializationError);
    await expect(format().decode(bomb)).rejects.toThrow('damaged gzip, or stand for more than 100000 bytes');
  });

  it('refuses damaged bytes', async () => {
    const bytes = Buffer.from(await format({ compressFromBytes: 1 }).encode(long));
    bytes.fill(0, 20, 30);
    await expect(format().decode(bytes)).rejects.toThrow(SerializationError);
    await expect(format().decode(bytes.subarray(0, 12))).rejects.toThrow(SerializationError);
  });
});

describe('a codec', () => {
  const gzipping: Codec = {
    encode: (value) => gzipSync(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(gunzipSync(bytes).toString()),
  };

  it.each([undefined, 1])(
    'whose bytes begin as gzip does gets back just these (compress from %s)',
    async (compressFromBytes) => {
      const own = format({ codec: gzipping, compressFromBytes });
      expect(await own.decode(await own.encode(long))).toEqual(long);
      expect(await own.decode(await own.encode(7))).toBe(7);
    },
  );

  it('may use one buffer for all values, and return a part of what it decodes', () => {
    const buffer = Buffer.alloc(1);
    const own = format({
      codec: { encode: (value: number) => buffer.fill(value), decode: (bytes) => bytes } as Codec<never>,
    });
    const stored = [own.encode(1), own.encode(2)] as Uint8Array[];
    expect(stored.map((bytes) => bytes[0])).toEqual([1, 2]);
    const [first] = stored as [Uint8Array];
    (own.decode(first) as Uint8Array)[0] = 9;
    expect(first[0]).toBe(1);
  });

  it('that makes nothing of the bytes has not read them', () => {
    const none: Codec = { encode: () => Buffer.of(1), decode: () => undefined };
    expect(() => format({ codec: none }).decode(Buffer.of(1))).toThrow('The stored bytes are no value of the type.');
  });

  it('must return bytes', () => {
    const bad = { encode: () => 'text', decode: () => 1 } as unknown as Codec;
    expect(() => format({ codec: bad }).encode(1)).toThrow('The codec of the type did not return a Uint8Array.');
  });

  it('loses what it loses: only JSON is watched', () => {
    expect(format({ codec: gzipping }).lossOf({ at: new Date(0) })).toBeUndefined();
  });
});

describe('losses under a schema', () => {
  const at = { at: new Date(0) };

  it('are none where a read mends them', () => {
    expect(format({ schema: z.object({ at: z.coerce.date() }) }).lossOf(at)).toBeUndefined();
    expect(format({ schema: z.object({ at: z.coerce.date() }), validate: 'fill' }).lossOf(at)).toBe(
      '$.at is a Date: it comes back as a text',
    );
  });

  it('are said where a read lets them pass', () => {
    expect(format({ schema: z.unknown() }).lossOf(at)).toBe('$.at is a Date: it comes back as a text');
  });

  it('are said with what follows where a read refuses them', () => {
    expect(format({ schema: z.object({ at: z.date() }) }).lossOf(at)).toBe(
      '$.at is a Date: it comes back as a text; the schema refuses that, so that every read is a miss',
    );
  });
});
