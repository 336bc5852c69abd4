import type { DensityBucket, QueryAnswer, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';
import { bucketOf, slotsFor } from './slots.ts';
import type { SlotRange } from './slots.ts';
import { endNs } from './state-at.ts';

export function density(trace: TraceConnection, params: QueryParams<'density'>): QueryAnswer<'density'> {
  const { fromNs, toNs } = params;
  if (toNs <= fromNs) return { buckets: [], endNs: endNs(trace) };
  const widthNs = (toNs - fromNs) / params.buckets;
  const buckets: DensityBucket[] = Array.from({ length: params.buckets }, (_, at) => ({
    fromNs: Math.round(fromNs + at * widthNs),
    toNs: Math.round(fromNs + (at + 1) * widthNs),
    events: 0,
    messages: 0,
    operations: 0,
  }));
  const slots = slotsFor(params);
  if (slots === undefined) countEvents(trace, params, widthNs, buckets);
  else addSlots(trace, params, slots, buckets);
  return { buckets, endNs: endNs(trace) };
}

function addSlots(
  trace: TraceConnection,
  params: QueryParams<'density'>,
  { slotNs, first, end }: SlotRange,
  buckets: DensityBucket[],
): void {
  const rows = trace
    .statement(
      'SELECT slot, events, messages, operations FROM density WHERE slot_ns = ? AND slot >= ? AND slot < ?',
    )
    .raw();
  for (const row of rows.iterate(slotNs, first, end)) {
    const [slot, events, messages, operations] = row as [number, number, number, number];
    const bucket = buckets[bucketOf(slot, slotNs, params)];
    if (bucket === undefined) continue;
    bucket.events += events;
    bucket.messages += messages;
    bucket.operations += operations;
  }
}

function countEvents(
  trace: TraceConnection,
  { fromNs, toNs }: QueryParams<'density'>,
  widthNs: number,
  buckets: DensityBucket[],
): void {
  const count = (what: 'events' | 'messages' | 'operations', index: string, where: string): void => {
    const rows = trace
      .statement(
        `SELECT CAST((at_ns - @fromNs) / @widthNs AS INTEGER) AS bucket, count(*) AS count FROM event INDEXED BY ${index}
        WHERE ${where} at_ns >= @fromNs AND at_ns < @toNs GROUP BY bucket`,
      )
      .all({ fromNs, toNs, widthNs });
    for (const row of rows as { bucket: number; count: number }[]) {
      const bucket = buckets[Math.min(row.bucket, buckets.length - 1)];
      if (bucket) bucket[what] += row.count;
    }
  };
  count('events', 'event_by_time', '');
  count('messages', 'event_by_kind', "kind = 'send' AND");
  count('operations', 'event_by_kind', "kind = 'complete' AND");
}
