import type { RedisServer } from './boot.ts';

export interface Replication {
  readonly role: string;
  /** A replica that has its primary's data and hears from it; a primary has nobody to be linked to, and always is. */
  readonly isLinked: boolean;
}

/** What a server says of itself, in `INFO replication`. */
export async function replicationOf(server: RedisServer): Promise<Replication> {
  const info = String(await server.cli('INFO', 'replication'));
  const role = /^role:(\w+)/m.exec(info)?.[1] ?? 'unknown';
  return { role, isLinked: role === 'master' || info.includes('master_link_status:up') };
}
