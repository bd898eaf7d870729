import { afterAll, afterEach } from 'vitest';

/**
 * Console output fails the test that caused it. A test that expects output takes the method over with
 * `vi.spyOn(console, …)` and asserts on it.
 */
const METHODS = ['debug', 'dir', 'error', 'info', 'log', 'table', 'trace', 'warn'] as const;

let printed: Error[] = [];
for (const method of METHODS) {
  const print = console[method].bind(console) as (...args: unknown[]) => void;
  const printAndRemember = (...args: unknown[]): void => {
    print(...args);
    const error = new Error(`A test must not print to the console, this one called console.${method}.`);
    Error.captureStackTrace(error, printAndRemember); // the report shows the call
    printed.push(error);
  };
  console[method] = printAndRemember;
}

function failIfPrinted(): void {
  const [first] = printed;
  printed = [];
  if (first !== undefined) throw first;
}

afterEach(failIfPrinted);
afterAll(failIfPrinted);
