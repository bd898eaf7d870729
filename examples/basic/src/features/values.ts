import { cacheType } from '@huntly/cache-core';
import { z } from 'zod';
import { type Print, setting } from '../setting.ts';

/** A schema types the values, restores what JSON loses, and refuses what does not fit any more. */
export async function schema(print: Print): Promise<void> {
  const Lead = z.object({ name: z.string(), since: z.coerce.date() });
  const { leads } = setting(cacheType({ ttl: '2h', schema: Lead }));
  await leads.set(42, { name: 'Ada', since: new Date('1843-07-10') });
  print(`since ${(await leads.get(42))?.since.getUTCFullYear()}`);
}

/** Two functions put values into another form. */
export async function codec(print: Print): Promise<void> {
  const { leads } = setting<Set<string>>({
    ttl: '2h',
    codec: {
      encode: (names) => new TextEncoder().encode([...names].join('\n')),
      decode: (bytes) => new Set(new TextDecoder().decode(bytes).split('\n')),
    },
  });
  await leads.set(42, new Set(['Ada', 'Bob']));
  print(`still a Set of ${(await leads.get(42))?.size}`);
}
