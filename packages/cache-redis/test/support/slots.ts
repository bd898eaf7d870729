import type { RedisCluster, RedisServer } from '@huntly/cache-testing';

/** A slot on its way from one primary to another, as `redis-cli --cluster reshard` moves it. */
export class SlotMove {
  readonly slot: number;
  readonly from: RedisServer;
  readonly to: RedisServer;

  private constructor(slot: number, from: RedisServer, to: RedisServer) {
    this.slot = slot;
    this.from = from;
    this.to = to;
  }

  /** Both sides are told; nothing has moved yet. */
  static async begin(slot: number, from: RedisServer, to: RedisServer): Promise<SlotMove> {
    await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from));
    await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to));
    return new SlotMove(slot, from, to);
  }

  async moveKeys(): Promise<void> {
    const { username = 'default', password } = this.to.endpoint;
    const login = password === undefined ? [] : ['AUTH2', username, password];
    for (;;) {
      const keys = (await this.from.cli('CLUSTER', 'GETKEYSINSLOT', this.slot, 100)) as string[];
      if (keys.length === 0) return;
      await this.from.cli('MIGRATE', this.to.host, this.to.port, '', 0, 5_000, ...login, 'KEYS', ...keys);
    }
  }

  /** The new owner is told first, so that the slot is never without one. */
  async end(): Promise<void> {
    const id = await idOf(this.to);
    await this.to.cli('CLUSTER', 'SETSLOT', this.slot, 'NODE', id);
    await this.from.cli('CLUSTER', 'SETSLOT', this.slot, 'NODE', id);
  }

  /** The slot stays where it was. Only for a move of which no key has gone. */
  async cancel(): Promise<void> {
    for (const server of [this.from, this.to]) await server.cli('CLUSTER', 'SETSLOT', this.slot, 'STABLE');
  }
}

/** From beginning to end. */
export async function moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
  const move = await SlotMove.begin(slot, from, to);
  await move.moveKeys();
  await move.end();
}

export async function slotOf(cluster: RedisCluster, key: string): Promise<number> {
  return Number(await cluster.nodes[0]?.cli('CLUSTER', 'KEYSLOT', key));
}

async function idOf(server: RedisServer): Promise<string> {
  return String(await server.cli('CLUSTER', 'MYID'));
}
