import { nextTick as tick } from 'node:process';
import * as timers from 'node:timers';

/**
 * Taken when this module is loaded: test runners replace those of the global object, and nothing would go on until a
 * test moves them.
 */
export const { setImmediate } = timers;
export const nextTick = tick;
