/** Keeps the `entry` table: which entries stood in which node's log, from when to when. */
import type { LogIndex, NodeId, Term } from '../../consensus/replica.ts';
import type { EventKind, Nanoseconds, TraceEvent } from '../model/events.ts';
import { readEventsOfKinds } from '../reader/rows.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';

interface StoredRange {
  key: number;
  first: number;
  last: number;
  term: number;
  hash: number | null;
  from_ns: number;
  commands: string | null;
}

type LogEvent = Extract<
  TraceEvent,
  { kind: 'append' | 'truncate' | 'compact' | 'snapshot' | 'node-started' }
>;

const LOG_KINDS: ReadonlySet<EventKind> = new Set<EventKind>([
  'append',
  'truncate',
  'compact',
  'snapshot',
  'node-started',
]);

export class LogEntries {
  readonly #database: SqliteDatabase;
  readonly #lastIndex = new Map<NodeId, LogIndex>();
  /** Node -> the time of its newest event seen. */
  readonly #newestNs = new Map<NodeId, Nanoseconds>();
  /** An event came after others of its node that it should have preceded. */
  #stale = false;
  readonly #insert: SqliteStatement;
  readonly #from: SqliteStatement;
  readonly #upTo: SqliteStatement;
  readonly #held: SqliteStatement;
  readonly #end: SqliteStatement;
  readonly #shorten: SqliteStatement;
  readonly #startLater: SqliteStatement;

