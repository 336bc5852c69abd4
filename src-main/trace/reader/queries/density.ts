import type { DensityBucket, QueryAnswer, QueryParams } from '../../model/queries.ts';
import { DENSITY_SLOTS_NS } from '../../schema.ts';
import type { TraceConnection } from '../connection.ts';
import { endNs } from './state-at.ts';

/** A bucket of the answer holds at least so many slots of the table, so that its edges lie about right. */
const SLOTS_A_BUCKET_MIN = 4;

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
  const slotNs = DENSITY_SLOTS_NS.filter((width) => width * SLOTS_A_BUCKET_MIN <= widthNs).pop();
  if (slotNs === undefined) countEvents(trace, params, widthNs, buckets);
  else addSlots(trace, params, widthNs, slotNs, buckets);
  return { buckets, endNs: endNs(trace) };
}

/** A slot counts where its middle lies. */
function addSlots(
  trace: TraceConnection,
  { fromNs, toNs }: QueryParams<'density'>,
  widthNs: number,
  slotNs: number,
  buckets: DensityBucket[],
): void {
  const rows = trace
    .statement(
      `SELECT CAST(((slot + 0.5) * @slotNs - @fromNs) / @widthNs AS INTEGER) AS bucket, sum(events) AS events,
        sum(messages) AS messages, sum(operations) AS operations
      FROM density WHERE slot_ns = @slotNs AND slot >= @first AND slot < @end GROUP BY bucket`,
    )
    .all({ slotNs, fromNs, widthNs, first: Math.round(fromNs / slotNs), end: Math.round(toNs / slotNs) });
  for (const row of rows as { bucket: number; events: number; messages: number; operations: number }[]) {
    const bucket = buckets[Math.min(row.bucket, buckets.length - 1)];
    if (bucket === undefined) continue;
    bucket.events += row.events;
    bucket.messages += row.messages;
    bucket.operations += row.operations;
  }
}

function countEvents(
  trace: TraceConnection,
  { fromNs, toNs }: QueryParams<'density'>,
  widthNs: number,
  buckets: DensityBucket[],
): void {
  const count = (what: 'events' | 'messages' | 'operations', where: string): void => {
    const rows = trace
      .statement(
        `SELECT CAST((at_ns - @fromNs) / @widthNs AS INTEGER) AS bucket, count(*) AS count FROM event
        WHERE ${where} at_ns >= @fromNs AND at_ns < @toNs GROUP BY bucket`,
      )
      .all({ fromNs, toNs, widthNs });
    for (const row of rows as { bucket: number; count: number }[]) {
      const bucket = buckets[Math.min(row.bucket, buckets.length - 1)];
      if (bucket) bucket[what] += row.count;
    }
  };
  count('events', '');
  count('messages', "kind = 'send' AND");
  count('operations', "kind = 'complete' AND");
}
