import type { EventEmitter } from 'node:events';
import type { Request, Response } from 'express';

/**
 * What is to be done when a socket closes. Any number of requests may be under way on it, and Node warns of many
 * listeners.
 */
const TASKS = new WeakMap<EventEmitter, Set<() => void>>();

/**
 * Calls `task` once, when the client has left or its connection was destroyed: before other listeners for that. Loggers
 * listen to the response, the request or the socket.
 * @returns what stops it
 */
export function whenClientLeaves(req: Request, res: Response, task: () => void): () => void {
  const leave = () => {
    stop();
    task();
  };
  const tasks = hasEvents(req.socket) ? tasksOf(req.socket) : new Set<() => void>();
  const given: (readonly [EventEmitter, string])[] = [
    [req, 'aborted'],
    [res, 'close'],
  ];
  const events = given.filter(([emitter]) => hasEvents(emitter));
  const stop = () => {
    tasks.delete(leave);
    for (const [emitter, event] of events) emitter.off(event, leave);
  };
  tasks.add(leave);
  for (const [emitter, event] of events) emitter.prependListener(event, leave);
  return stop;
}

/** Adapters of other platforms put objects there that have no events, or nothing. */
function hasEvents(emitter: EventEmitter | undefined): boolean {
  return typeof Reflect.get(Object(emitter) as object, 'prependListener') === 'function';
}

/** One listener for all of them, which stays as long as the socket does. */
function tasksOf(socket: EventEmitter): Set<() => void> {
  const known = TASKS.get(socket);
  if (known) return known;
  const tasks = new Set<() => void>();
  const closed = () => {
    for (const task of [...tasks]) task();
  };
  TASKS.set(socket, tasks);
  for (const event of ['error', 'close']) socket.prependListener(event, closed);
  return tasks;
}
