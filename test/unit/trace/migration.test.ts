/** Traces of earlier versions, as they were recorded then (`test/golden/traces`), and what was answered from them then. */
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { schemaOf } from '../../../src-main/trace/migrate/migrate.ts';
import type { LaneSegment, QueryName, QueryParams } from '../../../src-main/trace/model/queries.ts';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import { SCHEMA_VERSION } from '../../../src-main/trace/schema.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';

const GOLDEN = resolve(import.meta.dirname, '../../golden/traces');

interface Asked {
  query: QueryName;
  params: QueryParams<QueryName>;
  answer: unknown;
}

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'migration-'));
  file = join(folder, 'v1.qlab');
  copyFileSync(join(GOLDEN, 'v1.qlab'), file);
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

/** Answers without what a version may say differently: its number, the size of the file, the order of lanes that begin together. */
function comparable(query: QueryName, answer: unknown): unknown {
  if (query === 'info') return { ...(answer as object), schemaVersion: 0, fileBytes: 0 };
  if (query !== 'lanes') return answer;
  const { segments } = answer as { segments: LaneSegment[] };
  return segments.map((segment) => JSON.stringify(segment)).sort();
}

describe('a trace of version 1', () => {
  it('answers every query as it did when it was recorded', () => {
    const asked = JSON.parse(readFileSync(join(GOLDEN, 'v1.answers.json'), 'utf8')) as Asked[];
    const trace = openTrace(file);
    expect(trace.query('info', {}).schemaVersion).toBe(SCHEMA_VERSION);
    for (const { query, params, answer } of asked) {
      const now = JSON.parse(JSON.stringify(trace.query(query, params as never))) as object;
      expect(comparable(query, now), `${query} ${JSON.stringify(params)}`).toMatchObject(
        comparable(query, answer) as object,
      );
    }
    trace.close();
    expect(asked.length).toBeGreaterThan(40);
  });

  it('is of this version afterwards, table by table, in one file, with its bookmarks', () => {
    openTrace(file).close();
    const database = openDatabase(file, { readonly: true });
    const objects = database.prepare('SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL').raw().all();
    const bookmarks = database
      .prepare('SELECT id, at_ns, event, title, note, created_at FROM bookmark')
      .all();
    expect(database.pragma('user_version', { simple: true })).toBe(SCHEMA_VERSION);
    database.close();
    expect(new Map(objects as [string, string][])).toEqual(schemaOf(SCHEMA_VERSION));
    const made = { note: '', created_at: '2026-01-01T00:00:00.000Z' };
    expect(bookmarks).toMatchObject([
      { at_ns: 300_000_000, event: 'n2/1/4', title: 'Here it began', ...made },
      { at_ns: 500_000_000, event: null, title: 'and here', ...made },
    ]);
    expect(readdirSync(folder)).toEqual(['v1.qlab']);
  });

  it('has the very densities, lanes and marks that a recorder of this version writes', () => {
    openTrace(file).close();
    const database = openDatabase(file, { readonly: true });
    const number = (sql: string): unknown => database.prepare(sql).pluck().get();
    expect(number('SELECT sum(events) FROM density WHERE slot_ns = 1000000')).toBe(
      number('SELECT count(*) FROM event'),
    );
    expect(number('SELECT sum(messages) FROM density WHERE slot_ns = 1000000000')).toBe(
      number('SELECT messages FROM run'),
    );
    expect(number('SELECT sum(invoked) FROM operation_density WHERE slot_ns = 100000000')).toBe(
      number('SELECT operations FROM run'),
    );
    expect(
      number(
        "SELECT sum(json_extract(l.value, '$[3]')) FROM link_density, json_each(links) l WHERE slot_ns = 500000000000",
      ),
    ).toBe(number("SELECT count(*) FROM message WHERE fate IN ('lost', 'dropped') AND sent_ns IS NOT NULL"));
    database.close();
  });

  it('is refused where its tables are not those of version 1', () => {
    const database = openDatabase(file);
    database.exec('ALTER TABLE density ADD COLUMN more INTEGER');
    database.close();
    expect(() => openTrace(file)).toThrow(/is damaged: its tables are not those of a trace/);
  });
});
