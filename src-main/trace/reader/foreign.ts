/**
 * What is asked of a trace from elsewhere before anything of it is read: a value of a hundred megabytes would be taken into
 * memory whole. SQLite tells how long a value is without reading it.
 */
import { statSync } from 'node:fs';
import type { SqliteDatabase } from '../sqlite.ts';
import { damaged } from './refusal.ts';

/** The longest that a recorder writes are keyframes of large clusters and batches of large commands. */
const VALUE_BYTES_MAX = 4 * 2 ** 20;
/** Of the run's own row, which every opening reads: scenarios are the longest. */
const RUN_VALUE_BYTES_MAX = 2 ** 20;
/** Up to this size all tables are looked through at once; larger files are when they are verified. */
const LOOKED_THROUGH_BYTES_MAX = 32 * 2 ** 20;
const CACHE_KIB = 16 * 1024;

/** @throws TraceRefused */
export function checkForeign(database: SqliteDatabase, file: string): void {
  database.pragma(`cache_size = -${CACHE_KIB}`);
  database.pragma('mmap_size = 0');
  checkRun(database, file);
  if (statSync(file).size > LOOKED_THROUGH_BYTES_MAX) return;
  for (const table of tablesOf(database)) {
    let found: string | undefined;
    try {
      found = oversized(database, table);
    } catch {
      // A page is damaged. What else the table holds is still shown, and its verification tells of the rest.
    }
    if (found !== undefined) throw damaged(file, found);
  }
}

/** The tables with their columns, as the statements that made them say. */
export function tablesOf(database: SqliteDatabase): { name: string; columns: string[] }[] {
  const names = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all() as string[];
  return names.map((name) => ({
    name,
    columns: database.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(name) as string[],
  }));
}

/** Says which column holds a value that no recorder writes. */
export function oversized(
  database: SqliteDatabase,
  { name, columns }: { name: string; columns: string[] },
  where = '',
): string | undefined {
  const tooLong = columns.map((column) => `octet_length("${column}") > ${VALUE_BYTES_MAX}`);
  const row = database
    .prepare(
      `SELECT ${columns.map((column) => `octet_length("${column}") AS "${column}"`).join(', ')}
      FROM "${name}" NOT INDEXED WHERE (${tooLong.join(' OR ')}) ${where} LIMIT 1`,
    )
    .get() as Record<string, number | null> | undefined;
  for (const [column, length] of Object.entries(row ?? {})) {
    if ((length ?? 0) > VALUE_BYTES_MAX)
      return `a value of ${name}.${column} is ${Math.round((length ?? 0) / 2 ** 20)} MiB long`;
  }
  return undefined;
}

/** Every view shows what stands there. */
function checkRun(database: SqliteDatabase, file: string): void {
  const columns = database.prepare("SELECT name FROM pragma_table_info('run')").pluck().all() as string[];
  const lengths = database
    .prepare(`SELECT ${columns.map((name) => `octet_length("${name}") AS "${name}"`).join(', ')} FROM run`)
    .get() as Record<string, number | null>;
  for (const [column, length] of Object.entries(lengths)) {
    if ((length ?? 0) > RUN_VALUE_BYTES_MAX)
      throw damaged(file, `a value of run.${column} is ${Math.round((length ?? 0) / 2 ** 20)} MiB long`);
  }
  const run = database.prepare('SELECT * FROM run').get() as Record<string, unknown>;
  for (const column of ['title', 'protocol', 'profile', 'started_at']) {
    const value = run[column];
    if (typeof value !== 'string' || value.length > 1_000)
      throw damaged(file, `run.${column} is no text of a trace`);
  }
  if (Number.isNaN(Date.parse(String(run['started_at'])))) throw damaged(file, 'run.started_at is no time');
  for (const column of ['seed', 'duration_ns', 'events', 'messages', 'operations', 'gaps']) {
    const value = run[column];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw damaged(file, `run.${column} is no count`);
  }
  checkJson(file, run);
}

function checkJson(file: string, run: Record<string, unknown>): void {
  for (const column of ['options', 'versions', 'machine']) {
    const value = parsed(run[column]);
    if (typeof value !== 'object' || value === null || Array.isArray(value) || depthOf(value) > 8)
      throw damaged(file, `run.${column} is no JSON object of a trace`);
  }
  const nodes = parsed(run['nodes']);
  const areNodes =
    Array.isArray(nodes) &&
    nodes.length <= 1_000 &&
    nodes.every((node) => typeof node === 'string' && node.length <= 64);
  if (!areNodes) throw damaged(file, 'run.nodes is no list of nodes');
}

/** Of nested objects and lists; counts no further than ten. */
function depthOf(value: unknown, depth = 1): number {
  if (typeof value !== 'object' || value === null || depth > 9) return depth;
  let deepest = depth;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner, depth + 1));
  return deepest;
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
