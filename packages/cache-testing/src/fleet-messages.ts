/** What a member can be asked to do, by name: each command takes one argument or none. */
export type CommandsOf<C> = Record<keyof C, (argument: never) => unknown>;

/** From the fleet to a member. */
export interface Question {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

/** From a member to its fleet. */
export type Message =
  | { readonly kind: 'ready' }
  | { readonly kind: 'events'; readonly events: readonly unknown[] }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: Error };
