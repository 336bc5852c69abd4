/** The clients' row: how many operations were acknowledged, and the stretches in which none was. */
import type { ElectionRow, OperationBucket, OperationRow } from '../../../src-main/api/index.ts';
import type { TimelineAxis } from './axis.ts';
import type { TimelineLayout } from './layout.ts';
import { electionEndNs, stackSpans } from './spans.ts';
import { formatDuration, formatMs } from './time.ts';

/** A stretch without an acknowledged operation although clients were at work. */
export interface SilentStretch {
  readonly fromNs: number;
  readonly toNs: number;
  readonly text: string;
}

/** Shorter silences are ordinary, unless an election lies in them. */
const SILENCE_NS_MIN = 150_000_000;
const SILENT_BUCKETS_MIN = 3;

/**
 * Runs of buckets in which operations were open or invoked but none acknowledged. Where an election lies in one, the text carries the
 * election's own measure of it; otherwise it is only as exact as the buckets, and says "about".
 */
export function silentStretches(
  buckets: readonly OperationBucket[],
  elections: readonly ElectionRow[],
): SilentStretch[] {
  const stretches: SilentStretch[] = [];
  let served = false;
  let start = 0;
  const close = (end: number): void => {
    const first = buckets[start];
    const last = buckets[end - 1];
    if (!served || !first || !last || end - start < SILENT_BUCKETS_MIN) return;
    const waiting = buckets
      .slice(start, end)
      .some((bucket) => bucket.invoked + bucket.unknown + bucket.failed > 0);
    const election = elections.find(
      (row) => row.startedNs < last.toNs && electionEndNs(row) > first.fromNs && row.downtimeMs !== null,
    );
    if (!election && last.toNs - first.fromNs < SILENCE_NS_MIN) return;
    const answeredLater = end < buckets.length;
    if (!waiting && !answeredLater && !election) return;
    const waitedMs = election?.downtimeMs ?? null;
    const text =
      waitedMs === null
        ? `nothing acknowledged for about ${formatDuration(last.toNs - first.fromNs)}`
        : `nothing acknowledged for ${formatMs(waitedMs)} ms`;
    stretches.push({ fromNs: first.fromNs, toNs: last.toNs, text });
  };
  for (const [position, bucket] of buckets.entries()) {
    if (bucket.acknowledged === 0) continue;
    close(position);
    served = true;
    start = position + 1;
  }
  close(buckets.length);
  return stretches;
}

/** The height of the row's full scale: a round number at or above the most that a bucket holds. */
export function bucketScale(buckets: readonly OperationBucket[]): number {
  let most = 0;
  for (const bucket of buckets) most = Math.max(most, bucket.acknowledged);
  return Math.max(most, 1);
}

/** An operation in the clients' row; pixels of the drawing. */
export interface PlacedOperation {
  readonly row: OperationRow;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const OPERATION_ROWS_MAX = 8;

/** Each operation in the first row where it overlaps nothing earlier; those that find none share the last. */
export function placeOperations(
  operations: readonly OperationRow[],
  layout: TimelineLayout,
  axis: TimelineAxis,
): PlacedOperation[] {
  const stacked = stackSpans(
    operations,
    (row) => row.invokedNs,
    (row) => row.completedNs ?? Infinity,
  );
  const rows = Math.min(
    stacked.reduce((most, { row }) => Math.max(most, row + 1), 1),
    OPERATION_ROWS_MAX,
  );
  const { topPx, heightPx } = layout.clients;
  const pitch = (heightPx - 12) / rows;
  const placed: PlacedOperation[] = [];
  for (const { item, row } of stacked) {
    const x = Math.max(axis.x(item.invokedNs), 0);
    const right = Math.min(axis.x(item.completedNs ?? Infinity), layout.plotPx);
    if (right < 0 || x > layout.plotPx) continue;
    placed.push({
      row: item,
      x,
      y: topPx + 5 + Math.min(row, rows - 1) * pitch,
      width: Math.max(right - x, 1),
      height: Math.max(Math.min(pitch - 1, 8), 2),
    });
  }
  return placed;
}
