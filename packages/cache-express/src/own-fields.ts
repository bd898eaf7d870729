import type { ServerResponse } from 'node:http';
import { appendTo } from './headers.ts';

type Value = ReturnType<ServerResponse['getHeader']>;

/** The fields that this cache set on a response. It takes them back where the response turns out to be another. */
export class OwnFields {
  readonly #res: ServerResponse;
  #set: { readonly name: string; readonly before: Value; readonly own: Value }[] = [];

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  set(name: string, value: string): void {
    this.#remember(name, () => this.#res.setHeader(name, value));
  }

  append(name: string, members: readonly string[]): void {
    this.#remember(name, () => appendTo(this.#res, name, members));
  }

  /** Leaves what a hook has put there meanwhile. */
  takeBack(): void {
    for (const { name, before, own } of this.#set.reverse()) {
      if (this.#res.getHeader(name) !== own) continue;
      if (before === undefined) this.#res.removeHeader(name);
      else this.#res.setHeader(name, before);
    }
    this.#set = [];
  }

  #remember(name: string, set: () => void): void {
    const before = this.#res.getHeader(name);
    set();
    this.#set.push({ name, before, own: this.#res.getHeader(name) });
  }
}
