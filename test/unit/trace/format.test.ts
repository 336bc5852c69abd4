/** The page that describes the format, held against a trace. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { longSchedule, runLong } from '../../../src-main/simulation/long-run.ts';
import { Spools } from '../../../src-main/simulation/spools.ts';
import { EVENT_KINDS } from '../../../src-main/trace/model/events.ts';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import { APPLICATION_ID, expectedObjects } from '../../../src-main/trace/schema.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import type { SqliteDatabase } from '../../../src-main/trace/sqlite.ts';
import { TIMES, electWithPreVote, writeMembershipRun } from './membership-run.ts';
import { MS, elect, replicate, sampleHeader, startNode, writeSampleRun } from './sample-run.ts';
import type { SampleRun } from './sample-run.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../../resources/docs/trace-format.md'), 'utf8');
const [electionsSql, figuresSql, configurationsSql, compactedSql] = [
  ...page.matchAll(/```sql\n([^`]+)```/g),
].map((found) => found[1] ?? '');

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];
/** Columns that say nothing where nothing went wrong. */
const MAY_BE_EMPTY = new Set(['status_reason', 'error', 'type', 'reason']);

let folder: string;
let database: SqliteDatabase;
/** Of a run in which membership changes. */
let changed: SqliteDatabase;
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
  mkdirSync(join(folder, 'membership'));
  const membership = writeMembershipRun(join(folder, 'membership'));
  // n2 asks for term 3 before n4, the leader, is killed, and again after; n3, which asks last, wins.
  preCandidacy(membership.at(2_100), 'n2', 2);
  membership
    .at(2_105)
    .record('n2', { kind: 'role', from: 'pre-candidate', to: 'follower', term: 2, reason: 'n4 leads' });
  membership
    .at(2_200)
    .record('lab', { kind: 'fault-started', fault: 'f1', type: 'kill', targets: ['n4'], parameters: {} });
  preCandidacy(membership.at(2_300), 'n2', 2);
  electWithPreVote(membership.at(2_320), 'n3', 'n2', 3);
  membership.close();
  const other = join(folder, 'membership', 'run.qlab');
  await TraceRecording.start(other, membership.spoolFolder, sampleHeader()).close('complete', 'over');
  changed = openDatabase(other, { readonly: true });
});
function preCandidacy(run: SampleRun, node: string, term: number): void {
  run.record(node, {
    kind: 'role',
    from: 'follower',
    to: 'pre-candidate',
    term,
    reason: 'election timeout',
  });
}
afterAll(() => {
  database.close();
  changed.close();
  rmSync(folder, { recursive: true });
});

describe('the ten queries of the page', () => {
  const tenth = [
    ...(page.split('\n## Ten queries\n')[1] ?? '').matchAll(/\n([^\n]+:)\n\n```sql\n([^`]+)```/g),
  ];
  const queries = tenth.map((found): [title: string, sql: string] => [found[1] ?? '', found[2] ?? '']);
  let folderOfRun: string;
  let long: SqliteDatabase;
  beforeAll(async () => {
    folderOfRun = mkdtempSync(join(tmpdir(), 'ten-queries-'));
    const spoolFolder = join(folderOfRun, 'spool');
    mkdirSync(spoolFolder);
    const spools = new Spools(spoolFolder);
    runLong(longSchedule(8, 80_000), 80_000, (event) => spools.take(event));
    spools.close();
    const file = join(folderOfRun, 'run.qlab');
    await TraceRecording.make(file, spoolFolder, sampleHeader(NODES)).close('complete', null);
    long = openDatabase(file, { readonly: true });
  }, 60_000);
  afterAll(() => {
    long.close();
    rmSync(folderOfRun, { recursive: true });
  });

  it('are ten', () => {
    expect(queries).toHaveLength(10);
  });

  it.each(queries)('answer in any SQLite shell: %s', (_title, sql) => {
    const rows = long.prepare(sql).all() as Record<string, unknown>[];
    expect(rows.length).toBeGreaterThan(0);
    for (const column of Object.keys(rows[0] ?? {}))
      if (!MAY_BE_EMPTY.has(column))
        expect(
          rows.some((row) => row[column] !== null),
          column,
        ).toBe(true);
  });

  it('agree with the tables and with each other', () => {
    const rows = queries.map(([, sql]) => long.prepare(sql).all() as Record<string, number | string>[]);
    const [run, elections, lanes, messages, , slowest, seconds, writes, , chain] = rows;
    const sum = (of: Record<string, number | string>[] | undefined, column: string): number =>
      (of ?? []).reduce((total, row) => total + Number(row[column]), 0);
    expect(sum(messages, 'sent')).toBe(run?.[0]?.['messages']);
    expect(sum(seconds, 'invoked')).toBe(run?.[0]?.['operations']);
    expect(elections?.length).toBeGreaterThan(1);
    expect(new Set(lanes?.map((row) => row['node']))).toEqual(new Set(NODES));
    expect(writes?.map((row) => row['node'])).toEqual(NODES);
    const took = slowest?.map((row) => Number(row['took_ms'])) ?? [];
    expect(took).toEqual([...took].sort((a, b) => b - a));
    expect(chain?.[0]?.['kind']).toBe('role');
    expect(chain?.length).toBeGreaterThan(3);
  });
});

describe('the description of the trace format', () => {
  const recordedSql = `SELECT number, term, leader, previous_leader, lost_ns, started_ns, first_candidacy_ns, elected_ns,
    first_commit_ns, detection_ms, campaign_ms, first_commit_ms, downtime_ms, split_votes, event FROM election ORDER BY number`;

  it('computes from the events the very elections that the trace holds', () => {
    const computed = database.prepare(electionsSql ?? '').all();
    const recorded = database.prepare(recordedSql).all();
    expect(recorded).toHaveLength(5);
    expect(computed).toEqual(recorded);
  });

  it('computes those with a PreVote too: detection ends where the first node began to ask', () => {
    const recorded = changed.prepare(recordedSql).all() as Record<string, number | string>[];
    expect(changed.prepare(electionsSql ?? '').all()).toEqual(recorded);
    expect(
      recorded.map(({ leader, started_ns, first_candidacy_ns }) => [leader, started_ns, first_candidacy_ns]),
    ).toEqual([
      // Two of the three voters were up at 15 ms; n4 was told by the leader to stand; n2 asked first after n4 was lost.
      ['n1', 15 * MS, 150 * MS],
      ['n4', (TIMES.elected - 10) * MS, (TIMES.elected - 10) * MS],
      ['n3', 2_200 * MS, 2_300 * MS],
    ]);
  });

  it('tells when each configuration was adopted and committed, and what snapshots let the nodes forget', () => {
    const configurations = changed.prepare(configurationsSql ?? '').all() as Record<string, unknown>[];
    expect(configurations.map(({ entry, voters, learners }) => [entry, voters, learners])).toEqual([
      [13, '["n1","n2","n3"]', '["n4"]'],
      [14, '["n2","n3","n4"]', '[]'],
      [15, '["n2","n3","n4"]', '[]'],
    ]);
    expect(configurations[1]).toMatchObject({
      outgoing: '["n1","n2","n3"]',
      adopted_ns: TIMES.joint * MS,
      committed_ns: (TIMES.joint + 5) * MS,
    });
    expect(changed.prepare(compactedSql ?? '').all()).toEqual([{ node: 'n1', entries: 10, times: 1 }]);
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
