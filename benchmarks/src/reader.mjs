// Another client: a GET about each millisecond until told to stop, then its times in ms. A thread of its own, so that it measures
// the server and not the event loop of the benchmark.
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Redis } from 'ioredis';

const client = new Redis(String(workerData));
/** @type {number[]} */
const times = [];
let isRunning = true;
parentPort?.once('message', () => {
  isRunning = false;
});
await client.get('lead:1');
parentPort?.postMessage('reading');
while (isRunning) {
  const start = performance.now();
  await client.get('lead:1');
  times.push(performance.now() - start);
  await delay(1);
}
client.disconnect();
parentPort?.postMessage(times);
