import type { HistoryEvent, StaleRead } from './history.ts';

/** The part of a history that led to a stale read, line by line, in milliseconds before and after the read began. */
export function tellStory({ read, invalidation }: StaleRead, history: readonly HistoryEvent[]): string {
  const { row, key, version } = read;
  const isPart = (event: HistoryEvent): boolean => {
    if (event.row !== row) return false;
    if (event.kind === 'invalidation') return event.version > version && event.version <= invalidation.version;
    if (event.kind === 'read') return event === read;
    return event.key === key && event.version === version && event.begin <= read.end;
  };
  const moments = history.filter(isPart).flatMap(momentsOf);
  const lines = moments
    .sort((a, b) => Number(a.at - b.at))
    .map(({ at, what }) => `${(Number(at - read.begin) / 1e6).toFixed(3).padStart(10)} ms  ${what}`);
  const claim = `Stale read of ${key}: version ${version}, though ${invalidation.version} of ${row} had been invalidated.`;
  return [claim, ...lines].join('\n');
}

function momentsOf(event: HistoryEvent): { at: bigint; what: string }[] {
  const who = `process ${event.process}`;
  if (event.kind === 'invalidation') {
    const what = `invalidation of ${event.row} for version ${event.version} by ${who}`;
    const called = { at: event.called, what: `${what}: called` };
    return event.resolved === undefined ? [called] : [called, { at: event.resolved, what: `${what}: resolved` }];
  }
  const what = `${event.kind} of ${event.key} by ${who}`;
  return [
    { at: event.begin, what: `${what}: begins` },
    { at: event.end, what: `${what}: ends with version ${event.version}` },
  ];
}
