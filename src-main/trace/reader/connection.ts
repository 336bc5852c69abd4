/** A read-only connection to a trace file, wherever the file lies and whoever else has it open. */
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isEarlier, migrateFile } from '../migrate/migrate-file.ts';
import { migrate } from '../migrate/migrate.ts';
import { openDatabase } from '../sqlite.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';
import { checkForeign } from './foreign.ts';
import { checkBytes, checkTables, refusalOf } from './refusal.ts';

export class TraceConnection {
  readonly file: string;
  readonly database: SqliteDatabase;
  /** Whether somebody may still write the file. A recorder cannot close a trace that others hold open. */
  readonly shared: boolean;
  readonly #statements = new Map<string, SqliteStatement>();
  readonly #temporary: string | undefined;

  /**
   * `foreign`: it was recorded elsewhere, and nothing in it is believed.
   * @throws TraceRefused
   */
  constructor(file: string, foreign = false) {
    this.file = file;
    try {
      checkBytes(file);
      const { database, temporary } = openOfThisVersion(file);
      this.database = database;
      this.#temporary = temporary;
    } catch (error) {
      throw refusalOf(error, file);
    }
    try {
      checkTables(this.database, file);
      if (foreign) checkForeign(this.database, file);
      this.shared =
        this.#temporary === undefined && this.database.pragma('journal_mode', { simple: true }) === 'wal';
    } catch (error) {
      this.close();
      throw refusalOf(error, file);
    }
  }

  /** Prepared once a connection. */
  statement(sql: string): SqliteStatement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  close(): void {
    this.database.close();
    if (this.#temporary !== undefined) rmSync(this.#temporary, { recursive: true, force: true });
  }
}

/** A trace of an earlier version is brought to this one: the file itself where it can be written, else a copy. */
function openOfThisVersion(file: string): { database: SqliteDatabase; temporary?: string } {
  const opened = openAnywhere(file);
  if (!isEarlier(opened.database)) return opened;
  try {
    checkTables(opened.database, file);
  } finally {
    opened.database.close();
    if (opened.temporary !== undefined) rmSync(opened.temporary, { recursive: true, force: true });
  }
  try {
    migrateFile(file);
    return openAnywhere(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!/^SQLITE_(CANTOPEN|READONLY|PERM|IOERR|BUSY|FULL)/.test(code)) throw error;
    return openCopy(file);
  }
}

/**
 * A trace in a folder that cannot be written opens too: as it is when nothing hangs on it, else (a recording was cut off
 * and its write-ahead log lies beside it) as a copy.
 */
function openAnywhere(file: string): { database: SqliteDatabase; temporary?: string } {
  try {
    return { database: openReadable(file) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!/^SQLITE_(CANTOPEN|READONLY|PERM|IOERR)/.test(code)) throw error;
  }
  return sideFiles(file).length === 0 ? { database: openReadable(file, true) } : openCopy(file);
}

function openReadable(file: string, immutable = false): SqliteDatabase {
  const database = openDatabase(file, { readonly: true, immutable });
  try {
    database.pragma('user_version');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function openCopy(file: string): { database: SqliteDatabase; temporary?: string } {
  const temporary = mkdtempSync(join(tmpdir(), 'quorum-lab-trace-'));
  try {
    const copy = join(temporary, basename(file));
    copyFileSync(file, copy);
    for (const suffix of sideFiles(file)) copyFileSync(file + suffix, copy + suffix);
    const database = openDatabase(copy);
    if (isEarlier(database)) migrate(database);
    // The reader may be killed at any moment. Where the system lets go of a name while the file is open, none is left then.
    database.pragma('journal_mode = DELETE');
    database.pragma('query_only = ON');
    if (process.platform === 'win32') return { database, temporary };
    rmSync(temporary, { recursive: true, force: true });
    return { database };
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

function sideFiles(file: string): string[] {
  return ['-wal', '-journal'].filter(
    (suffix) => existsSync(file + suffix) && statSync(file + suffix).size > 0,
  );
}
