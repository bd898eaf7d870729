/**
 * `pnpm model [--quick] [--trace <rule>] [--markdown]`: explores every mechanism and every mutant. Exits with 1 if anything is not as the
 * rules say. `--trace` prints the shortest way to break one rule; `--markdown` prints the tables of this folder's README.
 */
import { parseArgs } from 'node:util';
import { checkProtocol, checkRule } from './check.ts';
import { mechanisms } from './mechanisms.ts';
import { inMarkdown, inWords, traceInWords } from './report.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, trace: { type: 'string' }, markdown: { type: 'boolean' } },
});
const size = values.quick ? 'quick' : 'full';
const { protocolLines, ruleLine, end } = values.markdown ? inMarkdown : inWords;

let failures = 0;
let found = 0;
for (const mechanism of mechanisms) {
  const chosen = mechanism.rules.filter(
    ({ id }) => values.trace === undefined || values.trace === id || values.trace === `${mechanism.name}/${id}`,
  );
  found += chosen.length;
  if (values.trace === undefined) {
    const check = checkProtocol(mechanism, size);
    if (!check.isAsExpected) failures += 1;
    console.log(protocolLines(mechanism, check));
  }
  for (const rule of chosen) {
    const check = checkRule(mechanism, rule, size);
    if (!check.isAsExpected) failures += 1;
    console.log(values.trace === undefined ? ruleLine(check) : traceInWords(mechanism, check));
  }
}
if (found === 0) console.log(`No rule is called ${values.trace ?? ''}.`);
console.log(end(failures));
process.exitCode = failures > 0 || found === 0 ? 1 : 0;
