/** Reads a whole trace and says whether it is sound: its pages, and the form of what stands in its tables. */
import type { FromReader } from '../protocol.ts';
import type { SqliteDatabase } from '../sqlite.ts';
import { TraceConnection } from './connection.ts';
import { oversized, tablesOf } from './foreign.ts';

const PROBLEMS_MAX = 8;
/** Checking pages reads the file once, checking forms reads the tables without their indexes. */
const PAGES_SHARE = 0.6;
/** Nearly all rows are theirs; the other tables are soon done. */
const SHARES: Readonly<Record<string, number>> = { event: 0.3, message: 0.08, entry: 0.02 };
const CHUNK_ROWS = 50_000;

/** Columns that hold JSON, and those that are an event's place in the order: what damages there is not seen by page checks. */
const FORMS: Readonly<Record<string, string>> = {
  event: `typeof(source) <> 'text' OR typeof(incarnation) <> 'integer' OR typeof(seq) <> 'integer' OR typeof(at_ns) <> 'integer'
    OR at_ns < 0 OR at_ns > 9007199254740991 OR typeof(step) <> 'integer' OR typeof(kind) <> 'text' OR NOT json_valid(body)`,
  keyframe: 'NOT json_valid(state)',
  entry:
    "typeof(first) <> 'integer' OR typeof(last) <> 'integer' OR (commands IS NOT NULL AND NOT json_valid(commands))",
  message:
    "typeof(id) <> 'text' OR typeof(coalesce(sent_ns, 0)) <> 'integer' OR typeof(coalesce(ended_ns, 0)) <> 'integer'",
  fault: 'NOT json_valid(targets) OR NOT json_valid(parameters)',
  election: 'NOT json_valid(candidates) OR NOT json_valid(voters)',
};

/** What is wrong, a part of a sentence each, the gravest first; an empty list: it is sound. */
export function verifyTrace(file: string, tell: (progress: FromReader) => void): string[] {
  let connection: TraceConnection | undefined;
  try {
    connection = new TraceConnection(file, true);
    const { database } = connection;
    tell({ kind: 'verifying', done: 0, share: PAGES_SHARE });
    const problems = damagedPages(database);
    return [...problems, ...badForms(database, tell)].slice(0, PROBLEMS_MAX);
  } catch (error) {
    return [textOf(error)];
  } finally {
    connection?.close();
  }
}

function damagedPages(database: SqliteDatabase): string[] {
  try {
    const rows = database.prepare(`PRAGMA quick_check(${PROBLEMS_MAX})`).pluck().all() as string[];
    return rows.flatMap((row) => (row === 'ok' ? [] : row.split('\n')));
  } catch (error) {
    return [textOf(error)];
  }
}

function badForms(database: SqliteDatabase, tell: (progress: FromReader) => void): string[] {
  const problems: string[] = [];
  let done = PAGES_SHARE;
  for (const table of tablesOf(database)) {
    const share = SHARES[table.name];
    if (share === undefined) {
      check(table);
      continue;
    }
    for (const [from, to, part] of chunksOf(database, table.name)) {
      tell({ kind: 'verifying', done, share: 0 });
      check(table, `AND key >= ${from} AND key < ${to}`);
      done += share * part;
    }
  }
  return problems;

  function check(table: { name: string; columns: string[] }, where = ''): void {
    const form = FORMS[table.name];
    if (problems.length >= PROBLEMS_MAX) return;
    try {
      const long = oversized(database, table, where);
      if (long !== undefined) problems.push(long);
      if (form === undefined) return;
      const bad = database
        .prepare(`SELECT count(*) FROM "${table.name}" NOT INDEXED WHERE (${form}) ${where}`)
        .pluck()
        .get() as number;
      if (bad > 0)
        problems.push(`${bad} ${bad === 1 ? 'row' : 'rows'} of ${table.name} not of a trace's form`);
    } catch (error) {
      const problem = `${table.name}: ${textOf(error)}`;
      if (!problems.includes(problem)) problems.push(problem);
    }
  }
}

function* chunksOf(database: SqliteDatabase, table: string): Generator<[number, number, number]> {
  const bounds = database.prepare(`SELECT min(key) AS first, max(key) AS last FROM "${table}"`);
  let first: number;
  let last: number;
  try {
    const row = bounds.get() as { first: number | null; last: number | null };
    if (row.first === null || row.last === null) return;
    ({ first, last } = row as { first: number; last: number });
  } catch {
    return; // its pages are damaged, and that is said already
  }
  const chunks = Math.min(1_000, Math.max(1, Math.ceil((last - first + 1) / CHUNK_ROWS)));
  const width = Math.ceil((last - first + 1) / chunks);
  for (let chunk = 0; chunk < chunks; chunk++)
    yield [first + chunk * width, first + (chunk + 1) * width, 1 / chunks];
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
