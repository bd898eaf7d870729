import type { Logger } from '../observe/logger.ts';
import { freeze, type Parts, partsOf } from './parts.ts';

/** As in `LocalOptions`. */
export type Share = 'freeze' | 'clone' | 'trust';

/** All callers get the same value; each gets a clone; or there is no way to give it to several. */
export type Verdict = 'same' | 'clone' | 'none';

/** How the callers of a copy are kept from changing each other's value (P6). `docs/local-copies.md` has the table. */
export class Sharing {
  readonly #share: Share;
  readonly #logger: Pick<Logger, 'warn'> | undefined;
  /** Types of which it was said. As many as there are types. */
  readonly #said = new Set<string>();

  /** @param logger Where it is said, once a type, that its values cannot be shared as they should be. */
  constructor(share: Share = 'freeze', logger?: Pick<Logger, 'warn'>) {
    this.#share = share;
    this.#logger = logger;
  }

  /** Freezes the value, if that is how it is shared. Whoever has it by now gets it frozen as well. */
  prepare(type: string, value: unknown): Verdict {
    if (this.#share === 'trust') return 'same';
    const parts = partsIn(value);
    const { unfreezable, uncloneable } = parts;
    if (unfreezable === undefined && this.#share === 'freeze') freeze(parts);
    else if (uncloneable !== undefined) {
      this.#say(type, uncloneable, 'values of this type have no local copies: they can be neither frozen nor cloned');
      return 'none';
    } else if (unfreezable !== undefined && this.#share === 'freeze') {
      this.#say(
        type,
        unfreezable,
        'each reader of a local copy of this type gets a clone: freezing does not protect it',
      );
      return 'clone';
    }
    return this.#share === 'clone' && parts.objects.size > 0 ? 'clone' : 'same';
  }

  #say(type: string, holds: string, message: string): void {
    if (this.#said.has(type)) return;
    this.#said.add(type);
    this.#logger?.warn({ type, holds }, message);
  }
}

/** Never throws: what a getter of a value throws is no trouble of the store. */
function partsIn(value: unknown): Parts {
  try {
    return partsOf(value);
  } catch {
    const what = 'a getter that throws';
    return { objects: new Set(), unfreezable: what, uncloneable: what };
  }
}
