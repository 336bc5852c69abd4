/** Turns spooled events into rows of `event` and `fault`. */
import type { EventId, EventPayload, TraceEvent } from '../model/events.ts';
import type { SpooledEvent } from '../spool/reader.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';

/** Parses the payload. The spool is the lab's own file and its frames are checksummed, so its form is not checked again. */
export function toTraceEvent(spooled: SpooledEvent): TraceEvent {
  const event = JSON.parse(spooled.json) as EventPayload & {
    -readonly [F in keyof SpooledEvent]?: SpooledEvent[F];
  };
  event.source = spooled.source;
  event.incarnation = spooled.incarnation;
  event.seq = spooled.seq;
  event.atNs = spooled.atNs;
  event.step = spooled.step;
  if (spooled.cause !== null) event.cause = spooled.cause;
  return event as TraceEvent;
}

const COLUMNS = 'source, incarnation, seq, at_ns, step, cause, kind, term, body';
const ROW = `(${COLUMNS.replaceAll(/\w+/g, '?')})`;
const VALUES_A_ROW = COLUMNS.split(', ').length;

export class EventRows {
  readonly #insert: SqliteStatement;
  readonly #insertMany: SqliteStatement;
  readonly #rowsAtOnce: number;
  /** Values of rows that wait to be inserted together. */
  #waiting: unknown[] = [];
  readonly #faultStarted: SqliteStatement;
  readonly #faultEnded: SqliteStatement;

  /** @param rowsAtOnce so many rows wait for each other, if need be until `flush`: inserting them together is cheaper */
  constructor(database: SqliteDatabase, rowsAtOnce = 1) {
    this.#rowsAtOnce = rowsAtOnce;
    this.#insert = database.prepare(`INSERT INTO event (${COLUMNS}) VALUES ${ROW}`);
    const rows = Array.from({ length: rowsAtOnce }, () => ROW).join(', ');
    this.#insertMany = database.prepare(`INSERT INTO event (${COLUMNS}) VALUES ${rows}`);
    this.#faultStarted = database.prepare(
      `INSERT INTO fault (id, type, targets, parameters, from_ns, event) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET type = excluded.type, targets = excluded.targets,
        parameters = excluded.parameters, from_ns = excluded.from_ns, event = excluded.event`,
    );
    this.#faultEnded = database.prepare(
      'INSERT INTO fault (id, to_ns) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET to_ns = excluded.to_ns',
    );
  }

  /** A receipt's cause is its message, whether its source said so or not. */
  insert(event: TraceEvent, cause: EventId | null, json: string): void {
    const { source, incarnation, seq, atNs, step, kind } = event;
    this.#waiting.push(
      source,
      incarnation,
      seq,
      atNs,
      step,
      cause ?? impliedCause(event),
      kind,
      termOf(event),
      json,
    );
    if (this.#waiting.length < this.#rowsAtOnce * VALUES_A_ROW) return;
    this.#insertMany.run(this.#waiting);
    this.#waiting = [];
  }

  flush(): void {
    for (let at = 0; at < this.#waiting.length; at += VALUES_A_ROW)
      this.#insert.run(this.#waiting.slice(at, at + VALUES_A_ROW));
    this.#waiting = [];
  }

  fault(event: Extract<TraceEvent, { kind: 'fault-started' | 'fault-ended' }>): void {
    if (event.kind === 'fault-ended') {
      this.#faultEnded.run(event.fault, event.atNs);
      return;
    }
    const { fault, type, targets, parameters, atNs, source, incarnation, seq } = event;
    const id = `${source}/${incarnation}/${seq}`;
    this.#faultStarted.run(fault, type, JSON.stringify(targets), JSON.stringify(parameters), atNs, id);
  }
}

function impliedCause(event: TraceEvent): EventId | null {
  return event.kind === 'arrive' || event.kind === 'deliver' || event.kind === 'drop' ? event.message : null;
}

function termOf(event: TraceEvent): number | null {
  if (event.kind === 'term') return event.to;
  return 'term' in event ? event.term : null;
}
