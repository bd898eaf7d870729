import { version, writerName } from './actors.ts';
import type { Take } from './explore.ts';
import { NO_LEASE, run, type State, type Writer, write } from './joiners-state.ts';
import type { RuleOf } from './rules.ts';
import { ABSENT } from './tag-read.ts';

type Broken = RuleOf<'joiners'> | undefined;

/** An invalidation, and what it does in the process that calls it: generations, and distrust while it cannot be applied. */
export function writerSteps(state: State, i: number, me: Writer, broken: Broken, take: Take<State>): void {
  const name = writerName(i);
  const command = me.target === 'tag' ? 'deletes the nonce' : 'deletes value and lease';
  const deleted: State =
    me.target === 'tag' ? { ...state, nonce: ABSENT } : { ...state, value: undefined, lease: NO_LEASE };
  const floor = Math.max(state.floor, me.version);
  switch (me.at) {
    case 'idle': {
      const called = bump({ ...state, source: state.source + 1 }, me.process, broken, 'bump-at-start');
      const commits = `${name}: commits ${version(called.source)}, calls invalidate`;
      take(`${commits} (tag)`, write(called, i, { at: 'called', target: 'tag', version: called.source }));
      return take(`${commits} (key)`, write(called, i, { at: 'called', target: 'key', version: called.source }));
    }
    case 'called': {
      take(`${name}: ${command}`, write(deleted, i, { at: 'ran' }));
      const own = Math.max(state.processes[me.process]?.floor ?? 0, me.version);
      const unapplied = bump(
        run(state, me.process, { distrusts: true, floor: own }),
        me.process,
        broken,
        'bump-at-end',
      );
      return take(`${name}: no answer: invalidate resolves as not applied`, write(unapplied, i, { at: 'unapplied' }));
    }
    case 'ran': {
      const applied = bump({ ...state, floor }, me.process, broken, 'bump-at-end');
      return take(`${name}: invalidate resolves as applied`, write(applied, i, OUT));
    }
    case 'unapplied': {
      const distrusts = state.writers.some(
        ({ at, process }, j) => j !== i && at === 'unapplied' && process === me.process,
      );
      return take(
        `${name}: replayed: ${command}`,
        write(run({ ...deleted, floor }, me.process, { distrusts }), i, OUT),
      );
    }
    case 'out':
      return;
  }
}

const OUT = { at: 'out', target: 'tag', version: 0 } as const;

/** A new generation: the flights of this process are of an older one from now on. */
function bump(state: State, process: number, broken: Broken, when: 'bump-at-start' | 'bump-at-end'): State {
  if (broken === when || broken === 'older-not-joined') return state;
  const age = (flight: State['flights'][number]): State['flights'][number] => {
    return flight.process === process && flight.stage !== 'none' ? { ...flight, isOlder: true } : flight;
  };
  return { ...state, flights: state.flights.map(age) };
}