  /** Takes up what an earlier recorder of the same file left open. */
  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#insert = database.prepare(
      'INSERT INTO entry (node, first, last, term, hash, from_ns, to_ns, commands) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#from = database.prepare(
      `SELECT key, first, last, term, hash, from_ns, commands FROM entry INDEXED BY entry_open
      WHERE node = ? AND last >= ? AND to_ns IS NULL
        AND first >= coalesce((SELECT max(first) FROM entry WHERE node = ? AND first <= ? AND to_ns IS NULL), 0)`,
    );
    this.#upTo = database.prepare(
      `SELECT key, first, last, term, hash, from_ns, commands FROM entry INDEXED BY entry_open
      WHERE node = ? AND first <= ? AND to_ns IS NULL`,
    );
    this.#held = database.prepare(
      `SELECT min(first) AS first, max(last) AS last FROM entry INDEXED BY entry_open
      WHERE node = ? AND to_ns IS NULL`,
    );
    this.#end = database.prepare('UPDATE entry SET to_ns = ? WHERE key = ?');
    this.#shorten = database.prepare('UPDATE entry SET last = ?, hash = NULL, commands = ? WHERE key = ?');
    this.#startLater = database.prepare('UPDATE entry SET first = ?, commands = ? WHERE key = ?');
    const last = database.prepare(
      'SELECT node, max(last) AS last FROM entry WHERE to_ns IS NULL GROUP BY node',
    );
    for (const row of last.iterate() as Iterable<{ node: string; last: number }>) {
      this.#lastIndex.set(row.node, row.last);
    }
    const recorded = database.prepare(
      `SELECT source, at_ns AS atNs FROM event WHERE kind IN (${[...LOG_KINDS].map((kind) => `'${kind}'`).join(', ')}) ORDER BY key`,
    );
    for (const { source, atNs } of recorded.iterate() as Iterable<{ source: string; atNs: number }>) {
      if (atNs < (this.#newestNs.get(source) ?? 0)) this.#stale = true;
      else this.#newestNs.set(source, atNs);
    }
  }

  feed(event: LogEvent): void {
    const { source, atNs } = event;
    if (atNs < (this.#newestNs.get(source) ?? 0)) this.#stale = true;
    else this.#newestNs.set(source, atNs);
    switch (event.kind) {
      case 'append':
        this.#append(event);
        break;
      case 'truncate':
        this.#cut(source, event.first, atNs);
        break;
      case 'compact':
        this.#compact(source, event.to, atNs);
        break;
      case 'snapshot':
        // The leader's takes the place of the whole log.
        if (event.stage !== 'installed') break;
        this.#compact(source, this.#lastIndex.get(source) ?? 0, atNs);
        this.#lastIndex.set(source, event.index);
        break;
      case 'node-started':
        this.#start(event);
        break;
    }
  }

  /** Before the trace is closed: once more from the recorded events in their order, should one have come late. */
  finish(): void {
    if (!this.#stale) return;
    this.#database.exec('DELETE FROM entry');
    this.#lastIndex.clear();
    this.#newestNs.clear();
    for (const event of [...readEventsOfKinds(this.#database, LOG_KINDS)]) this.feed(event as LogEvent);
    this.#stale = false;
  }

  #append(event: Extract<TraceEvent, { kind: 'append' }>): void {
    const { source, first, last, term, hash, atNs, entries } = event;
    this.#cut(source, first, atNs);
    const commands = entries === undefined ? null : JSON.stringify(entries.map((entry) => entry.data));
    this.#insert.run(source, first, last, term, hash, atNs, null, commands);
    this.#lastIndex.set(source, last);
  }

  /**
   * An incarnation found its log on its disk: what the last one appended or let go of and did not make durable is gone, or there
   * again.
   */
  #start(event: Extract<TraceEvent, { kind: 'node-started' }>): void {
    const { source, lastIndex, atNs, log, snapshot } = event;
    this.#cut(source, lastIndex + 1, atNs);
    this.#compact(source, log[0] === undefined ? (snapshot?.index ?? 0) : log[0].first - 1, atNs);
    const held = this.#held.get(source) as { first: number | null; last: number | null };
    const heldFirst = held.first ?? Infinity;
    const heldLast = held.last ?? 0;
    for (const { first, last, term } of log) {
      this.#found(source, first, Math.min(last, heldFirst - 1), term, atNs);
      if (held.last !== null) this.#found(source, Math.max(first, heldLast + 1), last, term, atNs);
    }
    this.#lastIndex.set(source, lastIndex);
  }

  #found(node: NodeId, first: LogIndex, last: LogIndex, term: Term, atNs: Nanoseconds): void {
    if (first <= last) this.#insert.run(node, first, last, term, null, atNs, null, null);
  }

  /** A snapshot holds what the entries up to `to` led to: here they end. */
  #compact(node: NodeId, to: LogIndex, atNs: Nanoseconds): void {
    if (to === 0) return;
    for (const range of this.#upTo.all(node, to) as StoredRange[]) {
      if (range.last <= to) {
        this.#end.run(atNs, range.key);
        continue;
      }
      const commands = range.commands === null ? null : (JSON.parse(range.commands) as string[]);
      const gone = to - range.first + 1;
      this.#startLater.run(to + 1, json(commands?.slice(gone)), range.key);
      const { first, term, from_ns } = range;
      this.#insert.run(node, first, to, term, null, from_ns, atNs, json(commands?.slice(0, gone)));
    }
  }

  #cut(node: NodeId, first: LogIndex, atNs: Nanoseconds): void {
    if (first > (this.#lastIndex.get(node) ?? 0)) return;
    for (const range of this.#from.all(node, first, node, first) as StoredRange[]) {
      if (range.first >= first) {
        this.#end.run(atNs, range.key);
        continue;
      }
      const commands = range.commands === null ? null : (JSON.parse(range.commands) as string[]);
      const kept = first - range.first;
      this.#shorten.run(first - 1, json(commands?.slice(0, kept)), range.key);
      const { last, term, hash, from_ns } = range;
      this.#insert.run(node, first, last, term, hash, from_ns, atNs, json(commands?.slice(kept)));
    }
    this.#lastIndex.set(node, first - 1);
  }
}

function json(commands: string[] | undefined): string | null {
  return commands === undefined ? null : JSON.stringify(commands);
}
