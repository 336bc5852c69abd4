/** Keeps the `lane` table: stretches of each node's life with one status, role, term and lease. */
import type { NodeId } from '../../consensus/replica.ts';
import type { EventKind, Nanoseconds, TraceEvent } from '../model/events.ts';
import { initialState, reduce } from '../model/reducer.ts';
import type { ClusterState, NodeState } from '../model/state.ts';
import { readEventsOfKinds } from '../reader/rows.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';
import { PacedWork } from './paced-work.ts';
import { compareEvents } from './spool-folder.ts';

/** The kinds that can change a node's status, role, term or lease. */
const LANE_KINDS: ReadonlySet<EventKind> = new Set<EventKind>([
  'run-started',
  'process-spawned',
  'process-ready',
  'process-exited',
  'process-paused',
  'process-resumed',
  'node-started',
  'node-stopped',
  'role',
  'term',
  'vote',
  'lease',
]);

interface Stretch {
  node: NodeId;
  fromNs: Nanoseconds;
  status: string;
  role: string;
  term: number;
  lease: number;
}

export class Lanes {
  readonly #database: SqliteDatabase;
  readonly #nodes: NodeId[];
  readonly #write: SqliteStatement;
  #state: ClusterState;
  #last: TraceEvent | undefined;
  /** An event came after others that it should have preceded. */
  #stale = false;
  readonly #making = new PacedWork(() => this.#makeAnew());
  readonly #current = new Map<NodeId, Stretch>();
  readonly #changed = new Set<Stretch>();
  readonly #ended: (Stretch & { toNs: Nanoseconds })[] = [];

  /** Takes up what an earlier recorder of the same file has recorded. */
  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#nodes = JSON.parse(database.prepare('SELECT nodes FROM run').pluck().get() as string) as NodeId[];
    this.#write = database.prepare(
      'INSERT OR REPLACE INTO lane (node, from_ns, to_ns, status, role, term, lease) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#state = initialState(this.#nodes);
    for (const event of readEventsOfKinds(database, LANE_KINDS)) this.#take(event);
    this.#forgetChanges();
  }

  feed(event: TraceEvent): void {
    if (!LANE_KINDS.has(event.kind)) return;
    if (this.#last !== undefined && compareEvents(event, this.#last) < 0) this.#stale = true;
    else this.#take(event);
  }

  /** Writes the rows that changed. */
  flush(): void {
    if (this.#stale && this.#making.due) this.#making.run();
    this.#writeChanges();
  }

  /** All of it, from the recorded events. */
  rewrite(): void {
    this.#making.run();
    this.#writeChanges();
  }

  /** Before the trace is closed. */
  finish(): void {
    if (this.#stale) this.#making.run();
    this.#writeChanges();
  }

  #take(event: TraceEvent): void {
    this.#last = event;
    reduce(this.#state, event);
    for (const node of this.#state.nodes) this.#follow(node, event.atNs);
  }

  #follow({ id, status, role, term, lease: held }: NodeState, atNs: Nanoseconds): void {
    const lease = held === null ? 0 : 1;
    const current = this.#current.get(id);
    if (
      current?.status === status &&
      current.role === role &&
      current.term === term &&
      current.lease === lease
    )
      return;
    if (current === undefined && status === 'absent') return;
    const next = { node: id, fromNs: atNs, status, role, term, lease };
    this.#current.set(id, next);
    this.#changed.add(next);
    if (current === undefined) return;
    this.#changed.delete(current);
    // Changes of one moment leave nothing between them: the next row takes this one's place.
    if (current.fromNs < atNs) this.#ended.push({ ...current, toNs: atNs });
  }

  #writeChanges(): void {
    for (const ended of this.#ended) this.#writeRow(ended, ended.toNs);
    for (const stretch of this.#changed) this.#writeRow(stretch, null);
    this.#forgetChanges();
  }

  #writeRow({ node, fromNs, status, role, term, lease }: Stretch, toNs: Nanoseconds | null): void {
    this.#write.run(node, fromNs, toNs, status, role, term, lease);
  }

  #forgetChanges(): void {
    this.#ended.length = 0;
    this.#changed.clear();
  }

  #makeAnew(): void {
    this.#database.exec('DELETE FROM lane');
    this.#state = initialState(this.#nodes);
    this.#current.clear();
    this.#forgetChanges();
    for (const event of [...readEventsOfKinds(this.#database, LANE_KINDS)]) this.#take(event);
    this.#stale = false;
  }
}
