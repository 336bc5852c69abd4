/** Changes the bookmarks of an open trace. Who calls it has the right to write the file: its recorder, or a writer once there is none. */
import type { BookmarkChange } from './model/queries.ts';
import type { SqliteDatabase } from './sqlite.ts';

export const BOOKMARKS_MAX = 1_000;

/** @throws with a sentence for the user when the bookmark is not there, or there are too many */
export function changeBookmarks(database: SqliteDatabase, change: BookmarkChange): void {
  if (change.kind === 'add') {
    const { id, atNs, event, title, note, fromNs, toNs, createdAt } = change.bookmark;
    const count = database.prepare('SELECT count(*) FROM bookmark').pluck().get() as number;
    if (count >= BOOKMARKS_MAX)
      throw new Error(`A trace holds at most ${BOOKMARKS_MAX} bookmarks. Remove one first.`);
    database
      .prepare(
        `INSERT INTO bookmark (id, at_ns, event, title, note, from_ns, to_ns, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(id, atNs, event, title, note, fromNs, toNs, createdAt);
    return;
  }
  const { changes } =
    change.kind === 'change'
      ? database
          .prepare('UPDATE bookmark SET title = ?, note = ? WHERE id = ?')
          .run(change.title, change.note, change.id)
      : database.prepare('DELETE FROM bookmark WHERE id = ?').run(change.id);
  if (changes === 0)
    throw new Error('This bookmark is no longer in the trace; another window may have removed it.');
}
