import type { QueryAnswer, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';
import { bucketOf, isFew, slotsFor } from './slots.ts';
import type { SlotRange } from './slots.ts';

/** So many commits are looked at one by one; of more the slots tell. */
const COMMITS_MAX = 1_500;

const WHERE = "FROM event INDEXED BY event_by_kind WHERE kind = 'commit' AND at_ns >= ? AND at_ns < ?";

/** The commit index that each node came to in each bucket; null where it stood still. */
export function commits(trace: TraceConnection, params: QueryParams<'commits'>): QueryAnswer<'commits'> {
  const { fromNs, toNs, buckets } = params;
  const nodes = new Map<string, (number | null)[]>();
  const reach = (node: string, bucket: number, index: number): void => {
    let indexes = nodes.get(node);
    if (indexes === undefined) {
      indexes = Array.from({ length: buckets }, () => null);
      nodes.set(node, indexes);
    }
    if (index > (indexes[bucket] ?? 0)) indexes[bucket] = index;
  };
  if (toNs > fromNs) {
    const slots = slotsFor(params);
    if (slots === undefined || isFew(trace, WHERE, [fromNs, toNs], COMMITS_MAX))
      exactly(trace, params, reach);
    else bySlots(trace, params, slots, reach);
  }
  return { nodes: [...nodes].map(([node, indexes]) => ({ node, indexes })) };
}

type Reach = (node: string, bucket: number, index: number) => void;

function exactly(trace: TraceConnection, params: QueryParams<'commits'>, reach: Reach): void {
  const { fromNs, toNs, buckets } = params;
  const rows = trace
    .statement(`SELECT source, at_ns, json_extract(body, '$.to') ${WHERE} ORDER BY source`)
    .raw();
  for (const row of rows.iterate(fromNs, toNs)) {
    const [node, atNs, index] = row as [string, number, number];
    reach(node, Math.min(buckets - 1, Math.floor(((atNs - fromNs) / (toNs - fromNs)) * buckets)), index);
  }
}

function bySlots(
  trace: TraceConnection,
  params: QueryParams<'commits'>,
  { slotNs, first, end }: SlotRange,
  reach: Reach,
): void {
  const rows = trace
    .statement('SELECT slot, reached FROM commit_density WHERE slot_ns = ? AND slot >= ? AND slot < ?')
    .raw();
  for (const row of rows.iterate(slotNs, first, end)) {
    const [slot, text] = row as [number, string];
    const bucket = bucketOf(slot, slotNs, params);
    const reached = JSON.parse(text) as Record<string, number>;
    for (const node in reached) reach(node, bucket, reached[node] ?? 0);
  }
}
