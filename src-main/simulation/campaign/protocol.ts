import type { Nanoseconds } from '../../trace/model/events.ts';
import type { RunFinding } from '../engine/finding.ts';
import type { DrawRequest } from '../schedule/draw.ts';

/** What one schedule came to. */
export interface SeedResult {
  readonly seed: number;
  readonly hash: string;
  readonly messages: number;
  readonly finding: RunFinding | undefined;
  readonly endedNs: Nanoseconds;
}

/** To a worker, first of all. */
export interface WorkerStart {
  readonly request: DrawRequest;
}

/** To a worker: seeds `first` to `first + count - 1`, please. */
export interface Order {
  readonly first: number;
  readonly count: number;
}

/** From a worker: all of an order, in order of seed. */
export interface Delivery {
  readonly results: readonly SeedResult[];
}
