/** Version 2: bookmarks with titles and notes, lanes as rows, and densities at more widths and of more things. */
import { v7 as uuid } from 'uuid';
import type { NodeId } from '../../consensus/replica.ts';
import type { EventKind, Nanoseconds } from '../model/events.ts';
import { MARK_KINDS } from '../model/lane-marks.ts';
import { readEventsOfKinds } from '../reader/rows.ts';
import { Density } from '../recorder/density.ts';
import { Lanes } from '../recorder/lanes.ts';
import { STATEMENTS, objectsOf } from '../schema.ts';
import type { SqliteDatabase } from '../sqlite.ts';
import { VERSION_1 } from './version-1.ts';

const REPLAYED: ReadonlySet<EventKind> = new Set<EventKind>([...MARK_KINDS, 'commit']);

export function from1To2(database: SqliteDatabase): void {
  const bookmarks = database.prepare('SELECT at_ns, event, text FROM bookmark ORDER BY key').all();
  database.exec('DROP TABLE bookmark');
  database.exec('DELETE FROM density');
  const known = objectsOf(VERSION_1);
  for (const [name, statement] of objectsOf(STATEMENTS)) {
    if (known.get(name) !== statement) database.exec(statement);
  }
  keepBookmarks(database, bookmarks as OldBookmark[]);
  new Lanes(database).rewrite();
  countAnew(database);
}

interface OldBookmark {
  at_ns: Nanoseconds;
  event: string | null;
  text: string;
}

/** When they were made nobody wrote down: the run's start stands for it. */
function keepBookmarks(database: SqliteDatabase, bookmarks: readonly OldBookmark[]): void {
  const startedAt = database.prepare('SELECT started_at FROM run').pluck().get();
  const insert = database.prepare(
    "INSERT INTO bookmark (id, at_ns, event, title, note, created_at) VALUES (?, ?, ?, ?, '', ?)",
  );
  for (const { at_ns, event, text } of bookmarks) insert.run(uuid(), at_ns, event, text, startedAt);
}

/** Nothing is written before all has been read: a connection does one at a time. */
function countAnew(database: SqliteDatabase): void {
  const density = new Density(database);
  const kinds = database.prepare('SELECT kind, at_ns FROM event INDEXED BY event_by_kind').raw();
  for (const row of kinds.iterate()) {
    const [kind, atNs] = row as [EventKind, Nanoseconds];
    density.count(kind, atNs);
  }
  for (const event of readEventsOfKinds(database, REPLAYED)) {
    if (event.kind === 'commit') density.commit(event);
    else density.mark(event);
  }
  countMessages(database, density);
  countOperations(database, density);
  density.flush();
}

function countMessages(database: SqliteDatabase, density: Density): void {
  const rows = database
    .prepare('SELECT sender, receiver, rank, sent_ns, fate FROM message WHERE sent_ns IS NOT NULL')
    .raw();
  for (const row of rows.iterate()) {
    const [from, to, rank, sentNs, fate] = row as [NodeId, NodeId, number, Nanoseconds, string];
    density.sent(from, to, rank, sentNs);
    if (fate === 'lost' || fate === 'dropped') density.lost(from, to, sentNs, 1);
  }
}

function countOperations(database: SqliteDatabase, density: Density): void {
  const rows = database.prepare('SELECT invoked_ns, completed_ns, outcome FROM operation').raw();
  for (const row of rows.iterate()) {
    const [invokedNs, completedNs, outcome] = row as [
      Nanoseconds | null,
      Nanoseconds | null,
      'ok' | 'fail' | 'unknown',
    ];
    if (invokedNs !== null) density.invoked(invokedNs);
    if (completedNs !== null)
      density.completed(completedNs, outcome, completedNs - (invokedNs ?? completedNs));
  }
}
