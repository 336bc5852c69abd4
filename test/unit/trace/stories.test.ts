import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTrace } from '../../../src-main/simulation/write-trace.ts';
import type { EntryStory, StoryStage } from '../../../src-main/trace/model/stories.ts';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import type { OpenTrace } from '../../../src-main/trace/reader/open.ts';
import { MS, plainSchedule, writer } from '../simulation/plain-schedule.ts';
import type { Plan } from '../simulation/plain-schedule.ts';
import { sampleHeader } from './sample-run.ts';

let folder: string;
const opened: OpenTrace[] = [];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stories-'));
});
afterAll(() => {
  for (const trace of opened) trace.close();
  rmSync(folder, { recursive: true });
});

/** A simulated run, as a trace that is open. */
async function traceOf(name: string, plan: Plan): Promise<OpenTrace> {
  const file = join(folder, `${name}.qlab`);
  await writeTrace(plainSchedule(plan), file, sampleHeader());
  const trace = openTrace(file);
  opened.push(trace);
  return trace;
}

function story(trace: OpenTrace, index: number, term?: number): EntryStory {
  const found = trace.query('entryStory', { index, ...(term === undefined ? {} : { term }) });
  if (found === null) throw new Error(`nobody held entry ${index}`);
  return found;
}

/** What happened to it on a node, in order. */
function stagesOn(entry: EntryStory, node: string): StoryStage[] {
  return entry.moments.filter(({ where }) => where === node).map(({ stage }) => stage);
}

function creatorOf(entry: EntryStory): string {
  return entry.moments.find(({ stage }) => stage === 'created')?.where ?? '';
}

const CUT_LEADER = [
  ['@0', '@1'],
  ['@1', '@0'],
  ['@0', '@2'],
  ['@2', '@0'],
] as const;

