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

/** Classes of latency to a doubling: within a class values differ by at most 4.5 %. */
const CLASSES_AN_OCTAVE = 16;

/** The class of a latency: 0 up to a nanosecond; class k ends at 2^(k/16) ns. */
export function latencyClass(ns: Nanoseconds): number {
  return ns <= 1 ? 0 : Math.ceil(Math.log2(ns) * CLASSES_AN_OCTAVE);
}

/** The middle of a class. */
function classNs(at: number): Nanoseconds {
  return 2 ** ((at - 0.5) / CLASSES_AN_OCTAVE);
}

/** As `operationBucket`, from how many latencies were in each class: percentiles are within 2.2 % of the exact ones, the longest is exact. */
export function bucketOfClasses(
  span: { fromNs: Nanoseconds; toNs: Nanoseconds },
  counts: { invoked: number; failed: number; unknown: number },
  classes: Readonly<Record<number, number>>,
  maxNs: Nanoseconds,
): OperationBucket {
  let acknowledged = 0;
  for (const at in classes) acknowledged += classes[at] ?? 0;
  const percentile = (share: number): number | null => {
    let left = Math.max(1, Math.ceil(share * acknowledged));
    // Whole numbers are a record's first keys, in rising order.
    for (const at in classes) {
      left -= classes[at] ?? 0;
      if (left <= 0) return Math.min(classNs(Number(at)), maxNs) / 1e6;
    }
    return null;
  };
  return {
    ...span,
    ...counts,
    acknowledged,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    maxMs: acknowledged === 0 ? null : maxNs / 1e6,
  };
}
