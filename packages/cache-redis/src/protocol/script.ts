import { createHash } from 'node:crypto';
import type { RedisClient, RedisPipeline } from '../connection/client.ts';

export type ScriptArgument = string | number | Buffer;

interface ScriptOptions {
  /** Commands that the script can do without: a refusal of these is handled in it. */
  readonly optional?: readonly string[];
  /** Commands that later steps need, besides those of the script. */
  readonly andLater?: readonly string[];
}

/**
 * One atomic step of the protocol: plain Lua 5.1, all keys declared. Sent as a digest; a server that does not know it
 * yet has not run it, so sending the text then is the first run, not a second one.
 *
 * A script runs whole or not at all. Redis stops a script at the first command that the user has no right to, and keeps
 * what was done before; so each script begins with a look at the rights to all of its commands. (It refuses for other
 * reasons, such as a lack of memory, before the first write only.)
 */
export class Script {
  /** What it takes to run it. */
  readonly commands: readonly string[];
  readonly #lua: string;
  readonly #digest: string;

  constructor(lua: string, { optional = [], andLater = [] }: ScriptOptions = {}) {
    const found = [...lua.matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(([, command = '']) => command);
    this.commands = [...new Set([...found, ...andLater])].filter((command) => !optional.includes(command)).sort();
    this.#lua = `${rightsCheck(this.commands)}${lua}`;
    this.#digest = createHash('sha1').update(this.#lua).digest('hex');
  }

  async run(client: RedisClient, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    try {
      return await client.evalsha(this.#digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isUnknown(error)) throw error;
      return this.runInOrder(client, keys, args);
    }
  }

  /**
   * Sent as text. For a step that must run before what is sent after it: a digest that the server does not know would
   * run later, once it was answered and the text was sent.
   */
  runInOrder(client: RedisClient, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return client.eval(this.#lua, keys.length, ...keys, ...args);
  }

  /**
   * Adds the script to a pipeline for one key after the other: the first one as text, so that the node knows the digest
   * of the others.
   */
  forPipeline(args: readonly ScriptArgument[]): (pipeline: RedisPipeline, key: string) => unknown {
    let isKnown = false;
    return (pipeline, key) => {
      if (isKnown) return pipeline.evalsha(this.#digest, 1, key, ...args);
      isKnown = true;
      return pipeline.eval(this.#lua, 1, key, ...args);
    };
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

/**
 * Rights to keys need no look: the server compares all keys of a script with them before it runs. ioredis-mock knows no
 * rights.
 */
function rightsCheck(commands: readonly string[]): string {
  return `
if redis.acl_check_cmd then
  for _, command in ipairs({${commands.map((command) => `'${command}'`).join(', ')}}) do
    local allowed
    if command == 'EVAL' then
      allowed = redis.acl_check_cmd(command, '', '1', KEYS[1])
    else
      allowed = redis.acl_check_cmd(command, KEYS[1])
    end
    if not allowed then
      return redis.error_reply("NOPERM this user has no permissions to run the '" .. string.lower(command) .. "' command")
    end
  end
end
`;
}
