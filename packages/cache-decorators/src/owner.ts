import { type Call, callsOf } from './wrapper.ts';

/**
 * What holds a method that was decorated by the standard protocol, which does not tell: the prototype, or the class
 * itself for a static one. Of several methods of one name (overridden ones) it is the one whose wrapper runs `call`; if
 * another library's decorator covers that, and there are several, the result is `undefined`.
 */
export function ownerOf(self: object, name: string | symbol, call: Call): object | undefined {
  const holders: object[] = [];
  for (let at: object | null = self; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const value: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
    if (value === undefined) continue;
    if (callsOf(value).includes(call)) return at;
    if (typeof self === 'function' || at !== self) holders.push(at); // on an instance itself: a test's spy
  }
  return holders.length === 1 ? holders[0] : undefined;
}

/** The name of the class of a prototype, or of a class. Empty for one without a name. */
export function classNameOf(owner: object): string {
  const made: unknown =
    typeof owner === 'function' ? owner : Object.getOwnPropertyDescriptor(owner, 'constructor')?.value;
  return typeof made === 'function' && typeof made.name === 'string' ? made.name : '';
}
