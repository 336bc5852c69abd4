import type { BookmarkRow, QueryAnswer } from '../../model/queries.ts';
import { BOOKMARKS_MAX } from '../../bookmarks.ts';
import type { TraceConnection } from '../connection.ts';

export function bookmarks(trace: TraceConnection): QueryAnswer<'bookmarks'> {
  return {
    bookmarks: trace
      .statement(
        `SELECT id, at_ns AS atNs, event, title, note, from_ns AS fromNs, to_ns AS toNs, created_at AS createdAt
        FROM bookmark ORDER BY at_ns, key LIMIT ?`,
      )
      .all(BOOKMARKS_MAX) as BookmarkRow[],
  };
}
