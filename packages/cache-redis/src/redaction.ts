import { CacheError } from '@huntly/cache-core';

/**
 * An error of the client that may be logged, or be the `cause` of another. ioredis puts the arguments of the command
 * into its errors, so a refused `AUTH` shows the password and a refused `SET` the value; the text of a reply may quote
 * arguments too. So nothing is copied but the kind of the error, its code and the name of the command; the explanation
 * is ours.
 */
class RedactedError extends Error {
  /** For log filters: `WRONGPASS`, `OOM`, `ECONNREFUSED`, `TIMEOUT`, … */
  readonly code: string;
  readonly command: string | undefined;

  constructor(name: string, code: string, command: string | undefined, explanation: string) {
    super(`${code}${command === undefined ? '' : ` (${command})`}: ${explanation}`);
    this.name = name;
    this.code = code;
    this.command = command;
  }
}

/** What servers say first, and what it means for this cache. */
const REPLIES: Readonly<Record<string, string>> = {
  BUSY: 'the server runs a script that does not end',
  CLUSTERDOWN: 'the Cluster does not serve all its slots',
  CROSSSLOT: 'the keys of one command live on different nodes',
  ERR: 'the server refused the command',
  LOADING: 'the server is loading its data',
  MASTERDOWN: 'the replica has no link to its primary',
  MISCONF: 'the server cannot save to its disk, and is set to refuse writes then',
  MOVED: 'the key lives on another node: this is a Cluster, so use the option cluster',
  NOAUTH: 'the server asks for a password, and none is given',
  NOPERM: 'the ACL of this user does not allow the command, or one of its keys',
  NOREPLICAS: 'the server has fewer replicas than min-replicas-to-write asks for, and refuses writes then',
  NOSCRIPT: 'the server does not know the script',
  OOM: 'the memory of the server is full: give it a maxmemory-policy, allkeys-lru for a cache',
  READONLY: 'the server is a replica',
  WRONGPASS: 'the user name or the password is wrong, or the user is disabled',
  WRONGTYPE: 'the key holds something that this package did not write',
};

/** What servers say with the general code `ERR`: our code, our words. */
const ERRORS: readonly (readonly [beginning: string, code: string, explanation: string])[] = [
  ['ERR max number of clients', 'MAXCLIENTS', 'the server has as many clients as its maxclients allows'],
  ['ERR DB index is out of range', 'NO_DATABASE', 'the server has no database with this number'],
  ['ERR unknown command', 'UNKNOWN_COMMAND', 'the server does not know the command, or it is switched off there'],
];

/** What ioredis says itself: the beginning of its text, our code, our words. */
const CLIENT_ERRORS: readonly (readonly [beginning: string, code: string, explanation: string])[] = [
  ['Connection is closed', 'CLOSED', 'the connection was closed'],
  ['Command aborted due to connection close', 'CLOSED', 'the connection was closed'],
  ['Reached the max retries per request', 'CLOSED', 'the connection was closed before the answer came'],
  ["Stream isn't writeable", 'NOT_READY', 'not connected'],
  ["Cluster isn't ready", 'NOT_READY', 'not connected'],
  ['Command timed out', 'TIMEOUT', 'no answer in time'],
  ['Socket timeout', 'TIMEOUT', 'no answer in time'],
  ['timeout', 'TIMEOUT', 'no answer in time'],
  ['None of startup nodes', 'NO_NODE', 'no node of the Cluster answers'],
  ['Failed to refresh slots cache', 'NO_NODE', 'no node of the Cluster answers'],
  ['Too many Cluster redirections', 'REDIRECTED', 'the nodes of the Cluster disagree about who serves the key'],
  ['All keys in the pipeline', 'CROSSSLOT', 'the keys of one pipeline live on different nodes'],
  ['All sentinels are unreachable', 'NO_SENTINEL', 'no Sentinel answers'],
];

/**
 * A copy of an error that holds no argument of a command: no key, no value, no password. Our own errors return as they
 * are.
 */
export function redactError(error: unknown): Error {
  if (CacheError.is(error) || error instanceof RedactedError) return error;
  const { code, explanation } = diagnose(error);
  return new RedactedError(nameOf(error), code, commandOf(error), explanation);
}

/** The one word that tells what went wrong. */
export function codeOf(error: unknown): string {
  return error instanceof RedactedError ? error.code : diagnose(error).code;
}

function diagnose(error: unknown): { code: string; explanation: string } {
  if (!(error instanceof Error)) return { code: 'UNKNOWN', explanation: 'something was thrown that is no Error' };
  const lastNodeError = propertyOf(error, 'lastNodeError'); // of a Cluster: why the node that was asked last did not answer
  if (lastNodeError instanceof Error) {
    const last = diagnose(lastNodeError);
    if (last.code !== 'CLOSED') return last;
  }
  const code = propertyOf(error, 'code');
  if (typeof code === 'string' && /^[A-Z][A-Z\d_]*$/.test(code)) {
    // The text of a system call names hosts and ports; that of an argument check would quote the argument.
    const isSystemCall = typeof propertyOf(error, 'syscall') === 'string';
    return { code, explanation: isSystemCall && error.message ? error.message : 'the connection could not be made' };
  }
  const known = CLIENT_ERRORS.find(([beginning]) => error.message.startsWith(beginning));
  if (known) return { code: known[1], explanation: known[2] };
  const general = error.name === 'ReplyError' && ERRORS.find(([beginning]) => error.message.startsWith(beginning));
  if (general) return { code: general[1], explanation: general[2] };
  const reply = error.name === 'ReplyError' ? /^[A-Z][A-Z\d_]{1,30}(?=\s|$)/.exec(error.message)?.[0] : undefined;
  if (reply) return { code: reply, explanation: REPLIES[reply] ?? 'the server refused the command' };
  return { code: nameOf(error), explanation: 'its text is withheld, as it may hold a value' };
}

function nameOf(error: unknown): string {
  return error instanceof Error && /^\w{1,60}$/.test(error.name) ? error.name : 'Error';
}

function commandOf(error: unknown): string | undefined {
  const command = propertyOf(error, 'command');
  const name = propertyOf(command, 'name');
  return typeof name === 'string' && /^[a-z_|-]{1,30}$/i.test(name) ? name.toUpperCase() : undefined;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/**
 * An answer whose errors may be logged.
 * @throws the reason of `signal` as it is, if that ended it: it is the caller's own
 */
export async function redacted<T>(answer: Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal?.throwIfAborted();
    throw redactError(error);
  }
}
