import type { MessageId, Nanoseconds } from '../../model/events.ts';
import type {
  MessageDetail,
  MessageFate,
  MessageRow,
  QueryAnswer,
  QueryParams,
  TimelineFilter,
} from '../../model/queries.ts';
import { RANK_ELECTION, RANK_ENTRIES, RANK_HEARTBEAT } from '../../recorder/message-facts.ts';
import { COARSE_SLOTS_NS, MESSAGE_SPANS_NS } from '../../schema.ts';
import type { TraceConnection } from '../connection.ts';
import { parseEventId } from './event-rows.ts';
import { isFiltering, messagesWhere } from './filter.ts';

const ROWS_MAX = 50_000;
/** When not all can be drawn, so many stretches of the window get their share. */
const STRETCHES = 100;
/** A stretch gets at most so many times its fair share. */
const SHARE_MAX = 2;

const COLUMNS =
  'id, sender, receiver, type, term, sent_ns, arrived_ns, delivered_ns, fate, reason, bytes, entries, granted';

export interface StoredMessage {
  id: string;
  sender: string;
  receiver: string;
  type: string;
  term: number;
  sent_ns: number;
  arrived_ns: number | null;
  delivered_ns: number | null;
  fate: MessageFate;
  reason: string | null;
  bytes: number;
  entries: number;
  granted: number | null;
}

export function message(trace: TraceConnection, { id }: QueryParams<'message'>): MessageDetail | null {
  const row = messageById(trace, id);
  return row === null ? null : { ...row, body: messageBodyOf(trace, id) };
}

export function messageById(trace: TraceConnection, id: MessageId): MessageRow | null {
  const row = trace.statement(`SELECT ${COLUMNS} FROM message WHERE id = ? AND sent_ns IS NOT NULL`).get(id);
  return row === undefined ? null : messageOf(row as StoredMessage);
}

/** As its sending was recorded; empty where that is not in the trace. */
export function messageBodyOf(trace: TraceConnection, id: MessageId): object {
  const parts = parseEventId(id);
  if (parts === undefined) return {};
  const body = trace
    .statement(`SELECT body -> '$.body' FROM event WHERE source = ? AND incarnation = ? AND seq = ?`)
    .pluck()
    .get(parts.source, parts.incarnation, parts.seq) as string | null | undefined;
  return JSON.parse(body ?? '{}') as object;
}

/**
 * The most telling kinds first. Of a kind that does not fit as a whole, every stretch of the window shows its share, so
 * that a zoomed-out drawing is thinned evenly instead of ending in the middle.
 */
export function messages(trace: TraceConnection, params: QueryParams<'messages'>): QueryAnswer<'messages'> {
  const { fromNs, toNs, filter } = params;
  const limit = Math.min(params.limit, ROWS_MAX);
  if (isFiltering(filter)) return passing(trace, { ...params, limit }, filter);
  const ranks = ranksOf(params.heartbeats);
  const rows: StoredMessage[] = [];
  let total = 0;
  for (const rank of ranks) {
    const count = countTouching(trace, rank, fromNs, toNs);
    const room = limit - rows.length;
    total += count;
    if (room <= 0 || count === 0) continue;
    if (count <= room) rows.push(...touching(trace, rank, fromNs, toNs, room));
    else rows.push(...thinned(trace, rank, fromNs, toNs, room));
  }
  return { rows: rows.map(messageOf), total };
}

function ranksOf(heartbeats: boolean): number[] {
  return heartbeats ? [RANK_ELECTION, RANK_ENTRIES, RANK_HEARTBEAT] : [RANK_ELECTION, RANK_ENTRIES];
}

/** Those that pass a filter. All of the window are looked at once, and of a rank that does not fit every so-manieth is taken. */
function passing(
  trace: TraceConnection,
  { fromNs, toNs, heartbeats, limit }: QueryParams<'messages'>,
  filter: TimelineFilter,
): QueryAnswer<'messages'> {
  const { sql, values } = messagesWhere(filter);
  const keysOf = trace
    .statement(`SELECT key FROM message INDEXED BY message_by_rank WHERE ${TOUCHES} AND ${sql}`)
    .pluck();
  const rowOf = trace.statement(`SELECT ${COLUMNS} FROM message WHERE key = ?`);
  const ranks = ranksOf(heartbeats || (filter.types ?? filter.fates ?? filter.text) !== undefined);
  const rows: StoredMessage[] = [];
  let total = 0;
  let all = 0;
  for (const rank of ranks) {
    all += countTouching(trace, rank, fromNs, toNs);
    const keys: number[] = [];
    for (const { span, sentFromNs } of sentWindows(fromNs)) {
      for (const key of keysOf.iterate(rank, span, sentFromNs, toNs, fromNs, ...values))
        keys.push(key as number);
    }
    total += keys.length;
    const taken = Math.min(keys.length, limit - rows.length);
    for (let at = 0; at < taken; at++) {
      const key = keys[Math.floor((at * keys.length) / taken)];
      if (key !== undefined) rows.push(rowOf.get(key) as StoredMessage);
    }
  }
  return { rows: rows.map(messageOf), total, all };
}

