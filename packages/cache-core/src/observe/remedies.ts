/**
 * What a code of a store means for the cache, and what ends it. The codes are those that Redis answers with, and ours.
 */
const REMEDIES: Readonly<Record<string, readonly [meaning: string, remedy: string]>> = {
  CLUSTERDOWN: [
    'the Cluster does not serve all its slots',
    'It recovers once every slot has a primary. Set cluster-require-full-coverage no, so that the other slots go on.',
  ],
  CROSSSLOT: ['keys of one command live on different nodes', 'Use the option cluster.'],
  LOADING: [
    'the server loads its data',
    'It recovers by itself. A cache needs no persistence: save "" and appendonly no.',
  ],
  MASTERDOWN: [
    'the server is a replica that has lost its primary',
    'Connect to the primary: through the option sentinels or cluster, or with the url of the primary.',
  ],
  MAXCLIENTS: [
    'the server has as many clients as it may',
    'Raise its maxclients, close connections that are not used, or lower maxConnections.',
  ],
  MISCONF: [
    'the server cannot save its data, and refuses writes for that',
    'Free its disk, or switch saving off: save "" and stop-writes-on-bgsave-error no.',
  ],
  MOVED: ['the server is one node of a Cluster', 'Use the option cluster instead of url.'],
  NOAUTH: ['the server asks for a password', 'Give username and password, in the options or in the url.'],
  NOPERM: [
    'the user lacks the right to a command, a key or a channel',
    'Give the rights that the documentation lists, for all keys of the namespace.',
  ],
  NODES_UNREACHABLE: [
    'the Cluster names its nodes by addresses that cannot be reached from here, as behind a NAT',
    'Set cluster-announce-ip and cluster-announce-port on each node, or give a client of ioredis with natMap.',
  ],
  NO_DATABASE: ['the server has no database with this number', 'Use database 0, or raise the directive databases.'],
  NOREPLICAS: [
    'the server has fewer replicas than it must have, and refuses writes for that',
    'Bring its replicas back, or lower min-replicas-to-write.',
  ],
  NO_NODE: ['no node of the Cluster answers', 'Start the nodes, or mend their addresses in the option cluster.'],
  NO_SENTINEL: ['no Sentinel answers', 'Start the Sentinels, or mend their addresses, or the name of the primary.'],
  OOM: [
    'the memory of the server is full, and it may not evict',
    'Set maxmemory-policy allkeys-lru, or give the server more memory.',
  ],
  READONLY: [
    'the server is a replica',
    'Connect to the primary: through the option sentinels or cluster, or with the url of the primary.',
  ],
  REDIRECTED: ['the nodes of the Cluster disagree about who serves a key', 'It recovers once they agree.'],
  TIMEOUT: ['the server does not answer', 'Look whether it is frozen, overloaded, or blocked by a slow command.'],
  UNKNOWN_COMMAND: [
    'the server does not know a command that the cache needs, or it is switched off there',
    'Allow EVAL and EVALSHA, and use Redis 7.0 or later, or Valkey.',
  ],
  WRONGPASS: ['the user name or the password is wrong, or the user is disabled', 'Mend username and password.'],
  ECONNREFUSED: ['nothing listens where the server should be', 'Start the server, or mend its host and port.'],
  ENOTFOUND: ['the host of the server has no address', 'Mend the host, or its DNS.'],
  'it is not connected yet': ['it is not connected yet', 'It connects by itself.'],
  closed: ['the store was closed', 'Use it no longer, or create a new one.'],
};

const GENERAL: readonly [string, string] = [
  'it cannot be reached',
  'Look at the server and the network. Connecting goes on by itself.',
];

/** Never quotes what it does not know: a text from outside may name a host or a key. */
export function remedyFor(code: string): { readonly meaning: string; readonly remedy: string } {
  const name = code.replace(/: .*/, ''); // a reason may go on after its code
  const [meaning, remedy] = Object.hasOwn(REMEDIES, name) ? (REMEDIES[name] ?? GENERAL) : GENERAL;
  return { meaning, remedy };
}
