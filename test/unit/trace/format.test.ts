/** The page that describes the format, held against a trace. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENT_KINDS } from '../../../src-main/trace/model/events.ts';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import { APPLICATION_ID, expectedObjects } from '../../../src-main/trace/schema.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import type { SqliteDatabase } from '../../../src-main/trace/sqlite.ts';
import { elect, replicate, sampleHeader, startNode, writeSampleRun } from './sample-run.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../../resources/docs/trace-format.md'), 'utf8');
const [electionsSql, figuresSql] = [...page.matchAll(/```sql\n([^`]+)```/g)].map((found) => found[1] ?? '');

let folder: string;
let database: SqliteDatabase;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'format-'));
  const run = writeSampleRun(folder);
  // n2 is paused twice; the second time n3 takes over, steps down for n1, and n1 stops.
  run.at(900).record('lab', { kind: 'process-paused', node: 'n2' });
  run.at(910).record('lab', { kind: 'process-resumed', node: 'n2' });
  run.at(950).record('lab', { kind: 'process-paused', node: 'n2' });
  elect(run.at(1_100), 'n3', 'n1', 4, 3);
  run.at(1_110).record('lab', { kind: 'process-resumed', node: 'n2' });
  run
    .at(1_111)
    .record('n2', { kind: 'role', from: 'leader', to: 'follower', term: 4, reason: 'term 4 is ahead' });
  replicate(run.at(1_120), 'n3', ['n1'], 4, 9);
  run
    .at(1_150)
    .record('n3', { kind: 'role', from: 'leader', to: 'follower', term: 5, reason: 'term 5 is ahead' });
  elect(run.at(1_145), 'n1', 'n3', 5, 4);
  run.at(1_160).record('n1', { kind: 'node-stopped', reason: 'asked to' });
  startNode(run.at(1_170), 'n1', 3, 5, 9, 9);
  elect(run.at(1_300), 'n2', 'n3', 6, 5);
  replicate(run.at(1_320), 'n2', ['n3'], 6, 10);
  run.close();
  const file = join(folder, 'run.qlab');
  await TraceRecording.start(file, run.spoolFolder, sampleHeader()).close('complete', 'over');
  database = openDatabase(file, { readonly: true });
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

describe('the description of the trace format', () => {
  it('computes from the events the very elections that the trace holds', () => {
    const computed = database.prepare(electionsSql ?? '').all();
    const recorded = database
      .prepare(
        `SELECT number, term, leader, previous_leader, lost_ns, started_ns, first_candidacy_ns, elected_ns, first_commit_ns,
          detection_ms, campaign_ms, first_commit_ms, downtime_ms, split_votes, event FROM election ORDER BY number`,
      )
      .all();
    expect(recorded).toHaveLength(5);
    expect(computed).toEqual(recorded);
  });

  it('computes the figures that the tables hold', () => {
    const figures = database.prepare(figuresSql ?? '').get();
    const operations = "SELECT count(*) FROM operation WHERE outcome = '";
    const count = (sql: string): unknown => database.prepare(sql).pluck().get();
    expect(figures).toEqual({
      sent: count('SELECT count(sent_ns) FROM message'),
      delivered: count("SELECT count(*) FROM message WHERE fate = 'delivered'"),
      invoked: count('SELECT count(*) FROM operation'),
      acknowledged: count(`${operations}ok'`),
      failed: count(`${operations}fail'`),
      unknown: count(`${operations}unknown'`),
    });
  });

  it('names the file’s mark, every table, every column and every kind of event', () => {
    expect(page).toContain(String(APPLICATION_ID));
    const unnamed: string[] = [];
    for (const [table, statement] of expectedObjects()) {
      if (!statement.startsWith('CREATE TABLE')) continue;
      if (!page.includes(`\`${table}\``)) unnamed.push(table);
      for (const column of database
        .prepare('SELECT name FROM pragma_table_info(?)')
        .pluck()
        .all(table) as string[]) {
        if (column !== 'key' && !page.includes(`\`${column}\``)) unnamed.push(`${table}.${column}`);
      }
    }
    expect(unnamed).toEqual([]);
    for (const kind of EVENT_KINDS) expect(page).toContain(`\`${kind}\``);
  });
});
