/** Keeps the `entry` table: which entries stood in which node's log, from when to when. */
import type { LogIndex, NodeId } from '../../consensus/replica.ts';
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

type LogEvent = Extract<TraceEvent, { kind: 'append' | 'truncate' | 'node-started' }>;

const LOG_KINDS: ReadonlySet<EventKind> = new Set<EventKind>(['append', 'truncate', 'node-started']);

export class LogEntries {
  readonly #database: SqliteDatabase;
  readonly #lastIndex = new Map<NodeId, LogIndex>();
  /** Node -> the time of its newest event seen. */
  readonly #newestNs = new Map<NodeId, Nanoseconds>();
  /** An event came after others of its node that it should have preceded. */
  #stale = false;
  readonly #insert: SqliteStatement;
  readonly #from: SqliteStatement;
  readonly #end: SqliteStatement;
  readonly #shorten: SqliteStatement;

  /** Takes up what an earlier recorder of the same file left open. */
  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#insert = database.prepare(
      'INSERT INTO entry (node, first, last, term, hash, from_ns, to_ns, commands) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#from = database.prepare(
      'SELECT key, first, last, term, hash, from_ns, commands FROM entry WHERE node = ? AND last >= ? AND to_ns IS NULL',
    );
    this.#end = database.prepare('UPDATE entry SET to_ns = ? WHERE key = ?');
    this.#shorten = database.prepare('UPDATE entry SET last = ?, hash = NULL, commands = ? WHERE key = ?');
    const last = database.prepare(
      'SELECT node, max(last) AS last FROM entry WHERE to_ns IS NULL GROUP BY node',
    );
    for (const row of last.iterate() as Iterable<{ node: string; last: number }>) {
      this.#lastIndex.set(row.node, row.last);
    }
    const recorded = database.prepare(
      `SELECT source, at_ns AS atNs FROM event WHERE kind IN ('append', 'truncate', 'node-started') ORDER BY key`,
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
    if (event.kind === 'append') this.#append(event);
    else if (event.kind === 'truncate') this.#cut(event.source, event.first, event.atNs);
    else this.#start(event);
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

  /** An incarnation found its log on its disk: what the last one appended and did not make durable is gone. */
  #start(event: Extract<TraceEvent, { kind: 'node-started' }>): void {
    const { source, lastIndex, atNs } = event;
    this.#cut(source, lastIndex + 1, atNs);
    if (this.#lastIndex.has(source)) return;
    for (const { first, last, term } of event.log)
      this.#insert.run(source, first, last, term, null, atNs, null, null);
    if (lastIndex > 0) this.#lastIndex.set(source, lastIndex);
  }

  #cut(node: NodeId, first: LogIndex, atNs: Nanoseconds): void {
    if (first > (this.#lastIndex.get(node) ?? 0)) return;
    for (const range of this.#from.all(node, first) as StoredRange[]) {
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
