export { checkProtocol, checkRule, type ProtocolCheck, type RuleCheck } from './check.ts';
export { type CounterExample, type Exploration, explore, type Model, StateLimitError, type Take } from './explore.ts';
export { type Mechanism, mechanisms, type Run, type Size } from './mechanisms.ts';
export type { Rule } from './rules/rule.ts';
