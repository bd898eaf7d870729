/** Of all keys in a Redis that others use too. */
export const NAMESPACE = 'lead-search';

/** @throws Error that names the variable */
export function portFrom(text: string | undefined): number {
  if (text === undefined || text === '') return 3000;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port >= 0 && port <= 65_535)) throw new Error(`PORT must be a number from 0 to 65535; got "${text}".`);
  return port;
}
