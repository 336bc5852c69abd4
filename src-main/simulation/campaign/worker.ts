/** The entry of a worker thread: runs the schedules of the seeds it is told, and says what came out. */
import { parentPort, workerData } from 'node:worker_threads';
import { runSeed } from './run-seed.ts';
import type { Delivery, Order, SeedResult, WorkerStart } from './protocol.ts';

const { request } = workerData as WorkerStart;

parentPort?.on('message', ({ first, count }: Order) => {
  const results: SeedResult[] = [];
  for (let seed = first; seed < first + count; seed++) results.push(runSeed(seed, request));
  const delivery: Delivery = { results };
  parentPort?.postMessage(delivery);
});
