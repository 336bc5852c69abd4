/** What happened on a lane besides roles and messages. */
import { MARK_KINDS, markOf } from '../../model/lane-marks.ts';
import type { LaneMark, QueryAnswer, QueryParams } from '../../model/queries.ts';
import { byNumber } from '../../model/reducer.ts';
import { COARSE_SLOTS_NS } from '../../schema.ts';
import type { TraceConnection } from '../connection.ts';
import { EVENT_COLUMNS, IN_ORDER, eventOf } from '../rows.ts';
import type { EventRow } from '../rows.ts';
import { detailOf } from './event-rows.ts';
import { bucketOf, isFew, slotsFor } from './slots.ts';
import type { SlotRange } from './slots.ts';

/** So many events are looked at one by one; of more the slots tell. */
const EVENTS_MAX = 300;

const MARK_KIND_LIST = [...MARK_KINDS].map((kind) => `'${kind}'`).join(', ');
const WHERE = `FROM event INDEXED BY event_by_kind WHERE kind IN (${MARK_KIND_LIST}) AND at_ns >= ? AND at_ns < ?`;

/** The first of each bucket stands for the others of its kind and node. */
export function marks(trace: TraceConnection, params: QueryParams<'marks'>): QueryAnswer<'marks'> {
  const { fromNs, toNs } = params;
  if (toNs <= fromNs) return { marks: [] };
  const gathered = new Map<string, LaneMark>();
  const slots = slotsFor(params, COARSE_SLOTS_NS);
  if (slots === undefined || isFew(trace, WHERE, [fromNs, toNs], EVENTS_MAX))
    exactly(trace, params, gathered);
  else bySlots(trace, params, slots, gathered);
  return { marks: [...gathered.values()].sort((a, b) => a.atNs - b.atNs || byNumber(a.node, b.node)) };
}

function exactly(
  trace: TraceConnection,
  { fromNs, toNs, buckets }: QueryParams<'marks'>,
  gathered: Map<string, LaneMark>,
): void {
  const rows = trace.statement(`SELECT ${EVENT_COLUMNS} ${WHERE} ${IN_ORDER}`).all(fromNs, toNs);
  for (const row of rows as EventRow[]) {
    const event = eventOf(row);
    const kind = markOf(event);
    if (kind === undefined) continue;
    const bucket = Math.floor(((event.atNs - fromNs) / (toNs - fromNs)) * buckets);
    const { id, text } = detailOf(event);
    gather(gathered, bucket, { node: event.source, kind, atNs: event.atNs, id, text, count: 1 });
  }
}

function bySlots(
  trace: TraceConnection,
  params: QueryParams<'marks'>,
  { slotNs, first, end }: SlotRange,
  gathered: Map<string, LaneMark>,
): void {
  const rows = trace
    .statement(
      `SELECT slot, node, kind, count, at_ns AS atNs, event AS id, text FROM mark
      WHERE slot_ns = ? AND slot >= ? AND slot < ? ORDER BY slot`,
    )
    .all(slotNs, first, end);
  for (const { slot, ...mark } of rows as (LaneMark & { slot: number })[])
    gather(gathered, bucketOf(slot, slotNs, params), mark);
}

/** In order of time. */
function gather(gathered: Map<string, LaneMark>, bucket: number, mark: LaneMark): void {
  const key = `${bucket} ${mark.node} ${mark.kind}`;
  const first = gathered.get(key);
  if (first === undefined) gathered.set(key, mark);
  else first.count += mark.count;
}
