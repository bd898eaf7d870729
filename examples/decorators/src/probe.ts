/** The protocol that the compiler of a decorated class speaks: a decorator that only looks at its second argument. */
export let protocolOfProbe: 'standard' | 'legacy' | undefined;

export function probe(_target: unknown, second: unknown, _descriptor?: unknown): void {
  protocolOfProbe = typeof second === 'object' && second !== null && 'kind' in second ? 'standard' : 'legacy';
}
