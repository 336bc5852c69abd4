/** Brings the file of an earlier version to this one, where it lies. */
import { APPLICATION_ID, SCHEMA_VERSION } from '../schema.ts';
import { openDatabase } from '../sqlite.ts';
import type { SqliteDatabase } from '../sqlite.ts';
import { migrate } from './migrate.ts';

/** Whether this is a trace that only a migration makes readable. */
export function isEarlier(database: SqliteDatabase): boolean {
  if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID) return false;
  const version = Number(database.pragma('user_version', { simple: true }));
  return version > 0 && version < SCHEMA_VERSION;
}

/** The tables of the file must have been compared with those of its version. @throws when it cannot be written */
export function migrateFile(file: string): void {
  const database = openDatabase(file);
  try {
    migrate(database);
  } finally {
    database.close();
  }
}
