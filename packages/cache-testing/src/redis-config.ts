import { LOOPBACK } from './ports.ts';

/**
 * Lines of a `redis.conf`: a directive's name and the rest of its line, quoted as Redis wants it. A list repeats the
 * directive, `undefined` leaves it out.
 *
 * @example
 * { maxmemory: '10mb', 'maxmemory-policy': 'allkeys-lru', 'rename-command': ['KEYS ""', 'FLUSHALL ""'] }
 */
export type Directives = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** What every server of this package runs with, Sentinels too. */
export function commonDirectives(folder: string): Directives {
  return {
    bind: LOOPBACK,
    dir: quoted(folder),
    pidfile: 'redis.pid', // the register reads it
    'set-proc-title': 'no', // else the folder would vanish from the command line, by which the register knows its own
  };
}

/** What a server for data runs with. */
export const DATA_SERVER: Directives = {
  save: '""',
  appendonly: 'no',
  // With diskless synchronization, a replica says that its link is up as much as a second before the primary begins to
  // stream to it, and a failover in that second loses every write.
  'repl-diskless-sync': 'no',
};

/** The text of a `redis.conf`. */
export function renderConfig(directives: Directives): string {
  const lines = Object.entries(directives).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const values = typeof value === 'object' ? value : [value];
    return values.map((rest) => `${name} ${rest}\n`);
  });
  return lines.join('');
}

/** A value that may contain blanks or quotes. */
export function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}
