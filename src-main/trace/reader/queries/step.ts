/** The nearest moment of a kind before or after the cursor. */
import type { EventId, EventKind, Nanoseconds } from '../../model/events.ts';
import type { EventFilter, QueryAnswer, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';
import { EVENT_COLUMNS, IN_ORDER, IN_REVERSE, eventOf } from '../rows.ts';
import type { EventRow, Position } from '../rows.ts';
import { detailOf, findEvent, parseEventId } from './event-rows.ts';
import { holdsText, selectionsOf } from './events.ts';
import type { Selection } from './events.ts';
import { isFiltering } from './filter.ts';

type Step = NonNullable<QueryAnswer<'step'>>;

/** What a rare text lets be looked through before the search gives up. */
const SEARCH_MS_MAX = 5_000;

export function step(trace: TraceConnection, params: QueryParams<'step'>): Step | null {
  switch (params.kind) {
    case 'event':
      return stepEvents(trace, params);
    case 'message':
      return stepEvents(trace, params, ['send']);
    case 'fault':
      return stepEvents(trace, { ...params, filter: {} }, ['fault-started']);
    case 'election':
      return stepElections(trace, params);
    case 'term':
      return stepTerms(trace, params);
    case 'finding':
      return stepFindings(trace, params);
  }
}

function stepEvents(trace: TraceConnection, params: QueryParams<'step'>, kinds?: EventKind[]): Step | null {
  const filter: EventFilter = {
    ...(isFiltering(params.filter) ? params.filter : {}),
    ...(kinds === undefined ? {} : { kinds }),
  };
  const forward = params.direction === 'next';
  const giveUpMs = performance.now() + SEARCH_MS_MAX;
  let nearest: EventRow | undefined;
  // Of kinds that are looked for one by one, the nearest.
  for (const selection of selectionsOf(filter, false)) {
    const found = nearestOf(trace, params, selection, filter.text?.toLowerCase() ?? '', giveUpMs);
    if (found === undefined) continue;
    if (nearest === undefined || isBefore(found, nearest) === forward) nearest = found;
  }
  if (nearest === undefined) return null;
  const { id, event, text } = detailOf(eventOf(nearest));
  return { atNs: event.atNs, id, text };
}

/** @throws when a rare text is not met in time */
function nearestOf(
  trace: TraceConnection,
  { atNs, id, direction }: QueryParams<'step'>,
  { index, where, values }: Selection,
  text: string,
  giveUpMs: number,
): EventRow | undefined {
  const forward = direction === 'next';
  const at = id === undefined ? undefined : parseEventId(id);
  const beyond = forward ? '>' : '<';
  const [bound, bounds] =
    at === undefined
      ? [`at_ns ${beyond} ?`, [atNs]]
      : [
          `at_ns ${beyond}= ? AND (at_ns ${beyond} ? OR (source, incarnation, seq) ${beyond} (?, ?, ?))`,
          [atNs, atNs, at.source, at.incarnation, at.seq],
        ];
  const sql = `SELECT ${EVENT_COLUMNS} FROM event INDEXED BY ${index} WHERE ${bound}${where} ${forward ? IN_ORDER : IN_REVERSE}`;
  if (text === '') return trace.statement(`${sql} LIMIT 1`).get(...bounds, ...values) as EventRow | undefined;
  let read = 0;
  for (const row of trace.database.prepare(sql).iterate(...bounds, ...values) as Iterable<EventRow>) {
    if (holdsText(row, text)) return row;
    if (++read % 4_096 === 0 && performance.now() > giveUpMs)
      throw new Error(`none of the next ${read} events holds “${text}”; name a type or a node beside it`);
  }
  return undefined;
}

/** Whether an event stands before another in the order of a trace. */
function isBefore(a: EventRow, b: EventRow): boolean {
  const order =
    a.at_ns - b.at_ns || compare(a.source, b.source) || a.incarnation - b.incarnation || a.seq - b.seq;
  return order < 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** By the rows of the elections, which are few, whatever the trace holds. */
function stepElections(trace: TraceConnection, { atNs, direction }: QueryParams<'step'>): Step | null {
  const forward = direction === 'next';
  const event = trace
    .statement(
      `SELECT event FROM election WHERE elected_ns ${forward ? '>' : '<'} ?
      ORDER BY elected_ns ${forward ? 'ASC' : 'DESC'} LIMIT 1`,
    )
    .pluck()
    .get(atNs) as EventId | undefined;
  return event === undefined ? null : stepTo(trace, event);
}

/** To the first event of a term: the one by which somebody entered it first. Only changes of term are read, and from the cursor on. */
function stepTerms(trace: TraceConnection, { atNs, direction }: QueryParams<'step'>): Step | null {
  const forward = direction === 'next';
  const rows = trace.database
    .prepare(
      `SELECT source, incarnation, seq, at_ns AS atNs, term FROM event INDEXED BY event_by_kind
      WHERE kind = 'term' AND at_ns ${forward ? '>' : '<'} ? ${forward ? IN_ORDER : IN_REVERSE}`,
    )
    .iterate(atNs) as Iterable<Position & { term: number }>;
  const earlier = trace
    .statement(
      `SELECT 1 FROM event INDEXED BY event_by_kind WHERE kind = 'term' AND term = ?
        AND at_ns <= ? AND (at_ns < ? OR (source, incarnation, seq) < (?, ?, ?)) LIMIT 1`,
    )
    .pluck();
  for (const { source, incarnation, seq, atNs: enteredNs, term } of rows) {
    const entered = earlier.get(term, enteredNs, enteredNs, source, incarnation, seq) !== undefined;
    if (!entered) return stepTo(trace, `${source}/${incarnation}/${seq}`);
  }
  return null;
}

function stepTo(trace: TraceConnection, id: EventId): Step | null {
  const detail = findEvent(trace, id);
  return detail === null ? null : { atNs: detail.event.atNs, id, text: detail.text };
}

function stepFindings(trace: TraceConnection, { atNs, direction }: QueryParams<'step'>): Step | null {
  const forward = direction === 'next';
  const row = trace
    .statement(
      `SELECT key, at_ns, event, text FROM finding WHERE at_ns ${forward ? '>' : '<'} ?
      ORDER BY at_ns ${forward ? 'ASC' : 'DESC'}, key LIMIT 1`,
    )
    .get(atNs) as { key: number; at_ns: Nanoseconds; event: EventId | null; text: string } | undefined;
  return row === undefined
    ? null
    : { atNs: row.at_ns, id: row.event ?? `finding ${row.key}`, text: row.text };
}
