import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach } from 'vitest';

/**
 * What would end the process of a service, or warn in its log, fails the test during which it happened: a rejection that nobody
 * handles, and whatever Node warns of (listeners without end, timers that overflow). What a language feature is called,
 * experimental or deprecated, is no matter of a test.
 */
const NO_MATTER = new Set(['DeprecationWarning', 'ExperimentalWarning']);

let happened: Error[] = [];

process.on('unhandledRejection', (reason) => {
  happened.push(new Error('A promise was rejected and nobody handled it: this ends the process.', { cause: reason }));
});
process.on('warning', (warning) => {
  if (!NO_MATTER.has(warning.name)) happened.push(new Error(`The process warned: ${warning.name}`, { cause: warning }));
});

async function failIfItHappened(): Promise<void> {
  await setImmediate(); // both are told at the end of a turn
  const [first] = happened;
  happened = [];
  if (first !== undefined) throw first;
}

afterEach(failIfItHappened);
afterAll(failIfItHappened);
