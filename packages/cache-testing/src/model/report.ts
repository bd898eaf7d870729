/** The words for what was found. */
import type { ProtocolCheck, RuleCheck } from './check.ts';
import type { CounterExample } from './explore.ts';
import type { Mechanism } from './mechanisms.ts';

interface Report {
  protocolLines(mechanism: Mechanism, check: ProtocolCheck): string;
  ruleLine(check: RuleCheck): string;
  end(failures: number): string;
}

const count = (states: number): string => states.toLocaleString('en');
const seconds = (cpuMs: number): string => `${(cpuMs / 1000).toFixed(1)} s`;
const steps = (example: CounterExample | undefined): string =>
  example === undefined ? '' : ` in ${example.trace.length} steps`;
const numbered = ({ trace, wrong }: CounterExample): string => {
  return [...trace.map((label, i) => `${String(i + 1).padStart(6)}. ${label}`), `        ⇒ ${wrong}`].join('\n');
};

export const inWords: Report = {
  protocolLines({ name }, { runs, counterExample, notShown }) {
    const lines = runs.map(({ bounds, counterExample, states, depth, cpuMs }) => {
      const result = counterExample === undefined ? 'holds   ' : 'VIOLATED';
      return `${name.padEnd(12)}${result} ${count(states).padStart(10)} states, ${depth} deep, ${seconds(cpuMs).padStart(7)}  (${bounds})`;
    });
    if (counterExample !== undefined) lines.push(numbered(counterExample));
    if (notShown.length > 0) lines.push(`  never seen: ${notShown.join(', ')}`);
    return lines.join('\n');
  },
  ruleLine({ rule, breaks, counterExample, states, cpuMs, isAsExpected }) {
    const line = `  ${isAsExpected ? '✓' : '✗'} ${rule.id.padEnd(24)} breaks ${breaks}${steps(counterExample)}`;
    const surprise = isAsExpected ? '' : `  EXPECTED ${rule.breaks}`;
    return `${line.padEnd(58)} ${count(states).padStart(9)} states, ${seconds(cpuMs).padStart(6)}${surprise}`;
  },
  end: (failures) => (failures === 0 ? 'Everything is as the rules say.' : `${failures} not as the rules say.`),
};

export function traceInWords({ name }: Mechanism, { rule, breaks, counterExample }: RuleCheck): string {
  const head = `${name}/${rule.id}\n  rule:   ${rule.sentence}\n  mutant: ${rule.mutant}\n  breaks ${breaks}${steps(counterExample)}`;
  return `${head}\n${counterExample === undefined ? `  for:    ${rule.reason ?? '?'}` : numbered(counterExample)}`;
}

export const inMarkdown: Report = {
  protocolLines({ name }, { runs }) {
    const rows = runs.map(({ bounds, counterExample, states, depth, cpuMs }) => {
      return `| ${bounds} | ${counterExample === undefined ? 'holds' : '**violated**'} | ${count(states)} | ${depth} | ${seconds(cpuMs)} |`;
    });
    const head = `\n### ${name}\n\n| bounds | result | states | depth | processor time |\n|---|---|--:|--:|--:|`;
    return [
      head,
      ...rows,
      '\n| rule | what it says | mutant | breaks | steps | a shortest run, or what the rule is for |\n|---|---|---|---|--:|---|',
    ].join('\n');
  },
  ruleLine({ rule, breaks, counterExample }) {
    const { trace = [], wrong } = counterExample ?? {};
    const run = wrong === undefined ? (rule.reason ?? '') : [...trace, `**${wrong}**`].join(' · ');
    return `| \`${rule.id}\` | ${rule.sentence} | ${rule.mutant} | ${breaks} | ${wrong === undefined ? '–' : trace.length} | ${run} |`;
  },
  end: () => '',
};