/** Where copies of each class of span may have been sent to touch a window, as far back as the class goes. */
export function sentWindows(fromNs: Nanoseconds): { span: number; sentFromNs: Nanoseconds }[] {
  const bounded = MESSAGE_SPANS_NS.map((boundNs, span) => ({
    span,
    sentFromNs: Math.max(0, fromNs - boundNs),
  }));
  return [...bounded, { span: MESSAGE_SPANS_NS.length, sentFromNs: 0 }];
}

export const TOUCHES =
  'rank = ? AND span = ? AND sent_ns >= ? AND sent_ns < ? AND (ended_ns IS NULL OR ended_ns >= ?)';

/** So many of a rank and span are counted one by one; of more the slots tell. */
const COUNTED_MAX = 4_000;
/** Slots that a window is counted by, at the least. */
const SLOTS_MIN = 20;

/** Exact up to some thousands; else the copies sent in the window, by slots whose middle lies in it. */
function countTouching(trace: TraceConnection, rank: number, fromNs: Nanoseconds, toNs: Nanoseconds): number {
  let count = 0;
  for (const { span, sentFromNs } of sentWindows(fromNs)) {
    const counted = trace
      .statement(
        `SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY message_by_rank WHERE ${TOUCHES} LIMIT ?)`,
      )
      .pluck()
      .get(rank, span, sentFromNs, toNs, fromNs, COUNTED_MAX) as number;
    if (counted === COUNTED_MAX)
      return countSent(trace, rank, fromNs, toNs) ?? countAll(trace, rank, fromNs, toNs);
    count += counted;
  }
  return count;
}

/** Undefined for a window too short for slots. */
function countSent(
  trace: TraceConnection,
  rank: number,
  fromNs: Nanoseconds,
  toNs: Nanoseconds,
): number | undefined {
  const slotNs = COARSE_SLOTS_NS.filter((one) => one * SLOTS_MIN <= toNs - fromNs).pop();
  if (slotNs === undefined) return undefined;
  const rows = trace
    .statement('SELECT links FROM link_density WHERE slot_ns = ? AND slot >= ? AND slot < ?')
    .pluck();
  let count = 0;
  for (const text of rows.iterate(slotNs, Math.round(fromNs / slotNs), Math.round(toNs / slotNs))) {
    const links = JSON.parse(text as string) as Record<string, readonly number[]>;
    for (const link in links) count += links[link]?.[rank] ?? 0;
  }
  return count;
}

function countAll(trace: TraceConnection, rank: number, fromNs: Nanoseconds, toNs: Nanoseconds): number {
  let count = 0;
  for (const { span, sentFromNs } of sentWindows(fromNs)) {
    count += trace
      .statement(`SELECT count(*) FROM message INDEXED BY message_by_rank WHERE ${TOUCHES}`)
      .pluck()
      .get(rank, span, sentFromNs, toNs, fromNs) as number;
  }
  return count;
}

export function touching(
  trace: TraceConnection,
  rank: number,
  fromNs: Nanoseconds,
  toNs: Nanoseconds,
  limit: number,
): StoredMessage[] {
  const statement = trace.statement(
    `SELECT ${COLUMNS} FROM message INDEXED BY message_by_rank WHERE ${TOUCHES} ORDER BY sent_ns LIMIT ?`,
  );
  const rows: StoredMessage[] = [];
  for (const { span, sentFromNs } of sentWindows(fromNs)) {
    const left = limit - rows.length;
    if (left > 0)
      rows.push(...(statement.all(rank, span, sentFromNs, toNs, fromNs, left) as StoredMessage[]));
  }
  return rows;
}

function thinned(
  trace: TraceConnection,
  rank: number,
  fromNs: Nanoseconds,
  toNs: Nanoseconds,
  limit: number,
): StoredMessage[] {
  const statement = trace.statement(
    `SELECT ${COLUMNS} FROM message INDEXED BY message_by_rank
    WHERE rank = ? AND span = ? AND sent_ns >= ? AND sent_ns < ? ORDER BY sent_ns LIMIT ?`,
  );
  const stretches = Math.min(STRETCHES, limit);
  const rows: StoredMessage[] = [];
  for (let stretch = 0; stretch < stretches; stretch++) {
    const sentFromNs = fromNs + Math.floor(((toNs - fromNs) * stretch) / stretches);
    const sentToNs = fromNs + Math.floor(((toNs - fromNs) * (stretch + 1)) / stretches);
    // What a quiet stretch left over goes to the next ones, but not all at once, or the first busy one would look far busier than the rest.
    const due = Math.floor((limit * (stretch + 1)) / stretches) - rows.length;
    let share = Math.min(due, SHARE_MAX * Math.ceil(limit / stretches));
    for (let span = MESSAGE_SPANS_NS.length; span >= 0 && share > 0; span--) {
      const found = statement.all(rank, span, sentFromNs, sentToNs, share) as StoredMessage[];
      rows.push(...found);
      share -= found.length;
    }
  }
  return rows;
}

export function messageOf(row: StoredMessage): MessageRow {
  return {
    id: row.id,
    from: row.sender,
    to: row.receiver,
    type: row.type,
    term: row.term,
    sentNs: row.sent_ns,
    arrivedNs: row.arrived_ns,
    deliveredNs: row.delivered_ns,
    fate: row.fate,
    reason: row.reason,
    bytes: row.bytes,
    entries: row.entries,
    granted: row.granted === null ? null : row.granted === 1,
  };
}
