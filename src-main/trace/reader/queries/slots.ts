/** Which rows of the density tables answer for a window cut into buckets. */
import type { Nanoseconds } from '../../model/events.ts';
import { DENSITY_SLOTS_NS } from '../../schema.ts';
import type { TraceConnection } from '../connection.ts';

export interface Buckets {
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
  buckets: number;
}

/** Where slots do not fit exactly, a bucket holds at least so many, so that its edges lie about right. */
const SLOTS_A_BUCKET_MIN = 4;

/** Of one width: those from `first` up to, not including, `end`. */
export interface SlotRange {
  slotNs: Nanoseconds;
  first: number;
  end: number;
}

/**
 * The widest slots that serve: such as fit the buckets exactly, else such that a bucket holds several; a slot then counts where its middle
 * lies. Undefined where the buckets are too narrow for any.
 */
export function slotsFor(
  { fromNs, toNs, buckets }: Buckets,
  widthsNs: readonly Nanoseconds[] = DENSITY_SLOTS_NS,
): SlotRange | undefined {
  const widthNs = (toNs - fromNs) / buckets;
  const fitting = widthsNs.filter((slotNs) => widthNs % slotNs === 0 && fromNs % slotNs === 0).pop();
  const slotNs = fitting ?? widthsNs.filter((one) => one * SLOTS_A_BUCKET_MIN <= widthNs).pop();
  if (slotNs === undefined) return undefined;
  return { slotNs, first: Math.round(fromNs / slotNs), end: Math.round(toNs / slotNs) };
}

/** Into which bucket a slot falls. */
export function bucketOf(slot: number, slotNs: Nanoseconds, { fromNs, toNs, buckets }: Buckets): number {
  const at = Math.floor((((slot + 0.5) * slotNs - fromNs) / (toNs - fromNs)) * buckets);
  return Math.min(Math.max(at, 0), buckets - 1);
}

/** Whether no more than `max` rows come of a selection; looks at no more than that. */
export function isFew(
  trace: TraceConnection,
  selection: string,
  values: readonly (string | number)[],
  max: number,
): boolean {
  const count = trace.statement(`SELECT count(*) FROM (SELECT 1 ${selection} LIMIT ?)`).pluck();
  return (count.get(...values, max + 1) as number) <= max;
}
