import { nextTick as tick } from 'node:process';
import * as timers from 'node:timers';

/**
 * The timers of Node, taken when this module is loaded: test runners replace those of the global object, and a cache
 * that waits for a timer that a test never moves would answer nothing.
 */
export const { setTimeout, clearTimeout, setImmediate } = timers;
export const nextTick = tick;
