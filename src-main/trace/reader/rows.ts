/** From rows of a trace to the model's types. */
import { EVENT_KINDS } from '../model/events.ts';
import type { EventKind, Nanoseconds, TraceEvent } from '../model/events.ts';
import { STATE_KINDS, revive } from '../model/reducer.ts';
import type { ClusterState } from '../model/state.ts';
import type { SqliteDatabase } from '../sqlite.ts';

/** A place in the order of a trace. */
export interface Position {
  atNs: Nanoseconds;
  source: string;
  incarnation: number;
  seq: number;
}

export const EVENT_COLUMNS = 'source, incarnation, seq, at_ns, step, cause, body';
/** Serves from the index by time; events of one moment are sorted among themselves. */
export const IN_ORDER = 'ORDER BY at_ns, source, incarnation, seq';
export const IN_REVERSE = 'ORDER BY at_ns DESC, source DESC, incarnation DESC, seq DESC';

export interface EventRow {
  source: string;
  incarnation: number;
  seq: number;
  at_ns: number;
  step: number;
  cause: string | null;
  body: string;
}

const KINDS: ReadonlySet<unknown> = new Set(EVENT_KINDS);

/** @throws when the row does not hold an event of a kind that this lab knows */
export function eventOf(row: EventRow): TraceEvent {
  const { source, incarnation, seq, at_ns: atNs, step, cause } = row;
  const event = parsed(row.body);
  if (typeof event !== 'object' || event === null || !('kind' in event) || !KINDS.has(event.kind)) {
    throw new Error(
      `event ${source}/${incarnation}/${seq} is damaged; copy the trace again from where it came`,
    );
  }
  Object.assign(event, { source, incarnation, seq, atNs, step });
  if (cause !== null) Object.assign(event, { cause });
  return event as TraceEvent;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const STATE_KIND_LIST = [...STATE_KINDS].map((kind) => `'${kind}'`).join(', ');

/** Events that change the state, behind `after` up to and including `toNs`, in order. */
export function* readStateEvents(
  database: SqliteDatabase,
  after: Position,
  toNs: Nanoseconds,
): Generator<TraceEvent> {
  const rows = database
    .prepare(
      `SELECT ${EVENT_COLUMNS} FROM event INDEXED BY event_by_time
      WHERE at_ns >= ? AND at_ns <= ? AND kind IN (${STATE_KIND_LIST})
        AND (at_ns > ? OR (source, incarnation, seq) > (?, ?, ?)) ${IN_ORDER}`,
    )
    .iterate(after.atNs, toNs, after.atNs, after.source, after.incarnation, after.seq);
  for (const row of rows) yield eventOf(row as EventRow);
}

/** Every event, in order; of a trace of any length only a row at a time is held. */
export function* readAllEvents(database: SqliteDatabase): Generator<TraceEvent> {
  const rows = database
    .prepare(`SELECT ${EVENT_COLUMNS} FROM event INDEXED BY event_by_time ${IN_ORDER}`)
    .iterate();
  for (const row of rows) yield eventOf(row as EventRow);
}

/** Every event of these kinds, in order. */
export function* readEventsOfKinds(
  database: SqliteDatabase,
  kinds: ReadonlySet<EventKind>,
  fromNs: Nanoseconds = 0,
  toNs: Nanoseconds = Number.MAX_SAFE_INTEGER,
): Generator<TraceEvent> {
  const marks = [...kinds].map(() => '?').join(', ');
  const rows = database
    .prepare(
      `SELECT ${EVENT_COLUMNS} FROM event INDEXED BY event_by_kind
      WHERE kind IN (${marks}) AND at_ns >= ? AND at_ns < ? ${IN_ORDER}`,
    )
    .iterate(...kinds, fromNs, toNs);
  for (const row of rows) yield eventOf(row as EventRow);
}

/** The newest keyframe not after `atNs`, and the event behind which it stands. */
export function readKeyframe(
  database: SqliteDatabase,
  atNs: Nanoseconds,
): (Position & { state: ClusterState }) | undefined {
  const row = database
    .prepare(
      `SELECT at_ns, source, incarnation, seq, state FROM keyframe WHERE at_ns <= ?
      ORDER BY at_ns DESC, source DESC, incarnation DESC, seq DESC LIMIT 1`,
    )
    .get(atNs) as
    { at_ns: number; source: string; incarnation: number; seq: number; state: string } | undefined;
  if (row === undefined) return undefined;
  const { at_ns, source, incarnation, seq } = row;
  return { atNs: at_ns, source, incarnation, seq, state: revive(JSON.parse(row.state) as ClusterState) };
}
