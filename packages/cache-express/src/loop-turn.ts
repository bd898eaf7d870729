import * as timers from 'node:timers';

/**
 * Taken when this module is loaded: test runners replace that of the global object, and no request would ever be
 * answered.
 */
const { setImmediate } = timers;
let end: Promise<void> | undefined;

/**
 * Resolves when all that has arrived by now was looked at. Requests come over sockets of their own and would ask the
 * store one by one; those that wait for this ask it together, in one command.
 */
export function endOfArrivals(): Promise<void> {
  end ??= new Promise((resolve) => {
    setImmediate(() => {
      end = undefined;
      resolve();
    });
  });
  return end;
}
