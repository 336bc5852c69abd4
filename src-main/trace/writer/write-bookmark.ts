/** One change to the bookmarks of a saved trace: the reader never writes, and a file from elsewhere is believed as little as there. */
import { changeBookmarks } from '../bookmarks.ts';
import { isEarlier } from '../migrate/migrate-file.ts';
import type { BookmarkChange, TraceStatus } from '../model/queries.ts';
import { checkBytes, checkTables, refusalOf } from '../reader/refusal.ts';
import { recorderAlive } from '../recorder/liveness.ts';
import { openDatabase } from '../sqlite.ts';
import type { SqliteDatabase } from '../sqlite.ts';

/** @throws with a sentence that names file and remedy when the file is no trace of this run, is being recorded, or cannot be written */
export function writeBookmark(file: string, runId: string, change: BookmarkChange): void {
  let database: SqliteDatabase | undefined;
  try {
    checkBytes(file);
    database = openDatabase(file);
    // The reader brings a trace to this version where it lies, if it can; a copy of it is nowhere to keep anything.
    if (isEarlier(database)) throw readOnly(file);
    checkTables(database, file);
    checkRun(database, file, runId);
    database.pragma('synchronous = FULL');
    const opened = database;
    opened.transaction(() => changeBookmarks(opened, change)).immediate();
  } catch (error) {
    throw unwritable(error, file) ?? error;
  } finally {
    database?.close();
  }
}

function checkRun(database: SqliteDatabase, file: string, runId: string): void {
  const run = database.prepare('SELECT run_id, status, recorder_pid, recorder_token FROM run').get() as {
    run_id: string;
    status: TraceStatus;
    recorder_pid: number | null;
    recorder_token: string | null;
  };
  if (run.run_id !== runId)
    throw new Error(`${file} now holds another run. Open it again before you mark anything in it.`);
  if (run.status === 'recording' && recorderAlive(run.recorder_pid, run.recorder_token))
    throw new Error(`${file} is being recorded elsewhere; mark moments in it once the run has ended.`);
}

function readOnly(file: string): Error {
  return new Error(
    `${file} cannot be written, so bookmarks cannot be kept in it. Copy it to a folder of yours and open it there.`,
  );
}

/** Undefined for what has its own sentence already. */
function unwritable(error: unknown, file: string): Error | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/^SQLITE_(READONLY|CANTOPEN|PERM)/.test(code) || code === 'EROFS') return readOnly(file);
  if (code.startsWith('SQLITE_FULL'))
    return new Error(`There is no space left for a bookmark beside ${file}. Make room and try again.`);
  return code.startsWith('SQLITE_') || code === 'EACCES' ? refusalOf(error, file) : undefined;
}
