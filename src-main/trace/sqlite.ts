/** The only place that opens SQLite: traces, node logs and state machines all come through here. */
import Database from 'better-sqlite3';
import { pathToFileURL } from 'node:url';

export type SqliteDatabase = Database.Database;
export type SqliteStatement = Database.Statement;

export interface OpenOptions {
  /** The file must exist and is never written. */
  readonly?: boolean;
  /** With `readonly`: nobody writes the file, so no lock and no side file is needed (for folders that cannot be written). */
  immutable?: boolean;
  /** How long a statement waits for another connection's lock. */
  lockTimeoutMs?: number;
}

/**
 * Opens (or makes) a database. The schema of a file is never trusted to call functions with side effects, and cell sizes are
 * checked as pages are read, so that a damaged or hostile file ends in an error instead of undefined behaviour.
 *
 * `QUORUM_LAB_SQLITE_BINDING` names a native binding built for a runtime that the shipped one does not fit.
 *
 * @throws with SQLite's own code and message when the file cannot be opened
 */
export function openDatabase(file: string, options: OpenOptions = {}): SqliteDatabase {
  const binding = process.env['QUORUM_LAB_SQLITE_BINDING'];
  const readonly = options.readonly ?? false;
  const name = options.immutable ? `${pathToFileURL(file).href}?immutable=1` : file;
  const database = new Database(name, {
    readonly,
    timeout: options.lockTimeoutMs ?? 5000,
    ...(binding ? { nativeBinding: binding } : {}),
  });
  database.pragma('trusted_schema = OFF');
  database.pragma('cell_size_check = ON');
  return database;
}
