import type { Nanoseconds } from '../../model/events.ts';
import { bucketOfClasses, operationBucket } from '../../model/latency.ts';
import type { OperationBucket, OperationRow, QueryAnswer, QueryParams } from '../../model/queries.ts';
import { COARSE_SLOTS_NS } from '../../schema.ts';
import type { TraceConnection } from '../connection.ts';
import { bucketOf, isFew, slotsFor } from './slots.ts';
import type { SlotRange } from './slots.ts';

const ROWS_MAX = 50_000;

/** No operation lasts longer: the client gives up. Those without any end are looked for by themselves. */
const LASTS_NS_MAX = 120_000_000_000;

const TOUCHES = `(invoked_ns >= @back AND invoked_ns < @to AND completed_ns >= @from)
  OR (completed_ns IS NULL AND invoked_ns < @to)`;

/** Those that touch the window, in order of invocation. */
export function operations(
  trace: TraceConnection,
  params: QueryParams<'operations'>,
): QueryAnswer<'operations'> {
  const { fromNs: from, toNs: to } = params;
  const window = { from, to, back: Math.max(0, from - LASTS_NS_MAX) };
  const rows = trace
    .statement(
      `SELECT id, client, call, op_key AS key, value, invoked_ns AS invokedNs, completed_ns AS completedNs, outcome,
        log_index AS "index", node, result, error
      FROM operation WHERE ${TOUCHES} ORDER BY invoked_ns LIMIT @limit`,
    )
    .all({ ...window, limit: Math.min(params.limit, ROWS_MAX) }) as OperationRow[];
  const total = trace
    .statement(`SELECT count(*) FROM operation WHERE ${TOUCHES}`)
    .pluck()
    .get(window) as number;
  return { operations: rows, total };
}

/** So many operations are looked at one by one; of more the slots tell, and percentiles are within 2.2 %. */
const LOOKED_AT_MAX = 4_000;

export function operationBuckets(
  trace: TraceConnection,
  params: QueryParams<'operationBuckets'>,
): { buckets: OperationBucket[] } {
  const { fromNs, toNs } = params;
  if (toNs <= fromNs) return { buckets: [] };
  const slots = slotsFor(params, COARSE_SLOTS_NS);
  const selection =
    'FROM operation INDEXED BY operation_by_invocation WHERE invoked_ns >= ? AND invoked_ns < ?';
  if (slots === undefined || isFew(trace, selection, [fromNs, toNs], LOOKED_AT_MAX))
    return exactly(trace, params);
  return bySlots(trace, params, slots);
}

function bySlots(
  trace: TraceConnection,
  params: QueryParams<'operationBuckets'>,
  { slotNs, first, end }: SlotRange,
): { buckets: OperationBucket[] } {
  const { fromNs, toNs, buckets } = params;
  const counts = Array.from({ length: buckets }, () => ({ invoked: 0, failed: 0, unknown: 0 }));
  const latencies: (Record<number, number> | undefined)[] = Array.from({ length: buckets });
  const longest = Array.from({ length: buckets }, () => 0);
  const rows = trace
    .statement(
      `SELECT slot, invoked, failed, unknown, max_ns, latencies FROM operation_density
      WHERE slot_ns = ? AND slot >= ? AND slot < ?`,
    )
    .raw();
  for (const row of rows.iterate(slotNs, first, end)) {
    const [slot, invoked, failed, unknown, maxNs, text] = row as [
      number,
      number,
      number,
      number,
      number,
      string,
    ];
    const at = bucketOf(slot, slotNs, params);
    const bucket = counts[at];
    if (bucket === undefined) continue;
    bucket.invoked += invoked;
    bucket.failed += failed;
    bucket.unknown += unknown;
    longest[at] = Math.max(longest[at] ?? 0, maxNs);
    const found = JSON.parse(text) as Record<number, number>;
    const classes = latencies[at];
    if (classes === undefined) latencies[at] = found;
    else for (const one in found) classes[one] = (classes[one] ?? 0) + (found[one] ?? 0);
  }
  const widthNs = (toNs - fromNs) / buckets;
  return {
    buckets: counts.map((count, at) => {
      const span = {
        fromNs: Math.round(fromNs + at * widthNs),
        toNs: Math.round(fromNs + (at + 1) * widthNs),
      };
      return bucketOfClasses(span, count, latencies[at] ?? {}, longest[at] ?? 0);
    }),
  };
}

function exactly(
  trace: TraceConnection,
  { fromNs, toNs, buckets }: QueryParams<'operationBuckets'>,
): { buckets: OperationBucket[] } {
  const widthNs = (toNs - fromNs) / buckets;
  const counts = Array.from({ length: buckets }, () => ({ invoked: 0, failed: 0, unknown: 0 }));
  const latenciesNs: number[][] = Array.from({ length: buckets }, () => []);
  const positionOf = (atNs: Nanoseconds): number =>
    Math.min(buckets - 1, Math.floor((atNs - fromNs) / widthNs));

  const invoked = trace
    .statement(
      `SELECT invoked_ns FROM operation INDEXED BY operation_by_invocation
      WHERE invoked_ns >= ? AND invoked_ns < ?`,
    )
    .pluck();
  for (const atNs of invoked.iterate(fromNs, toNs) as Iterable<number>) {
    const bucket = counts[positionOf(atNs)];
    if (bucket) bucket.invoked++;
  }
  const completed = trace
    .statement(
      `SELECT completed_ns, outcome, invoked_ns FROM operation INDEXED BY operation_by_completion
      WHERE completed_ns >= ? AND completed_ns < ?`,
    )
    .raw();
  for (const row of completed.iterate(fromNs, toNs)) {
    const [atNs, outcome, invokedNs] = row as [number, string, number | null];
    const at = positionOf(atNs);
    const bucket = counts[at];
    if (outcome === 'ok') latenciesNs[at]?.push(atNs - (invokedNs ?? atNs));
    else if (bucket && outcome === 'fail') bucket.failed++;
    else if (bucket) bucket.unknown++;
  }
  return {
    buckets: counts.map((count, at) => {
      const span = {
        fromNs: Math.round(fromNs + at * widthNs),
        toNs: Math.round(fromNs + (at + 1) * widthNs),
      };
      return operationBucket(span, count, latenciesNs[at] ?? []);
    }),
  };
}
