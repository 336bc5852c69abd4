import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCampaign } from '../../../src-main/simulation/campaign/campaign.ts';
import { runSchedule } from '../../../src-main/simulation/run.ts';
import type { Bug } from '../../../src-main/simulation/schedule/bias.ts';
import { drawSchedule } from '../../../src-main/simulation/schedule/draw.ts';
import { readSchedule } from '../../../src-main/simulation/schedule/read.ts';
import { scheduledEvents } from '../../../src-main/simulation/schedule/schedule.ts';
import { shrink } from '../../../src-main/simulation/shrink.ts';
import { writeTrace } from '../../../src-main/simulation/write-trace.ts';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import type { RunHeader } from '../../../src-main/trace/protocol.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import { plainSchedule, watch } from './plain-schedule.ts';

describe('random schedules', () => {
  it('break no rule of a sound Raft', async () => {
    const plan = { firstSeed: 1_000, schedules: 200, workers: 2, request: {}, violationsMax: 1 };
    const { violations, messages } = await runCampaign(plan);
    expect(violations).toEqual([]);
    expect(messages / 200).toBeGreaterThan(300);
  });
});

/** The first seed from `first` on that shows the bug, and what broke. */
function find(bug: Bug, first: number, last: number) {
  for (let seed = first; seed <= last; seed++) {
    const schedule = drawSchedule(seed, { bug });
    const { finding } = runSchedule(schedule);
    if (finding !== undefined) return { schedule, finding };
  }
  throw new Error(`${bug} does not show in the schedules of ${first} to ${last}`);
}

describe('a planted bug', () => {
  it.each([
    ['retry-applies-twice', 'exactly-once'],
    ['ack-before-durable', 'committed-is-durable'],
    ['wiped-node-rejoins', 'leader-completeness'],
    ['stale-read', 'lease-and-read-index'],
    ['change-without-own-commit', 'configuration'],
    ['vote-not-durable', 'vote-durability'],
  ] as const)('%s is found, and shrunk to what shows %s', (bug, rule) => {
    const { schedule, finding } = find(bug, 1, 200);
    expect(finding.rule).toBe(rule);
    const shrunk = shrink(schedule, finding);
    expect(shrunk.finding.rule).toBe(rule);
    expect(scheduledEvents(shrunk.schedule)).toBeLessThan(scheduledEvents(schedule));
    // What is left is a schedule of its own, and without the bug it breaks nothing.
    const read = readSchedule(JSON.stringify(shrunk.schedule));
    expect(runSchedule(read).finding).toEqual(shrunk.finding);
    expect(runSchedule({ ...read, bug: null }).finding).toBeUndefined();
  });

  it('that keeps anybody from leading is found by what must happen in the end', () => {
    expect(find('prevote-deadlock', 1, 200).finding).toMatchObject({ rule: 'liveness' });
  });
});

describe('the trace of a simulated run', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-test-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const header = (nodes: readonly string[]): RunHeader => ({
    runId: '01890000-0000-7000-8000-000000000001',
    title: 'A simulated run',
    protocol: 'raft',
    profile: 'simulation',
    options: {},
    nodes: [...nodes],
    seed: 1,
    startedAt: '2026-01-01T00:00:00.000Z',
    scenario: null,
    versions: {},
    machine: { os: 'none', cpu: 'none', cores: 1 },
  });

  it('opens like any other, holds every event, and says what was broken', async () => {
    const { schedule, finding } = find('retry-applies-twice', 1, 20);
    const file = path.join(folder, 'run.qlab');
    await writeTrace(schedule, file, header(schedule.voters));
    const trace = openTrace(file);
    try {
      const info = trace.query('info', {});
      expect(info).toMatchObject({ status: 'complete', events: watch(schedule).trace.length, gaps: 0 });
      const id = finding.events.at(-1) ?? '';
      expect(trace.query('event', { id })?.event).toMatchObject({ atNs: finding.atNs });
      expect(findingsIn(file)).toEqual([
        { rule: finding.rule, at_ns: finding.atNs, event: id, text: finding.text },
      ]);
    } finally {
      trace.close();
    }
  });

  it('of a run that breaks nothing holds no finding, and tells deliveries and elections', async () => {
    const schedule = plainSchedule();
    const file = path.join(folder, 'run.qlab');
    const { messages } = await writeTrace(schedule, file, header(schedule.voters));
    const trace = openTrace(file);
    try {
      const window = { fromNs: 0, toNs: 9e9, limit: 10_000, heartbeats: true };
      const { rows } = trace.query('messages', window);
      expect(rows.filter(({ fate }) => fate === 'delivered')).toHaveLength(messages);
      expect(trace.query('elections', {}).elections).toHaveLength(1);
      expect(findingsIn(file)).toEqual([]);
    } finally {
      trace.close();
    }
  });
});

function findingsIn(file: string): unknown[] {
  const database = openDatabase(file, { readonly: true });
  try {
    return database.prepare('SELECT rule, at_ns, event, text FROM finding').all();
  } finally {
    database.close();
  }
}
