/** Makes a trace file, or opens one to go on recording into it. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunHeader } from '../protocol.ts';
import { migrate, schemaOf } from '../migrate/migrate.ts';
import { APPLICATION_ID, SCHEMA_VERSION, createTables } from '../schema.ts';
import { openDatabase } from '../sqlite.ts';
import type { SqliteDatabase } from '../sqlite.ts';
import { recorderAlive, recorderToken } from './liveness.ts';

/** What grew while somebody held on to the trace is given back to the disk. */
const WAL_KEPT_BYTES = 32 * 1024 * 1024;
const CLOSE_WAIT_MS_MAX = 10_000;

export interface StoredRun {
  status: 'recording' | 'complete' | 'truncated';
  recorder_seq: number;
  duration_ns: number;
  events: number;
  messages: number;
  operations: number;
  gaps: number;
}

/**
 * A trace that is made at one go from finished spools stands under another name until it is whole, so nobody needs a journal to get
 * back to an earlier state of it.
 */
export function openForMaking(
  file: string,
  header: RunHeader,
): { database: SqliteDatabase; run: StoredRun; making: string } {
  const making = `${file}.making`;
  let database: SqliteDatabase | undefined;
  try {
    for (const name of [making, `${making}-journal`]) rmSync(name, { force: true });
    database = openDatabase(making);
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = OFF');
    database.pragma('synchronous = OFF');
    database.pragma('cache_size = -131072');
    database.pragma('threads = 2');
    makeTrace(database, header);
    return { database, run: takeOver(database, making, header.runId), making };
  } catch (error) {
    database?.close();
    throw withFileNamed(error, file);
  }
}

/** The trace is whole: synced, it takes its name. */
export function finishMaking(database: SqliteDatabase, making: string, file: string): void {
  database.close();
  syncFile(making);
  for (const suffix of ['-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true });
  renameSync(making, file);
}

/** @throws when the file belongs to another run, is no trace, or is being recorded by another process */
export function openForRecording(
  file: string,
  header: RunHeader,
): { database: SqliteDatabase; run: StoredRun } {
  let database: SqliteDatabase | undefined;
  try {
    database = openDatabase(file);
    prepareConnection(database);
    const id: unknown = database.pragma('application_id', { simple: true });
    if (id === 0 && database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0) {
      makeTrace(database, header);
    }
    return { database, run: takeOver(database, file, header.runId) };
  } catch (error) {
    database?.close();
    throw withFileNamed(error, file);
  }
}

/** SQLite's own complaints do not say which file they are about. */
function withFileNamed(error: unknown, file: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || !String(error.code).startsWith('SQLITE_'))
    return error;
  const why =
    error.code === 'SQLITE_NOTADB'
      ? `${file} is not a trace; choose another name for the recording.`
      : `${file} cannot be written (${error.message}); record to a folder that can be, with space left.`;
  return new Error(why, { cause: error });
}

/** Opens the trace of a run that its recorder left behind. @throws when the file is no trace or still being recorded */
export function openToFinish(file: string): { database: SqliteDatabase; run: StoredRun } {
  if (!existsSync(file)) throw new Error(`There is no trace ${file}.`);
  const database = openDatabase(file);
  try {
    prepareConnection(database);
    return { database, run: takeOver(database, file) };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Nothing is synced while recording: syncs would compete with those of the nodes that are being measured, and the spools
 * hold the same events. Closing the trace syncs it.
 */
function prepareConnection(database: SqliteDatabase): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = OFF');
  database.pragma('wal_autocheckpoint = 4000');
  database.pragma(`journal_size_limit = ${WAL_KEPT_BYTES}`);
  database.pragma('cache_size = -65536');
}

function takeOver(database: SqliteDatabase, file: string, runId?: string): StoredRun {
  const id: unknown = database.pragma('application_id', { simple: true });
  const version = Number(database.pragma('user_version', { simple: true }));
  if (id !== APPLICATION_ID)
    throw new Error(`${file} is not a trace; choose another name for the recording.`);
  if (schemaOf(version) === undefined)
    throw new Error(`${file} is a trace of version ${version}, this lab writes ${SCHEMA_VERSION}.`);
  const row = database
    .prepare(
      'SELECT run_id, status, recorder_pid, recorder_token, recorder_seq, duration_ns, events, messages, operations, gaps FROM run',
    )
    .get() as
    (StoredRun & { run_id: string; recorder_pid: number | null; recorder_token: string | null }) | undefined;
  if (row === undefined) throw new Error(`${file} is a trace without a run; remove it.`);
  if (runId !== undefined && row.run_id !== runId) {
    throw new Error(`${file} holds another run (${row.run_id}); choose another name for the recording.`);
  }
  if (row.recorder_pid !== process.pid && recorderAlive(row.recorder_pid, row.recorder_token)) {
    throw new Error(`${file} is being recorded by process ${row.recorder_pid}; wait for it to end.`);
  }
  migrate(database);
  if (row.status !== 'complete') {
    claim(database);
  }
  return row;
}

/** This process records from now on. */
function claim(database: SqliteDatabase): void {
  database.prepare('UPDATE run SET recorder_pid = ?, recorder_token = ?').run(process.pid, recorderToken());
}

function makeTrace(database: SqliteDatabase, header: RunHeader): void {
  database.transaction(() => {
    createTables(database);
    insertRun(database, header);
    // With the rest, or for a moment it would look like a run that its recorder left behind.
    claim(database);
  })();
}

function insertRun(database: SqliteDatabase, header: RunHeader): void {
  database
    .prepare(
      `INSERT INTO run (id, run_id, title, protocol, profile, options, nodes, seed, started_at, scenario, versions, machine, status)
      VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'recording')`,
    )
    .run(
      header.runId,
      header.title,
      header.protocol,
      header.profile,
      JSON.stringify(header.options),
      JSON.stringify(header.nodes),
      header.seed,
      header.startedAt,
      header.scenario,
      JSON.stringify(header.versions),
      JSON.stringify(header.machine),
    );
}

/**
 * Leaves one file without side files, synced. Readers hold a recording open for moments only; should one not let go for
 * ten seconds, the side files stay and the trace is complete nevertheless.
 */
export async function closeFile(database: SqliteDatabase, file: string): Promise<void> {
  database.pragma('synchronous = FULL');
  database.pragma('busy_timeout = 0');
  const giveUpMs = Date.now() + CLOSE_WAIT_MS_MAX;
  while (!leftWal(database) && Date.now() < giveUpMs) await delay(20);
  database.close();
  syncFile(file);
}

function syncFile(file: string): void {
  const fd = openSync(file, 'r+');
  fsyncSync(fd);
  closeSync(fd);
}

function leftWal(database: SqliteDatabase): boolean {
  try {
    return database.pragma('journal_mode = DELETE', { simple: true }) === 'delete';
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY'))
      return false;
    throw error;
  }
}
