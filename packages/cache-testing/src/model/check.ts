/** Does each mechanism hold, and does each mutant break what its rule says? */
import type { CounterExample } from './explore.ts';
import type { Mechanism, Run, Size } from './mechanisms.ts';
import type { Rule } from './rules/rule.ts';

export interface ProtocolCheck {
  readonly runs: readonly Run[];
  readonly counterExample: CounterExample | undefined;
  /** What the protocol should have been seen to do, and was not. */
  readonly notShown: readonly string[];
  readonly isAsExpected: boolean;
}

export interface RuleCheck {
  readonly rule: Rule;
  readonly breaks: Rule['breaks'];
  /** A shortest way to break it, within the first bounds that allow one. */
  readonly counterExample: CounterExample | undefined;
  readonly states: number;
  readonly cpuMs: number;
  readonly isAsExpected: boolean;
}

export function checkProtocol(mechanism: Mechanism, size: Exclude<Size, 'quiet'>): ProtocolCheck {
  const runs = [...mechanism.run(size), ...mechanism.run('quiet')];
  const labels = runs.flatMap((run) => [...run.labels]);
  const notShown = mechanism.shows.filter((words) => !labels.some((label) => label.includes(words)));
  const counterExample = runs.find((run) => run.counterExample !== undefined)?.counterExample;
  return { runs, counterExample, notShown, isAsExpected: counterExample === undefined && notShown.length === 0 };
}

export function checkRule(mechanism: Mechanism, rule: Rule, size: Exclude<Size, 'quiet'>): RuleCheck {
  const runs: Run[] = [];
  for (const bounds of boundsFor(rule, size)) {
    for (const run of mechanism.run(bounds, rule)) {
      runs.push(run);
      if (run.counterExample !== undefined) return verdict(rule, bounds === 'quiet' ? 'P3' : mechanism.promise, runs);
    }
  }
  return verdict(rule, 'nothing', runs);
}

/** Small bounds first: what breaks there is also shortest there. Only who is said to be harmless has to show it in full. */
function boundsFor({ breaks }: Rule, size: Exclude<Size, 'quiet'>): readonly Size[] {
  if (breaks === 'nothing') return [size, 'quiet'];
  if (breaks === 'P3' || size === 'quick') return ['quick', 'quiet'];
  return ['quick', 'full', 'quiet'];
}

function verdict(rule: Rule, breaks: Rule['breaks'], runs: readonly Run[]): RuleCheck {
  return {
    rule,
    breaks,
    counterExample: runs.at(-1)?.counterExample,
    states: runs.reduce((sum, { states }) => sum + states, 0),
    cpuMs: runs.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    isAsExpected: breaks === rule.breaks,
  };
}
