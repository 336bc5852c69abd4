/** How SQLite answers what a reader asks: by the index meant for it, never by reading a long table from end to end. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { longSchedule, runLong } from '../../../src-main/simulation/long-run.ts';
import { Spools } from '../../../src-main/simulation/spools.ts';
import type { QueryName, QueryParams } from '../../../src-main/trace/model/queries.ts';
import { TraceConnection } from '../../../src-main/trace/reader/connection.ts';
import { answers } from '../../../src-main/trace/reader/queries/index.ts';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import type { SqliteStatement } from '../../../src-main/trace/sqlite.ts';
import { sampleHeader } from './sample-run.ts';

/** Those that grow with the run. */
const LONG_TABLES = [
  'event',
  'message',
  'operation',
  'entry',
  'keyframe',
  'lane',
  'mark',
  'density',
  'operation_density',
  'commit_density',
  'link_density',
];
const EVENTS = 120_000;

let folder: string;
let trace: TraceConnection;
const asked = new Set<string>();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'plans-'));
  const spoolFolder = join(folder, 'spool');
  mkdirSync(spoolFolder);
  const spools = new Spools(spoolFolder);
  runLong(longSchedule(3, EVENTS), EVENTS, (event) => spools.take(event));
  spools.close();
  const file = join(folder, 'run.qlab');
  const nodes = ['n1', 'n2', 'n3', 'n4', 'n5'];
  await TraceRecording.make(file, spoolFolder, sampleHeader(nodes)).close('complete', null);
  trace = new TraceConnection(file);
  const { database } = trace;
  const prepare = database.prepare.bind(database);
  database.prepare = ((sql: string): SqliteStatement => {
    asked.add(sql);
    return prepare(sql);
  }) as typeof database.prepare;
  askEverything();
  database.prepare = prepare;
}, 60_000);
afterAll(() => {
  trace.close();
  rmSync(folder, { recursive: true });
});

function ask<Q extends QueryName>(query: Q, params: QueryParams<Q>): unknown {
  return answers[query](trace, params);
}

/** Every query, over windows so wide that slots answer and so narrow that events do. */
function askEverything(): void {
  ask('info', {});
  ask('totals', {});
  ask('elections', {});
  ask('faults', {});
  const { durationNs } = answers.info(trace, {});
  const middle = Math.floor(durationNs / 2);
  for (const [fromNs, toNs] of [
    [0, durationNs + 1],
    [middle, middle + 1e9],
    [middle, middle + 1e6],
  ] as const) {
    const window = { fromNs, toNs };
    ask('lanes', window);
    ask('events', { ...window, limit: 10 });
    ask('events', {
      ...window,
      limit: 10,
      newestFirst: true,
      filter: { kinds: ['role', 'lease'], notable: true },
    });
    ask('events', { ...window, limit: 10, filter: { sources: ['lab'] } });
    ask('operations', { ...window, limit: 10 });
    for (const limit of [10, 100_000]) ask('messages', { ...window, limit, heartbeats: true });
    for (const buckets of [10, 1_000]) {
      ask('operationBuckets', { ...window, buckets });
      ask('commits', { ...window, buckets });
      ask('marks', { ...window, buckets });
      ask('density', { ...window, buckets });
    }
  }
  ask('stateAt', { atNs: middle });
  ask('logs', { atNs: middle, count: 20 });
  const { rows } = answers.messages(trace, { fromNs: 0, toNs: middle, limit: 1, heartbeats: false });
  const id = rows[0]?.id ?? '';
  ask('message', { id });
  ask('event', { id });
  ask('chain', { id, limit: 20 });
  for (const kind of ['event', 'message', 'election', 'fault', 'finding', 'term'] as const)
    for (const direction of ['next', 'previous'] as const) ask('step', { atNs: middle, id, kind, direction });
}

describe('a reader’s queries', () => {
  it('read no long table from end to end', () => {
    const scanning: string[] = [];
    for (const sql of asked) {
      for (const { detail } of planOf(sql)) {
        const table = /^SCAN (\w+)/.exec(detail)?.[1];
        if (table !== undefined && LONG_TABLES.includes(table)) scanning.push(`${detail}: ${sql}`);
      }
    }
    expect(scanning).toEqual([]);
    expect(asked.size).toBeGreaterThan(30);
  });

  it('are answered by every index that a trace has, so that none is kept for nothing', () => {
    const plans = [...asked].flatMap((sql) => planOf(sql).map(({ detail }) => detail)).join('\n');
    const indexes = trace.database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
      .pluck()
      .all() as string[];
    // These two serve the recorder, and the stories of single entries.
    const others = new Set(['entry_open', 'entry_by_end']);
    for (const index of indexes)
      if (!others.has(index)) expect(plans).toMatch(new RegExp(`INDEX ${index}\\b`));
  });
});

function planOf(sql: string): { detail: string }[] {
  const values = Array.from({ length: sql.split('?').length - 1 }, () => 1);
  const plan = trace.database.prepare(`EXPLAIN QUERY PLAN ${sql}`);
  const named = Object.fromEntries([...sql.matchAll(/@(\w+)/g)].map(([, name]) => [name ?? '', 1]));
  return (Object.keys(named).length > 0 ? plan.all(named) : plan.all(...values)) as { detail: string }[];
}
