/** What every import works on, and the trace that is made of it. */
import { mkdirSync, rmSync } from 'node:fs';
import type { RunHeader } from '../protocol.ts';
import { TraceRecording } from '../recorder/recording.ts';
import { openDatabase } from '../sqlite.ts';
import type { SqliteDatabase } from '../sqlite.ts';
import { ExchangeRefused } from './output-file.ts';
import type { NotedRow, NotedTable } from './own-format.ts';
import { ReplayedSpools } from './replayed-spools.ts';
import { spoolFolderOf } from './unfinished.ts';

export interface ImportJob {
  readonly file: string;
  /** What its file is called, without its folder: for titles. */
  readonly name: string;
  readonly spools: ReplayedSpools;
  /** The id for a run that has none. */
  readonly freshId: string;
  readonly labVersion: string;
  /** ISO 8601: when the import happens. */
  readonly now: string;
  readonly progress: (done: number, total: number) => void;
}

export interface ImportedRun {
  readonly header: RunHeader;
  readonly status: 'complete' | 'truncated';
  readonly reason: string | null;
  readonly noted: readonly { readonly table: NotedTable; readonly row: NotedRow }[];
}

/**
 * Makes the trace `part` of what `read` hands to the spools. @throws what `read` throws, and ExchangeRefused when the events make
 * no trace
 */
export async function makeTrace(
  part: string,
  read: (spools: ReplayedSpools) => ImportedRun,
  recorded: (done: number, total: number) => void,
): Promise<{ run: ImportedRun; events: number; gaps: number }> {
  const spoolFolder = spoolFolderOf(part);
  makeFolder(spoolFolder);
  try {
    const spools = new ReplayedSpools(spoolFolder);
    const run = read(spools);
    const total = spools.taken;
    const recording = TraceRecording.make(part, spoolFolder, run.header);
    recording.gapsSpooled = true;
    try {
      while (!recording.round(true).caughtUp) recorded(recording.events, total);
    } catch (error) {
      recording.abandon();
      throw error;
    }
    await recording.close(run.status, run.reason);
    if (run.noted.length > 0) insertNoted(part, run);
    return { run, events: recording.events, gaps: recording.gaps };
  } finally {
    rmSync(spoolFolder, { recursive: true, force: true });
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExchangeRefused(
      `The trace cannot be made (${why}). Choose a folder that can be written, with space left.`,
      { cause: error },
    );
  }
}

function insertNoted(file: string, { noted }: ImportedRun): void {
  const database = openDatabase(file);
  try {
    database.transaction(() => {
      for (const { table, row } of noted) insertRow(database, table, row);
    })();
  } finally {
    database.close();
  }
}

function insertRow(database: SqliteDatabase, table: NotedTable, row: NotedRow): void {
  const known = database.prepare(`SELECT name FROM pragma_table_info('${table}')`).pluck().all() as string[];
  const columns = known.filter((column) => column !== 'key' && row[column] !== undefined);
  try {
    database
      .prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`)
      .run(columns.map((column) => row[column]));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExchangeRefused(
      `A ${table} cannot be taken over (${why}). Export the trace again from where it came.`,
      { cause: error },
    );
  }
}
