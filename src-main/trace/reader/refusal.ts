/** Decides whether a file is a trace that can be shown. Files come from anywhere, so nothing in them is believed. */
import { closeSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { schemaOf } from '../migrate/migrate.ts';
import { APPLICATION_ID, SCHEMA_VERSION } from '../schema.ts';
import type { SqliteDatabase } from '../sqlite.ts';

/** The file is no trace that can be shown. The message is one sentence or two that name the file and the remedy. */
export class TraceRefused extends Error {}

const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const MAGIC = 'SQLite format 3\0';
const CHOOSE = 'Choose a trace that Quorum Lab recorded (its name ends in .qlab)';

/** @throws TraceRefused when what can be seen without SQLite rules the file out */
export function checkBytes(file: string): void {
  const size = sizeOf(file);
  if (size === 0) throw new TraceRefused(`${file} is empty. ${CHOOSE}, or copy it again.`);
  const head = readHead(file);
  if (head.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw new TraceRefused(`${file} is not a trace: it is no SQLite file. ${CHOOSE}.`);
  }
  const pages = head.readUInt32BE(28);
  const stored = head.readUInt16BE(16);
  const pageBytes = stored === 1 ? 65_536 : stored;
  const walBytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (walBytes === 0 && size < pages * pageBytes) {
    throw new TraceRefused(
      `${file} is cut short: it has ${size} of ${pages * pageBytes} bytes. Copy it again from where it came.`,
    );
  }
}

/** @throws TraceRefused when the open file is no trace of a version that this lab reads, or its tables are not a trace's */
export function checkTables(database: SqliteDatabase, file: string): void {
  if (database.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new TraceRefused(`${file} is not a trace: it is an SQLite file of something else. ${CHOOSE}.`);
  }
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version > SCHEMA_VERSION) {
    throw new TraceRefused(
      `${file} was recorded by a later Quorum Lab (trace version ${version}; this one reads ${SCHEMA_VERSION}). Update Quorum Lab to open it.`,
    );
  }
  const schema = schemaOf(version);
  if (schema === undefined || !hasObjectsOf(schema, database))
    throw damaged(file, 'its tables are not those of a trace');
  const runs = database.prepare('SELECT count(*) FROM (SELECT 1 FROM run LIMIT 2)').pluck().get();
  if (runs !== 1) throw damaged(file, 'it says nothing about its run');
  // The id names folders and stands in links.
  const runId: unknown = database.prepare('SELECT substr(run_id, 1, 40) FROM run').pluck().get();
  if (typeof runId !== 'string' || !RUN_ID.test(runId)) throw damaged(file, 'the id of its run is none');
}

export function damaged(file: string, what: string): TraceRefused {
  return new TraceRefused(
    `${file} is damaged: ${shortened(what)}. Copy it again from where it came, or record the run anew.`,
  );
}

/** SQLite repeats the statement that it could not read, whatever its length. */
function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

/** Puts an error met while opening into a sentence for the user. */
export function refusalOf(error: unknown, file: string): TraceRefused {
  if (error instanceof TraceRefused) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new TraceRefused(
      `${file} may not be read by this user. Mend its permissions, or copy it to a folder of yours.`,
    );
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return new TraceRefused(
      `${file} is locked by another program. Close that program and open the trace again.`,
    );
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return damaged(file, message);
  return new TraceRefused(
    `${file} cannot be opened: ${shortened(message)}. Copy it to a folder of yours and open it there.`,
  );
}

function sizeOf(file: string): number {
  let stats: Stats | undefined;
  try {
    stats = statSync(file, { throwIfNoEntry: false });
  } catch (error) {
    // A link to itself, or a folder on the way that may not be entered.
    throw refusalOf(error, file);
  }
  if (stats === undefined)
    throw new TraceRefused(`There is no file ${file}. Check its path, or choose another trace.`);
  if (stats.isDirectory()) throw new TraceRefused(`${file} is a folder, not a trace. ${CHOOSE}.`);
  // Neither is ever opened: a pipe would wait for its other end, and a device has none.
  if (!stats.isFile()) throw new TraceRefused(`${file} is a pipe or a device, not a trace. ${CHOOSE}.`);
  return stats.size;
}

function readHead(file: string): Buffer {
  const head = Buffer.alloc(100);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  return head;
}

/** Tables and indexes must be exactly ours, character by character: no views, triggers, further tables, indexes or columns. */
function hasObjectsOf(expected: ReadonlyMap<string, string>, database: SqliteDatabase): boolean {
  const missing = new Set(expected.keys());
  const rows = database
    .prepare('SELECT type, name, tbl_name AS owner, sql FROM sqlite_schema LIMIT ?')
    .all(3 * expected.size) as { type: string; name: string; owner: string; sql: string | null }[];
  for (const { type, name, owner, sql } of rows) {
    // What the query planner was told by `ANALYZE`.
    if (type === 'table' && name === 'sqlite_stat1' && sql === 'CREATE TABLE sqlite_stat1(tbl,idx,stat)')
      continue;
    // Indexes that SQLite makes by itself for keys; they have no statement.
    if (type === 'index' && sql === null && name === `sqlite_autoindex_${owner}_1` && expected.has(owner))
      continue;
    if (sql === null || expected.get(name) !== sql || type !== typeOf(sql)) return false;
    missing.delete(name);
  }
  return missing.size === 0;
}

function typeOf(statement: string): string {
  return statement.startsWith('CREATE TABLE') ? 'table' : 'index';
}
