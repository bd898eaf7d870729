const PLAIN_NAME = /^[A-Za-z_$][\w$]{0,39}$/;

/**
 * The path one step on: `$.rows[3].createdAt`. A name that no programmer would have written may be data, such as the e-mail
 * address in `{ 'ada@example.com': … }`: a path is logged, so it shows `[*]` instead.
 */
export function pathTo(path: string, name: PropertyKey): string {
  if (typeof name === 'number') return `${path}[${name}]`;
  return typeof name === 'string' && PLAIN_NAME.test(name) ? `${path}.${name}` : `${path}[*]`;
}
