/** What is wrong with the way to the server. It holds for all connections, those that are there already and new ones. */
export type Fault =
  | { readonly kind: 'none' }
  /** As a dead process: its connections are reset, and new ones refused. */
  | { readonly kind: 'refuse' }
  /** As a stopped process: connections are kept and accepted, nothing travels either way; later everything arrives after all. */
  | { readonly kind: 'freeze' }
  /** Accepts connections and requests and never answers. What was swallowed is lost: ending this fault cuts its connections. */
  | { readonly kind: 'blackhole' }
  /** Each piece arrives so much later, and pieces stay in order. */
  | { readonly kind: 'delay'; readonly requestMs?: number; readonly responseMs?: number; readonly jitterMs?: number }
  /** Answers come a few bytes at a time. */
  | { readonly kind: 'trickle'; readonly bytes: number; readonly everyMs: number }
  /** Each connection is reset after so many bytes of answers; with two numbers, after anything between them. */
  | { readonly kind: 'reset'; readonly afterBytes: number | readonly [from: number, to: number] };
