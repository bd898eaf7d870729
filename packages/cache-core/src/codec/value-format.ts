import { atOnce } from '../at-once.ts';
import { SerializationError } from '../errors.ts';
import { compressed, decompressed, isGzip } from './compression.ts';
import { decodeJson, encodeJson } from './json.ts';
import { changedByJson, type JsonLoss } from './json-losses.ts';
import { LossWatch } from './loss-watch.ts';
import { fitted, type Schema } from './schema.ts';

/**
 * Another form of values than JSON.
 * @example
 * const rich: Codec = {
 *   encode: (value) => Buffer.from(superjson.stringify(value)),
 *   decode: (bytes) => superjson.parse(Buffer.from(bytes).toString()),
 * };
 */
export interface Codec<in V = unknown> {
  readonly encode: (value: V) => Uint8Array;
  /** Gives what `encode` was given: what it returns is taken for a `V`. Whatever it throws makes the read a miss. */
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Names the form. Two codecs with the same format count as one, also across copies of a package. @default none */
  readonly format?: string | undefined;
}

/** When values are checked against their schema. */
export type Validate = 'fill' | 'read' | 'both' | 'off';

export interface ValueFormatParts {
  /** `undefined`: JSON. */
  readonly codec: Codec<never> | undefined;
  readonly schema: Schema | undefined;
  readonly validate: Validate;
  /** `undefined`: never compressed. What is compressed is always read. */
  readonly compressFromBytes: number | undefined;
  /** Of the encoded value before compression. */
  readonly maxValueBytes: number;
}

/** How the values of one type become bytes and values again: schema, codec and compression as one step each way. */
export class ValueFormat {
  readonly #codec: Codec<never> | undefined;
  readonly #fillSchema: Schema | undefined;
  readonly #readSchema: Schema | undefined;
  readonly #compressFromBytes: number;
  readonly #maxValueBytes: number;
  readonly #lossWatch: LossWatch | undefined;

  constructor({ codec, schema, validate, compressFromBytes, maxValueBytes }: ValueFormatParts) {
    this.#codec = codec;
    this.#fillSchema = validate === 'fill' || validate === 'both' ? schema : undefined;
    this.#readSchema = validate === 'read' || validate === 'both' ? schema : undefined;
    this.#compressFromBytes = compressFromBytes ?? Number.POSITIVE_INFINITY;
    this.#maxValueBytes = maxValueBytes;
    this.#lossWatch = codec ? undefined : new LossWatch((value, loss) => this.#remarkOn(value, loss));
  }

  /** Does a codec make and read the same bytes as that of this type? */
  isOf(codec: Codec<never> | undefined): boolean {
    return codec === this.#codec || (codec?.format !== undefined && codec.format === this.#codec?.format);
  }

  /**
   * The bytes to be stored. What they hold is taken from the value before this returns, so that its owner may go on
   * with it; a promise only if they are compressed or the schema is asynchronous.
   * @throws SerializationError, ValueRejectedError, or what the codec throws; or the promise rejects with one of them.
   */
  encode(value: unknown): Uint8Array | Promise<Uint8Array> {
    const bytes = this.#toBytes(value);
    if (bytes.byteLength > this.#maxValueBytes) {
      throw new SerializationError(
        `The value takes ${bytes.byteLength} bytes; maxValueBytes is ${this.#maxValueBytes}.`,
      );
    }
    // What the schema returns is not stored: a read applies it again, and twice may be another thing than once.
    const output = this.#fillSchema && fitted(this.#fillSchema, value);
    return output instanceof Promise ? output.then(() => this.#packed(bytes)) : this.#packed(bytes);
  }

  /**
   * @throws Whatever is wrong with the bytes or with the value in them: it is a miss. Or the promise rejects with it.
   */
  decode(bytes: Uint8Array): unknown {
    if (!isGzip(bytes)) return this.#toValue(bytes);
    return decompressed(bytes, this.#maxValueBytes).then((plain) => this.#toValue(plain));
  }

  /** What a reader will not get back of the value, as a sentence; `undefined` if nothing, or if it was said before. */
  lossOf(value: unknown): string | undefined {
    return this.#lossWatch?.look(value);
  }

  #toBytes(value: unknown): Uint8Array {
    if (!this.#codec) return encodeJson(value);
    const bytes = atOnce('codec.encode', this.#codec.encode(value as never));
    if (bytes instanceof Uint8Array) return Buffer.from(bytes); // the codec may use its buffer again
    throw new SerializationError('The codec of the type did not return a Uint8Array.');
  }

  #toValue(bytes: Uint8Array): unknown {
    // A copy: a codec may return parts of what it is given, and the bytes are the store's.
    const value = this.#codec ? this.#codec.decode(Buffer.from(bytes)) : decodeJson(bytes);
    const output = this.#readSchema ? fitted(this.#readSchema, value) : value;
    return output instanceof Promise ? output.then(defined) : defined(output);
  }

  /**
   * Bytes that begin as gzip does are always ours: whatever a codec makes that begins so is compressed once more, so no
   * mark is needed that would stand before every other value.
   */
  #packed(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const isAmbiguous = isGzip(bytes);
    if (!isAmbiguous && bytes.byteLength < this.#compressFromBytes) return bytes;
    return compressed(bytes).then((packed) => (isAmbiguous || packed.byteLength < bytes.byteLength ? packed : bytes));
  }

  /**
   * A schema such as `z.coerce.date()` makes of the text the Date that it was; one that refuses the text never has a
   * hit.
   */
  #remarkOn(value: unknown, loss: JsonLoss): string | undefined {
    if (!this.#readSchema) return '';
    try {
      const output = fitted(this.#readSchema, decodeJson(encodeJson(value)));
      if (output instanceof Promise) {
        output.catch(() => {}); // not awaited: a value of an asynchronous schema counts as valid here
        return undefined;
      }
      const again = changedByJson(output);
      return again?.path === loss.path && again.what === loss.what ? undefined : '';
    } catch {
      return '; the schema refuses that, so that every read is a miss';
    }
  }
}

/**
 * `undefined` is never stored: a codec that makes it of other bytes than its own, as superjson does, has read nothing.
 */
function defined(value: unknown): unknown {
  if (value !== undefined) return value;
  throw new SerializationError('The stored bytes are no value of the type.');
}
