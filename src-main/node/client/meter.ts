import { createHistogram } from 'node:perf_hooks';
import type { Milliseconds } from '../../consensus/replica.ts';
import type { Measured } from '../protocol.ts';
import type { Completion } from './operation.ts';

const figures = { lowest: 1, highest: 3_600_000_000, figures: 3 };

/** Counts the operations that end while it runs and how long they took, to a thousandth, in memory that does not grow with them. */
export class Meter {
  readonly #startedMs = performance.now();
  readonly #latencyUs = createHistogram(figures);
  #failed = 0;

  note(outcome: Completion['outcome'], tookMs: Milliseconds): void {
    if (outcome === 'ok') this.#latencyUs.record(Math.max(1, Math.round(tookMs * 1000)));
    else this.#failed++;
  }

  read(): Measured {
    const acknowledged = this.#latencyUs.count;
    const percentileMs = (share: number): number | null =>
      acknowledged === 0 ? null : this.#latencyUs.percentile(share) / 1000;
    return {
      ms: performance.now() - this.#startedMs,
      acknowledged,
      failed: this.#failed,
      p50Ms: percentileMs(50),
      p99Ms: percentileMs(99),
    };
  }
}
