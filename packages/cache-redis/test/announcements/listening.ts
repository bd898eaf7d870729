import { type Announcement, type Channel, type Scope, systemClock } from '@huntly/cache-core';
import { RedisChannel } from '../../src/announcements.ts';
import type { Connection } from '../../src/connection/connection.ts';

export const HEARTBEAT_MS = 200;
export const scopes: readonly Scope[] = [
  { namespace: 'shop', type: 'lead' },
  { namespace: 'shop', type: 'search' },
];

/** A channel, and what it has said so far. The test's own time limit ends every wait. */
export interface Listening {
  readonly channel: Channel;
  readonly heard: Announcement[];
  /** Resolves at the first announcement, from now on or not taken yet, that fits; it and all before it are taken. */
  next(fits: (announcement: Announcement) => boolean): Promise<Announcement>;
  /** What was said since the last one taken. */
  rest(): Announcement[];
}

export function listen(connection: Connection): Listening {
  const heard: Announcement[] = [];
  let taken = 0;
  let onNews = () => {};
  const hear = (announcement: Announcement): void => {
    heard.push(announcement);
    onNews();
  };
  const channel = new RedisChannel(connection, scopes, hear, { clock: systemClock, random: Math.random });
  return {
    channel,
    heard,
    async next(fits) {
      for (;;) {
        const index = heard.findIndex((each, at) => at >= taken && fits(each));
        const found = heard[index];
        if (found) {
          taken = index + 1;
          return found;
        }
        await new Promise<void>((resolve) => {
          onNews = resolve;
        });
      }
    },
    rest() {
      const rest = heard.slice(taken);
      taken = heard.length;
      return rest;
    },
  };
}

export const isUp = ({ kind }: Announcement): boolean => kind === 'up';
export const isDown = ({ kind }: Announcement): boolean => kind === 'down';
export const isOf =
  (name: string) =>
  (announcement: Announcement): boolean =>
    (announcement.kind === 'keys' && announcement.keys.includes(name)) ||
    (announcement.kind === 'tags' && announcement.tags.includes(name));
