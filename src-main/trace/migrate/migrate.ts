/** Brings a trace of an earlier version to this one. */
import { APPLICATION_ID, SCHEMA_VERSION, STATEMENTS, objectsOf } from '../schema.ts';
import type { SqliteDatabase } from '../sqlite.ts';
import { from1To2 } from './from-1-to-2.ts';
import { VERSION_1 } from './version-1.ts';

/** The statements that made the tables and indexes of each version, which a file must hold word for word. */
const VERSIONS: ReadonlyMap<number, readonly string[]> = new Map([
  [1, VERSION_1],
  [SCHEMA_VERSION, STATEMENTS],
]);

/** Version -> what brings a trace of it to the next one. */
const STEPS: ReadonlyMap<number, (database: SqliteDatabase) => void> = new Map([[1, from1To2]]);

/** Name -> statement of every table and index of a trace of that version; undefined for one that never was. */
export function schemaOf(version: number): ReadonlyMap<string, string> | undefined {
  const statements = VERSIONS.get(version);
  return statements && objectsOf(statements);
}

/**
 * In one transaction: the file is of its old version or of this one, whenever the process ends. Its tables must be those of its version.
 * @returns whether anything was to be done
 * @throws when the file is no trace, of a version that never was, or cannot be written
 */
export function migrate(database: SqliteDatabase): boolean {
  if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID)
    throw new Error('this is no trace');
  let version = Number(database.pragma('user_version', { simple: true }));
  if (version === SCHEMA_VERSION) return false;
  if (schemaOf(version) === undefined) throw new Error(`there is no trace version ${version}`);
  database
    .transaction(() => {
      for (; version < SCHEMA_VERSION; version++) STEPS.get(version)?.(database);
      database.pragma(`user_version = ${SCHEMA_VERSION}`);
    })
    .exclusive();
  return true;
}
