/** Keeps the write-ahead log of a recording small. */
import { statSync } from 'node:fs';
import type { SqliteDatabase } from '../sqlite.ts';

/**
 * A reader that holds on to a moment of the recording keeps all that came later in the write-ahead log.
 * @returns whether more may be written: false while such a reader keeps more than `bytesMax` there
 */
export function keepWalBounded(database: SqliteDatabase, file: string, bytesMax: number): boolean {
  const bytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= bytesMax) return true;
  const patience: unknown = database.pragma('busy_timeout', { simple: true });
  database.pragma('busy_timeout = 0');
  try {
    return database.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0;
  } finally {
    database.pragma(`busy_timeout = ${Number(patience)}`);
  }
}
