/** Many schedules over worker threads. What comes out is the same whatever their number. */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import type { DrawRequest } from '../schedule/draw.ts';
import { workerEntry } from './children.ts';
import type { Delivery, Order, SeedResult, WorkerStart } from './protocol.ts';

export interface CampaignPlan {
  readonly firstSeed: number;
  readonly schedules: number;
  readonly workers: number;
  readonly request: DrawRequest;
  /** It ends with the schedule that brings so many violations. */
  readonly violationsMax: number;
}

export interface CampaignProgress {
  readonly done: number;
  readonly violations: number;
  readonly schedulesPerSecond: number;
  readonly secondsLeft: number;
}

export interface CampaignListener {
  /** Now and then, and at the end. */
  progress?(at: CampaignProgress): void;
  /** In order of seeds. */
  violation?(result: SeedResult): void;
}

export interface CampaignResult {
  /** Run and counted, which are all unless there were too many violations. */
  readonly schedules: number;
  readonly messages: number;
  readonly violations: readonly SeedResult[];
  /** Over the hashes of the schedules in order of their seeds. */
  readonly traceHash: string;
  readonly wallSeconds: number;
}

const ORDER_SEEDS_MAX = 20;

/** @param signal ends it early: what is done until then counts, up to the first seed that is missing */
export async function runCampaign(
  plan: CampaignPlan,
  listener: CampaignListener = {},
  signal?: AbortSignal,
): Promise<CampaignResult> {
  const startedMs = performance.now();
  const queue = new SeedQueue(plan);
  const tally = new Tally(plan, startedMs, listener);
  const ended = (): boolean => tally.isOver || signal?.aborted === true;
  const count = Math.max(1, Math.min(plan.workers, Math.ceil(plan.schedules / ORDER_SEEDS_MAX)));
  await Promise.all(
    Array.from({ length: count }, () =>
      runWorker(plan.request, () => (ended() ? undefined : queue.next()), tally),
    ),
  );
  return tally.result();
}

/** Hands out seeds in order, fewer at a time towards the end, so that nobody works on alone. */
class SeedQueue {
  readonly #end: number;
  readonly #workers: number;
  #next: number;

  constructor({ firstSeed, schedules, workers }: CampaignPlan) {
    this.#next = firstSeed;
    this.#end = firstSeed + schedules;
    this.#workers = workers;
  }

  next(): Order | undefined {
    const left = this.#end - this.#next;
    if (left === 0) return undefined;
    const count = Math.max(1, Math.min(ORDER_SEEDS_MAX, Math.floor(left / (2 * this.#workers))));
    const order = { first: this.#next, count };
    this.#next += count;
    return order;
  }
}

function runWorker(request: DrawRequest, next: () => Order | undefined, tally: Tally): Promise<void> {
  const start: WorkerStart = { request };
  const worker = new Worker(workerEntry(), { workerData: start });
  return new Promise((resolve, reject) => {
    const proceed = (): void => {
      const order = next();
      if (order === undefined) worker.terminate().then(() => resolve(), reject);
      else worker.postMessage(order);
    };
    worker.on('error', reject);
    worker.on('message', ({ results }: Delivery) => {
      tally.add(results);
      proceed();
    });
    proceed();
  });
}

const PROGRESS_MS = 1_000;

/** Puts what comes in any order into the order of the seeds. */
class Tally {
  readonly #plan: CampaignPlan;
  readonly #startedMs: number;
  readonly #listener: CampaignListener;
  readonly #results: (SeedResult | undefined)[] = [];
  #done = 0;
  #toldMs: number;
  /** Results without a gap so far, and the violations among them. */
  #contiguous = 0;
  readonly #violations: SeedResult[] = [];

  constructor(plan: CampaignPlan, startedMs: number, listener: CampaignListener) {
    this.#plan = plan;
    this.#startedMs = startedMs;
    this.#toldMs = startedMs;
    this.#listener = listener;
  }

  get isOver(): boolean {
    return this.#violations.length >= this.#plan.violationsMax;
  }

  add(results: readonly SeedResult[]): void {
    for (const result of results) this.#results[result.seed - this.#plan.firstSeed] = result;
    this.#done += results.length;
    while (!this.isOver) {
      const result = this.#results[this.#contiguous];
      if (result === undefined) break;
      this.#contiguous++;
      if (result.finding === undefined) continue;
      this.#violations.push(result);
      this.#listener.violation?.(result);
    }
    this.#tell();
  }

  result(): CampaignResult {
    const hash = createHash('sha256');
    let messages = 0;
    for (const result of this.#results.slice(0, this.#contiguous)) {
      if (result === undefined) continue;
      hash.update(result.hash);
      messages += result.messages;
    }
    return {
      schedules: this.#contiguous,
      messages,
      violations: this.#violations,
      traceHash: hash.digest('hex'),
      wallSeconds: (performance.now() - this.#startedMs) / 1_000,
    };
  }

  #tell(): void {
    const nowMs = performance.now();
    const isLast = this.#done === this.#plan.schedules;
    if (nowMs - this.#toldMs < PROGRESS_MS && !isLast) return;
    this.#toldMs = nowMs;
    const schedulesPerSecond = this.#done / ((nowMs - this.#startedMs) / 1_000);
    this.#listener.progress?.({
      done: this.#done,
      violations: this.#violations.length,
      schedulesPerSecond,
      secondsLeft: (this.#plan.schedules - this.#done) / schedulesPerSecond,
    });
  }
}
