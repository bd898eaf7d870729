import { didYouMean } from '@huntly/cache-core';
import type { HostAndPort } from './options.ts';
import { DEFAULT_PORT } from './url.ts';

/** Adds a problem that quotes the number, and only a number: anything else may be a secret in the wrong place. */
export function wholeNumber(
  field: string,
  value: unknown,
  { from, to }: { from: number; to: number },
  problems: string[],
): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return;
  problems.push(`${field} must be a whole number from ${from} to ${to}, got ${shown(value)}.`);
}

function shown(value: unknown): string {
  if (typeof value === 'number' || value === null) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A misspelt option would be ignored in silence. */
export function unknownNames(options: object, known: readonly string[], problems: string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    problems.push(`${name} is no option here; they are ${known.join(', ')}${didYouMean([name], known) || '.'}`);
  }
}

/** Reads `host:port`, `[::1]:port`, `host` or the parts. */
export function nodeAddresses(
  field: string,
  nodes: readonly (string | HostAndPort)[] | undefined,
  problems: string[],
): HostAndPort[] {
  if (!Array.isArray(nodes) || nodes.length === 0) {
    problems.push(`${field} must list at least one node as host:port.`);
    return [];
  }
  return nodes.flatMap((node: string | HostAndPort, index) => {
    const address = typeof node === 'string' ? parseAddress(node) : checkAddress(node);
    if (!address) problems.push(`${field}[${index}] must be host:port, with a port from 1 to 65535 and nothing else.`);
    return address ?? [];
  });
}

function parseAddress(text: string): HostAndPort | undefined {
  const found = /^(?:\[([\da-f:.]+)\]|([^\s:/?#@[\]]+))(?::(\d{1,5}))?$/i.exec(text.trim());
  const host = found?.[1] ?? found?.[2];
  return host === undefined ? undefined : checkAddress({ host, port: Number(found?.[3] ?? DEFAULT_PORT) });
}

function checkAddress(node: Partial<HostAndPort> | null): HostAndPort | undefined {
  const { host, port } = node ?? {};
  if (typeof host !== 'string' || host === '' || typeof port !== 'number') return undefined;
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}