describe('the story of an entry in a run without faults', () => {
  let trace: OpenTrace;
  beforeAll(async () => {
    trace = await traceOf('plain', { clients: [writer('c1', 20)] });
  });

  it('leads from its creation through every node’s disk to commit and apply everywhere', () => {
    const entry = story(trace, 7);
    const leader = creatorOf(entry);
    expect(stagesOn(entry, leader)).toEqual(['created', 'durable', 'committed', 'applied']);
    for (const node of ['n1', 'n2', 'n3'].filter((one) => one !== leader)) {
      expect(stagesOn(entry, node)).toEqual(['appended', 'durable', 'acknowledged', 'committed', 'applied']);
    }
    const times = entry.moments.map(({ atNs }) => atNs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(entry.missing).toEqual([]);
    expect(entry.otherTerms).toEqual([]);
  });

  it('names the messages that carried it and by which each node came to it', () => {
    const entry = story(trace, 7);
    const leader = creatorOf(entry);
    const carriers = new Set(entry.messages.map(({ id }) => id));
    expect(entry.messages.map(({ to }) => to).sort()).toEqual(
      ['n1', 'n2', 'n3'].filter((node) => node !== leader),
    );
    const appended = entry.moments.filter(({ stage }) => stage === 'appended');
    expect(appended).toHaveLength(2);
    for (const { message } of appended) expect(carriers).toContain(message);
  });

  it('knows its command and the operation it came from', () => {
    const entry = story(trace, 7);
    expect(entry.operation).toMatch(/^c1\/\d+$/);
    expect(entry.command).toMatch(/^put k c1\/\d+$/);
    const operation = trace.query('operationStory', { id: entry.operation ?? '' });
    expect(operation?.operation.index).toBe(7);
    expect(operation?.entries.map(({ index, term }) => [index, term])).toEqual([[7, entry.term]]);
    expect(operation?.moments.map(({ stage }) => stage)).toEqual([
      'invoked',
      'requested',
      'answered',
      'completed',
    ]);
    expect(operation?.missing).toEqual([]);
  });

  it('is none for an index that no log reached', () => {
    expect(trace.query('entryStory', { index: 9_999 })).toBeNull();
    expect(trace.query('entryStory', { index: 7, term: 99 })).toBeNull();
    expect(trace.query('operationStory', { id: 'c1/999' })).toBeNull();
  });
});

describe('the story of an entry that a cut-off leader took', () => {
  let trace: OpenTrace;
  /** Where two entries stood. */
  let index: number;
  beforeAll(async () => {
    trace = await traceOf('cut', {
      clients: [writer('c1', 40), writer('c2', 40)],
      options: { checkQuorum: false, preVote: false },
      actions: [{ atNs: 800 * MS, kind: 'partition', shape: 'split', cuts: CUT_LEADER, forNs: 900 * MS }],
      untilMs: 4_000,
    });
    const { events } = trace.query('events', {
      fromNs: 0,
      toNs: 4_000 * MS,
      limit: 1,
      filter: { kinds: ['truncate'] },
    });
    const [event] = events;
    if (event?.event.kind !== 'truncate') throw new Error('nothing was truncated');
    index = event.event.first;
  });

  it('tells of the one that was committed unless another term is asked for', () => {
    const committed = story(trace, index);
    expect(committed.otherTerms.length).toBeGreaterThan(0);
    expect(committed.moments.some(({ stage }) => stage === 'committed')).toBe(true);
    expect(committed.missing.filter(({ node }) => node === null)).toEqual([]);
  });

  it('ends where it was truncated, and says to whom it never came and that it was never committed', () => {
    const [term = 0] = story(trace, index).otherTerms;
    const entry = story(trace, index, term);
    const leader = creatorOf(entry);
    expect(stagesOn(entry, leader)).toEqual(['created', 'durable', 'truncated']);
    expect(entry.missing[0]).toEqual({
      node: null,
      text: 'never committed: durable on 1 of 3 nodes',
    });
    const others = ['n1', 'n2', 'n3'].filter((node) => node !== leader);
    for (const node of others) {
      const { text } = entry.missing.find((step) => step.node === node) ?? { text: '' };
      expect(text).toMatch(
        new RegExp(`^never replicated to ${node}: the .*messages? that carried it never came in \\(`),
      );
    }
    expect(entry.messages.every(({ fate }) => fate !== 'delivered')).toBe(true);
  });

  it('belongs to an operation that was retried, and that story holds both entries', () => {
    const [term = 0] = story(trace, index).otherTerms;
    const { operation } = story(trace, index, term);
    const retried = trace.query('operationStory', { id: operation ?? '' });
    expect(retried?.operation.attempts).toBeGreaterThan(1);
    expect(retried?.entries.length).toBeGreaterThan(1);
    expect(retried?.entries[0]).toMatchObject({ index, term });
    expect(retried?.moments.filter(({ stage }) => stage === 'requested').length).toBeGreaterThan(1);
    expect(retried?.moments.at(-1)).toMatchObject({ stage: 'completed', outcome: 'ok' });
    expect(retried?.missing.map(({ text }) => text).join()).toMatch(/never answered|never reached/);
  });
});

describe('the story of an entry that a node was down for', () => {
  it('is restored there with the leader’s snapshot once the log before it is compacted', async () => {
    const trace = await traceOf('snapshot', {
      clients: [writer('c1', 80)],
      options: { snapshotEveryEntries: 10, snapshotKeepEntries: 2 },
      actions: [{ atNs: 800 * MS, kind: 'kill', node: '@1', power: false, downNs: 1_200 * MS }],
      untilMs: 4_000,
    });
    const { events } = trace.query('events', {
      fromNs: 0,
      toNs: 4_000 * MS,
      limit: 50,
      filter: { kinds: ['snapshot'], text: 'installed' },
    });
    const [installed] = events;
    if (installed?.event.kind !== 'snapshot') throw new Error('no snapshot was installed');
    const entry = story(trace, installed.event.index);
    expect(stagesOn(entry, installed.event.source)).toEqual(['restored']);
    expect(entry.moments.some(({ stage }) => stage === 'compacted')).toBe(true);
    expect(entry.missing).toEqual([]);
  });

  it('is found on the disk of a node that comes back to it', async () => {
    const trace = await traceOf('restart', {
      clients: [writer('c1', 30)],
      actions: [{ atNs: 800 * MS, kind: 'kill', node: '@1', power: false, downNs: 300 * MS }],
    });
    const started = trace
      .query('events', { fromNs: 0, toNs: 2_000 * MS, limit: 9, filter: { kinds: ['node-started'] } })
      .events.find(({ event }) => event.incarnation === 2);
    const event = started?.event;
    if (event?.kind !== 'node-started') throw new Error('no node came back');
    const before = story(trace, event.lastIndex);
    expect(stagesOn(before, event.source)).toContain('durable');
    const after = story(trace, event.lastIndex + 2);
    expect(stagesOn(after, event.source)).toEqual(expect.arrayContaining(['appended', 'durable', 'applied']));
    const sends = after.messages.filter(({ to }) => to === event.source);
    expect(sends.some(({ fate }) => fate !== 'delivered')).toBe(true);
    expect(after.missing).toEqual([]);
  });
});
