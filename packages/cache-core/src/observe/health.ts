import type { Clock } from '../clock.ts';
import { CacheConfigError, kindOf } from '../errors.ts';
import { didYouMean } from '../option-names.ts';
import type { Store, StoreReport, StoreStatus } from '../store/store.ts';
import {
  type ChannelHealth,
  DEFAULT_LIMITS,
  type Finding,
  findingsOfChannel,
  findingsOfGuard,
  findingsOfReport,
  findingsOfStatus,
  type GuardHealth,
  type HealthLimits,
  slow,
  unanswered,
} from './findings.ts';

export interface CacheHealth {
  /**
   * `warn`: there are findings; requests are answered all the same, if need be from the source. `fail`: the store
   * cannot be used, and was said to be `required`; a cache alone is never a reason to fail.
   */
  readonly status: 'pass' | 'warn' | 'fail';
  readonly store: StoreStatus;
  /** How long the store took to answer; `undefined` if it did not. */
  readonly latencyMs: number | undefined;
  /** What is not as it should be, the worst first; each with its remedy. */
  readonly findings: readonly Finding[];
  readonly report: StoreReport | undefined;
  /** Breaker and journal; `undefined` without a guard. */
  readonly guard: GuardHealth | undefined;
  /**
   * The announcements that copies in this process follow. `alone`: there are none, so that copies live for a second.
   */
  readonly channel: ChannelHealth;
}

export interface HealthOptions {
  /** A store that cannot be used makes the status `fail`. @default false */
  readonly required?: boolean | undefined;
  /** How long to wait for the store: from 1 to 3,600,000 ms. @default 250 */
  readonly timeoutMs?: number | undefined;
  readonly limits?: Partial<HealthLimits> | undefined;
}

/** What stands around the store, as far as there is such a thing. */
export interface Surroundings {
  readonly guard?: GuardHealth | undefined;
  readonly channel?: ChannelHealth;
}

/**
 * Rejects with a CacheConfigError for options that cannot work and else never, and never takes longer than its time
 * limit. The surroundings are asked when the store has answered or not: together with its status they must be of one
 * moment.
 */
export async function checkHealth(
  store: Store,
  clock: Clock,
  surroundings: () => Surroundings = () => ({}),
  options: HealthOptions = {},
): Promise<CacheHealth> {
  const { required, timeoutMs = 250 } = checked(options);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const askedAt = clock.now();
  const answer = await within(clock, timeoutMs, () => store.report({ budgetMs: timeoutMs }));
  const elapsedMs = Math.round((clock.now() - askedAt) * 100) / 100;
  const status = store.status();
  const { guard, channel = 'off' } = surroundings();
  const findings = [...findingsOfStatus(status), ...findingsOfGuard(guard), ...findingsOfChannel(channel, status)];
  const seen = { store: status, guard, channel, findings };
  if (answer.kind === 'failure') {
    if (status.state === 'ready') findings.push(unanswered(answer.code)); // else it is said already why not
    return { ...seen, status: required ? 'fail' : 'warn', latencyMs: undefined, report: undefined };
  }
  const { report } = answer;
  findings.push(...findingsOfReport(report, limits), ...slow(elapsedMs, limits));
  return { ...seen, status: statusOf(findings, status, required), latencyMs: elapsedMs, report };
}

const OPTIONS: readonly string[] = ['required', 'timeoutMs', 'limits'] satisfies (keyof HealthOptions)[];
const LIMITS = Object.keys(DEFAULT_LIMITS);
const MAX_TIMEOUT_MS = 3_600_000;

function checked(options: HealthOptions): HealthOptions {
  if (typeof options !== 'object' || options === null)
    throw new CacheConfigError([`the options of healthCheck must be an object; got ${kindOf(options)}`]);
  const { required, timeoutMs, limits = {} } = options;
  const problems = Object.keys(options)
    .filter((name) => !OPTIONS.includes(name))
    .map((name) => `${name} is no option of healthCheck; they are ${OPTIONS.join(', ')}${didYouMean([name], OPTIONS)}`);
  if (required !== undefined && typeof required !== 'boolean')
    problems.push(`required must be true or false; got ${kindOf(required)}`);
  if (timeoutMs !== undefined && !(isNumber(timeoutMs) && timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS))
    problems.push(`timeoutMs must be a number of milliseconds from 1 to ${MAX_TIMEOUT_MS}; got ${kindOf(timeoutMs)}`);
  for (const [name, limit] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name))
      problems.push(`limits.${name} is no limit; they are ${LIMITS.join(', ')}${didYouMean([name], LIMITS)}`);
    else if (!(isNumber(limit) && limit >= 0))
      problems.push(`limits.${name} must be a number from 0 on; got ${kindOf(limit)}`);
  }
  if (problems.length > 0) throw new CacheConfigError(problems);
  return options;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}

function statusOf(findings: readonly Finding[], store: StoreStatus, required = false): CacheHealth['status'] {
  if (required && store.state !== 'ready') return 'fail';
  return findings.length > 0 ? 'warn' : 'pass';
}

type Answer =
  | { readonly kind: 'report'; readonly report: StoreReport }
  | { readonly kind: 'failure'; readonly code: string };

function within(clock: Clock, timeoutMs: number, ask: () => Promise<StoreReport>): Promise<Answer> {
  return new Promise((resolve) => {
    const late = (): void => resolve({ kind: 'failure', code: 'TIMEOUT' });
    const cancel = clock.after(timeoutMs, () => clock.afterArrivals(late), { background: true });
    const settled = (answer: Answer): void => {
      cancel();
      resolve(answer);
    };
    ask().then(
      (report) => settled({ kind: 'report', report }),
      (error: unknown) => settled({ kind: 'failure', code: codeOf(error) }),
    );
  });
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
