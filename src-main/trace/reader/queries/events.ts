import type { EventKind, Nanoseconds, SourceId } from '../../model/events.ts';
import { ASKED_BY_HAND, NOTABLE_STAGES } from '../../model/notable.ts';
import type { EventDetail, EventFilter, QueryAnswer, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';
import { EVENT_COLUMNS, IN_ORDER, IN_REVERSE, eventOf } from '../rows.ts';
import type { EventRow } from '../rows.ts';
import { detailOf, findEvent } from './event-rows.ts';
import { NO_WHERE, eventsWhere } from './filter.ts';
import type { PassingKind, Where } from './filter.ts';
import { endNs } from './state-at.ts';

const ROWS_MAX = 50_000;
/** A window of more than this part of the trace holds too many events to look through for a few. */
const WIDE_SHARE = 20;
const MANY = 5_000;
/** A search reads every event of the window; the lab ends a reader that does not answer in time. */
const SEARCH_MS_MAX = 8_000;

interface Window {
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
  newestFirst: boolean;
}

/** A part of the events that one index serves. */
export interface Selection {
  index: 'event_by_time' | 'event_by_kind' | 'event_by_id' | 'event_by_cause';
  where: string;
  values: (string | number)[];
}

export function event(trace: TraceConnection, { id }: QueryParams<'event'>): EventDetail | null {
  return findEvent(trace, id);
}

export function events(trace: TraceConnection, params: QueryParams<'events'>): QueryAnswer<'events'> {
  const { fromNs, toNs, filter = {}, newestFirst = false } = params;
  const window = { fromNs, toNs, newestFirst };
  const limit = Math.min(params.limit, ROWS_MAX);
  const selections = selectionsOf(filter, (toNs - fromNs) * WIDE_SHARE > endNs(trace));
  if (filter.text !== undefined && filter.text !== '') {
    return searchText(trace, selections, window, limit, filter.text.toLowerCase());
  }
  let total = 0;
  const rows: EventRow[] = [];
  const narrow = selectionsOf(filter, false);
  for (const [at, selection] of selections.entries()) {
    const count = countOf(trace, selection, window);
    total += count;
    // Many need not be found by their messages: the first of them stand near the edge of the window.
    const near = count > MANY ? (narrow[at] ?? selection) : selection;
    for (const row of rowsOf(trace, near, window, limit)) rows.push(row);
  }
  return {
    events: inOrder(rows, newestFirst)
      .slice(0, limit)
      .map((row) => detailOf(eventOf(row))),
    total,
  };
}

/** Each kind has its own stretch of an index, so that a rare kind is found without reading the others. */
export function selectionsOf(filter: EventFilter, wide: boolean): Selection[] {
  const { kinds, sources, term, notable } = filter;
  const parts: Where[] = [];
  if (sources !== undefined) parts.push({ sql: `source IN (${marks(sources)})`, values: sources });
  if (term !== undefined) parts.push({ sql: 'term = ?', values: [term] });
  const passing = eventsWhere(filter, kinds && [...new Set<EventKind>(kinds)], wide);
  if (!isList(passing)) {
    if (passing.sql !== '') parts.push(passing);
    if (kinds === undefined) {
      const index = sources !== undefined && sources.every(isQuiet) ? 'event_by_id' : 'event_by_time';
      return [selection(index, parts)];
    }
  }
  const ofKinds: PassingKind[] = isList(passing)
    ? passing
    : [...new Set<EventKind>(kinds)].map((kind) => ({ kind, where: NO_WHERE, index: 'event_by_kind' }));
  return ofKinds.map(({ kind, where, index }) =>
    selection(index, [
      { sql: 'kind = ?', values: [kind] },
      ...parts,
      ...(where.sql === '' ? [] : [where]),
      ...(notable === true ? notableWhere(kind).map((sql) => ({ sql, values: [] })) : []),
    ]),
  );
}

function selection(index: Selection['index'], parts: readonly Where[]): Selection {
  return {
    index,
    where: parts.map(({ sql }) => ` AND ${sql}`).join(''),
    values: parts.flatMap(({ values }) => values),
  };
}

function isList(passing: ReturnType<typeof eventsWhere>): passing is PassingKind[] {
  return Array.isArray(passing);
}

/** As `isNotable` of the model. */
function notableWhere(kind: EventKind): string[] {
  switch (kind) {
    case 'role':
      return ["(body ->> '$.to' <> 'follower' OR body ->> '$.from' <> 'follower')"];
    case 'snapshot':
      return [`body ->> '$.stage' IN (${quoted(NOTABLE_STAGES)})`];
    case 'lease':
      return ["body ->> '$.held' = 0"];
    case 'refuse':
      return [`body ->> '$.what' IN (${quoted(ASKED_BY_HAND)})`];
    default:
      return [];
  }
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(', ');
}

/** Sources with few events: theirs are found faster by who recorded them than by when. */
function isQuiet(source: SourceId): boolean {
  return source === 'lab' || source === 'recorder';
}

function countOf(
  trace: TraceConnection,
  { index, where, values }: Selection,
  { fromNs, toNs }: Window,
): number {
  return trace
    .statement(`SELECT count(*) FROM event INDEXED BY ${index} WHERE at_ns >= ? AND at_ns < ?${where}`)
    .pluck()
    .get(fromNs, toNs, ...values) as number;
}

function rowsOf(
  trace: TraceConnection,
  { index, where, values }: Selection,
  { fromNs, toNs, newestFirst }: Window,
  limit: number,
): Iterable<EventRow> {
  return trace.database
    .prepare(
      `SELECT ${EVENT_COLUMNS} FROM event INDEXED BY ${index} WHERE at_ns >= ? AND at_ns < ?${where}
      ${newestFirst ? IN_REVERSE : IN_ORDER} LIMIT ?`,
    )
    .iterate(fromNs, toNs, ...values, limit) as Iterable<EventRow>;
}

/**
 * Reads every event of the window: a sentence exists only once it is put.
 * @throws when that takes too long
 */
function searchText(
  trace: TraceConnection,
  selections: readonly Selection[],
  window: Window,
  limit: number,
  text: string,
): QueryAnswer<'events'> {
  const found: EventRow[] = [];
  let total = 0;
  let read = 0;
  const giveUpMs = performance.now() + SEARCH_MS_MAX;
  for (const selection of selections) {
    let foundHere = 0;
    for (const row of rowsOf(trace, selection, window, -1)) {
      if (++read % 4_096 === 0 && performance.now() > giveUpMs) {
        throw new Error(`searching ${read} events took too long; choose kinds of events or a shorter window`);
      }
      if (!holdsText(row, text)) continue;
      total++;
      if (foundHere++ < limit) found.push(row);
    }
  }
  return {
    events: inOrder(found, window.newestFirst)
      .slice(0, limit)
      .map((row) => detailOf(eventOf(row))),
    total,
  };
}

/** `text` in lower case. */
export function holdsText(row: EventRow, text: string): boolean {
  return row.body.toLowerCase().includes(text) || detailOf(eventOf(row)).text.toLowerCase().includes(text);
}

function inOrder(rows: EventRow[], newestFirst: boolean): EventRow[] {
  rows.sort(
    (a, b) =>
      a.at_ns - b.at_ns ||
      (a.source === b.source ? a.incarnation - b.incarnation || a.seq - b.seq : a.source < b.source ? -1 : 1),
  );
  return newestFirst ? rows.reverse() : rows;
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
