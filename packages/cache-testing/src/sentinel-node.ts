import { boot, type RedisServer } from './boot.ts';
import { LOOPBACK } from './ports.ts';
import { quoted } from './redis-config.ts';

/** The name under which the Sentinels of this package know their primary. */
export const MASTER_NAME = 'mymaster';

export interface Watch {
  readonly primary: RedisServer;
  /** How many Sentinels have to agree. */
  readonly quorum: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
}

/**
 * How often a Sentinel does what it does, in milliseconds: by itself it asks servers every 10 s, publishes every 2 s, pings
 * every second. Each may be shortened only so far, else one failover leads to the next:
 *
 * - PING is also how often it connects again. A failover cuts connections, so this has to be well below `downAfterMs`, or
 *   the new primary is taken for down at once. Yet a replica may be promoted only if it told of itself within five of
 *   these, and while the primary is down it is asked only once a second.
 * - Four of PUBLISH is how long the others wait for news of a failover before they make the new primary a replica again.
 */
const PERIODS = { INFO: 100, PING: 400, ASK: 100, PUBLISH: 500 };

/** One Sentinel: the server's binary in another mode. */
export function startSentinel(binary: string, watch: Watch): Promise<RedisServer> {
  return boot(
    { binary },
    {
      mode: ['--sentinel'],
      readyLine: 'Sentinel ID is',
      endpointAt: (port) => ({ host: LOOPBACK, port }),
      url: (port) => `redis://${LOOPBACK}:${port}`,
      files: {},
      directives: (port) => ({ port, sentinel: monitoring(watch) }),
      commands: Object.entries(PERIODS).map(([name, ms]) => ['SENTINEL', 'DEBUG', `${name}-PERIOD`, ms]),
    },
  );
}

function monitoring({ primary, quorum, downAfterMs, failoverTimeoutMs }: Watch): string[] {
  const { username, password } = primary.endpoint;
  return [
    `monitor ${MASTER_NAME} ${primary.host} ${primary.port} ${quorum}`,
    `down-after-milliseconds ${MASTER_NAME} ${downAfterMs}`,
    `failover-timeout ${MASTER_NAME} ${failoverTimeoutMs}`,
    ...(username === undefined ? [] : [`auth-user ${MASTER_NAME} ${username}`]),
    ...(password === undefined ? [] : [`auth-pass ${MASTER_NAME} ${quoted(password)}`]),
  ];
}

/** What a Sentinel thinks of the primary: the fields of `SENTINEL MASTER`. */
export interface SeenPrimary {
  readonly port: number;
  /** `master` alone when all is well; `master,s_down`, `master,o_down,failover_in_progress` and so on when not. */
  readonly flags: string;
  readonly replicas: number;
  readonly otherSentinels: number;
}

export async function primarySeenBy(sentinel: RedisServer): Promise<SeenPrimary> {
  const reply = await sentinel.cli('SENTINEL', 'MASTER', MASTER_NAME);
  const list = Array.isArray(reply) ? reply.map(String) : [];
  const field = (name: string): string | undefined => list[list.indexOf(name) + 1];
  return {
    port: Number(field('port')),
    flags: field('flags') ?? '',
    replicas: Number(field('num-slaves')),
    otherSentinels: Number(field('num-other-sentinels')),
  };
}
