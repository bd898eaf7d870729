import type { RedisClient } from '../connection/client.ts';
import type { Connection } from '../connection/connection.ts';
import { chunks, eachNode, together } from './many.ts';
import type { Script, ScriptArgument } from './script.ts';

/** A script with more keys than this would delay other commands. */
const KEYS_AT_ONCE = 1_000;

/**
 * Runs a script whose keys do not concern each other, and that answers with words: as many for each, with blanks
 * between them. One command for 1,000 keys; on a Cluster one a key, in one pipeline a node, since hardly two of them
 * share a slot.
 *
 * @param inOrder it must run before what is sent to the same server after this call
 */
export async function runOverKeys(
  connection: Connection,
  script: Script,
  keys: readonly string[],
  args: readonly ScriptArgument[],
  { inOrder = false } = {},
): Promise<readonly string[]> {
  const { client } = connection;
  const run = (to: RedisClient, some: readonly string[]) =>
    inOrder ? script.runInOrder(to, some, args) : script.run(to, some, args);
  if (!connection.isCluster) {
    const answers = await Promise.all(chunks(keys, KEYS_AT_ONCE).map((some) => run(client, some)));
    return answers.flatMap(wordsOf);
  }
  const found = new Map<string, readonly string[]>();
  await eachNode(connection, keys, async (group) => {
    const alone = async (key: string) => run(client, [key]);
    const replies = together<unknown>(client, group, script.forPipeline(args), alone);
    for (const [index, reply] of (await Promise.all(replies)).entries()) found.set(group[index] ?? '', wordsOf(reply));
  });
  return keys.flatMap((key) => found.get(key) ?? []);
}

function wordsOf(answer: unknown): string[] {
  return String(answer).split(' ');
}
