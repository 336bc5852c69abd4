/** Folds the state as events are recorded and stores it every so often, so that any moment can be reached by a short fold. */
import type { NodeId } from '../../consensus/replica.ts';
import type { TraceEvent } from '../model/events.ts';
import { STATE_KINDS, initialState, reduce } from '../model/reducer.ts';
import type { ClusterState } from '../model/state.ts';
import { readKeyframe, readStateEvents } from '../reader/rows.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';
import { PacedWork } from './paced-work.ts';
import { compareEvents } from './spool-folder.ts';

/** Between two keyframes: events that change the state, and events altogether. */
const STATE_EVENTS_MAX = 2_000;
const EVENTS_MAX = 10_000;

type Position = Pick<TraceEvent, 'atNs' | 'source' | 'incarnation' | 'seq'>;

/** Before the first event: no source is called so. */
const START: Position = { atNs: 0, source: '', incarnation: 0, seq: 0 };

export class Keyframes {
  #state: ClusterState;
  #last: Position;
  #stateEvents = 0;
  #events = 0;
  /** An event came after others that it should have preceded: the state is to be folded anew. */
  #stale = false;
  readonly #folding = new PacedWork(() => this.#fold());
  readonly #database: SqliteDatabase;
  readonly #nodes: NodeId[];
  readonly #insert: SqliteStatement;
  readonly #removeFrom: SqliteStatement;

  /** Takes up the state where an earlier recorder of the same file left it. */
  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#nodes = JSON.parse(database.prepare('SELECT nodes FROM run').pluck().get() as string) as NodeId[];
    this.#insert = database.prepare(
      'INSERT OR REPLACE INTO keyframe (at_ns, source, incarnation, seq, state) VALUES (?, ?, ?, ?, ?)',
    );
    this.#removeFrom = database.prepare(
      'DELETE FROM keyframe WHERE (at_ns, source, incarnation, seq) > (?, ?, ?, ?)',
    );
    this.#state = initialState(this.#nodes);
    this.#last = START;
    this.#folding.run();
  }

  /** The state after everything recorded. */
  get state(): ClusterState {
    if (this.#stale && this.#folding.due) this.#folding.run();
    return this.#state;
  }

  feed(event: TraceEvent): void {
    if (compareEvents(event, this.#last) < 0) {
      if (STATE_KINDS.has(event.kind)) this.#late(event);
      return;
    }
    const { atNs, source, incarnation, seq } = event;
    this.#last = { atNs, source, incarnation, seq };
    this.#events++;
    if (STATE_KINDS.has(event.kind)) {
      reduce(this.#state, event);
      this.#stateEvents++;
    } else this.#state.atNs = atNs;
    if (this.#stateEvents < STATE_EVENTS_MAX && this.#events < EVENTS_MAX) return;
    if (this.#stale) this.#folding.run();
    this.#insert.run(atNs, source, incarnation, seq, JSON.stringify(this.#state));
    this.#stateEvents = 0;
    this.#events = 0;
  }

  /** Before the trace is closed. */
  finish(): void {
    if (this.#stale) this.#folding.run();
  }

  #late(event: TraceEvent): void {
    const { atNs, source, incarnation, seq } = event;
    this.#removeFrom.run(atNs, source, incarnation, seq);
    reduce(this.#state, event);
    this.#stale = true;
  }

  /** From the newest keyframe through everything recorded since. */
  #fold(): void {
    const keyframe = readKeyframe(this.#database, Number.MAX_SAFE_INTEGER);
    this.#state = keyframe?.state ?? initialState(this.#nodes);
    this.#last = keyframe ?? START;
    this.#stateEvents = 0;
    this.#events = 0;
    for (const event of readStateEvents(this.#database, this.#last, Number.MAX_SAFE_INTEGER)) {
      const { atNs, source, incarnation, seq } = event;
      this.#last = { atNs, source, incarnation, seq };
      reduce(this.#state, event);
      this.#stateEvents++;
    }
    this.#stale = false;
  }
}
