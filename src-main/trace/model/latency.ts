/** Summaries of how long operations took. Pure. */
import type { Nanoseconds } from './events.ts';
import type { OperationBucket } from './queries.ts';

/** `latenciesNs` are those of the operations acknowledged in the bucket; the array is sorted in place. */
export function operationBucket(
  span: { fromNs: Nanoseconds; toNs: Nanoseconds },
  counts: { invoked: number; failed: number; unknown: number },
  latenciesNs: number[],
): OperationBucket {
  latenciesNs.sort((a, b) => a - b);
  return {
    ...span,
    ...counts,
    acknowledged: latenciesNs.length,
    p50Ms: percentileMs(latenciesNs, 0.5),
    p99Ms: percentileMs(latenciesNs, 0.99),
    maxMs: percentileMs(latenciesNs, 1),
  };
}

/** The smallest value that at least this share of the values does not exceed (nearest rank); null without values. */
export function percentileMs(ascendingNs: ArrayLike<number>, share: number): number | null {
  const ns = ascendingNs[Math.max(0, Math.ceil(share * ascendingNs.length) - 1)];
  return ns === undefined ? null : ns / 1e6;
}
