import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueryAnswer, TimelineFilter } from '../../../src-main/trace/model/queries.ts';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import type { OpenTrace } from '../../../src-main/trace/reader/open.ts';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import { MS, sampleHeader, writeSampleRun } from './sample-run.ts';

const ALL = { fromNs: 0, toNs: 900 * MS };

let folder: string;
let trace: OpenTrace;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'filter-'));
  const run = writeSampleRun(folder);
  run.close();
  const file = join(folder, 'run.qlab');
  await TraceRecording.start(file, run.spoolFolder, sampleHeader()).close('complete', 'over');
  trace = openTrace(file);
});
afterAll(() => {
  trace.close();
  rmSync(folder, { recursive: true });
});

function messages(filter: TimelineFilter, limit = 100): QueryAnswer<'messages'> {
  return trace.query('messages', { ...ALL, limit, heartbeats: false, filter });
}

function kinds(filter: TimelineFilter): string[] {
  const { events } = trace.query('events', { ...ALL, limit: 1_000, filter });
  return [...new Set(events.map(({ event }) => event.kind))].sort();
}

describe('a filter on messages', () => {
  it('lets pass what holds in all its parts, and says of how many', () => {
    const votes = messages({ types: ['RequestVote'] });
    expect(votes.rows.map(({ from, to, term }) => [from, to, term])).toEqual([
      ['n1', 'n2', 1],
      ['n3', 'n1', 2],
      ['n3', 'n2', 2],
      ['n2', 'n3', 3],
    ]);
    expect(votes).toMatchObject({ total: 4, all: 35 });
    expect(messages({ types: ['RequestVote'], terms: [2, 3] }).total).toBe(3);
    expect(messages({ types: ['RequestVote'], terms: [2], fates: ['dropped'] }).rows).toMatchObject([
      { from: 'n3', to: 'n2', fate: 'dropped' },
    ]);
  });

  it('takes a node as sender and as receiver', () => {
    const { rows } = messages({ nodes: ['n1'], terms: [2] });
    expect(rows.map(({ from, to }) => [from, to])).toEqual([['n3', 'n1']]);
  });

  it('shows heartbeats where a type or a fate is asked for, for they are messages too', () => {
    const all = messages({ types: ['AppendEntries'] }).rows;
    expect(all.some(({ entries }) => entries === 0)).toBe(true);
    expect(
      messages({ nodes: ['n1'] }).rows.some(({ entries, type }) => type === 'AppendEntries' && entries === 0),
    ).toBe(false);
  });

  it('finds a text in the words of a message and in its body', () => {
    expect(messages({ text: 'WAS GONE' }).rows).toMatchObject([
      { type: 'RequestVote', reason: 'n1 was gone' },
    ]);
    expect(messages({ text: '"lastLogIndex":5' }).total).toBe(2);
    expect(messages({ text: 'nowhere to be found' })).toEqual({ rows: [], total: 0, all: 35 });
  });

  it('thins what does not fit, and keeps both ends', () => {
    const few = messages({ types: ['AppendEntries'] }, 5);
    expect(few.rows).toHaveLength(5);
    expect(few.total).toBeGreaterThan(10);
    expect(few.rows.at(-1)?.sentNs ?? 0).toBeGreaterThan(400 * MS);
  });
});

describe('a filter on events', () => {
  it('takes the events of a message as of its type, and kinds by their names', () => {
    expect(kinds({ types: ['RequestVote'] })).toEqual(['arrive', 'deliver', 'drop', 'send']);
    expect(kinds({ types: ['commit', 'RequestVote'] })).toEqual([
      'arrive',
      'commit',
      'deliver',
      'drop',
      'send',
    ]);
    expect(kinds({ types: ['commit'], terms: [9] })).toEqual([]);
  });

  it('finds the same in a part of the trace as in the whole of it', () => {
    const { events } = trace.query('events', {
      ...ALL,
      limit: 1_000,
      filter: { types: ['RequestVote'], fates: ['dropped'] },
    });
    const around = trace.query('events', {
      fromNs: 400 * MS,
      toNs: 420 * MS,
      limit: 10,
      filter: { types: ['RequestVote'], fates: ['dropped'] },
    });
    expect(around.events).toEqual(events);
    expect(events.map(({ event }) => event.kind)).toEqual(['send', 'drop']);
  });

  it('lets only events of messages pass where a fate is asked for', () => {
    expect(kinds({ fates: ['dropped'] })).toEqual(['drop', 'send']);
    expect(kinds({ fates: ['lost'], types: ['commit'] })).toEqual([]);
  });

  it('takes what is about a node’s process as of that node', () => {
    const { events } = trace.query('events', { ...ALL, limit: 1_000, filter: { nodes: ['n1'] } });
    expect(events.some(({ event }) => event.kind === 'process-exited' && event.source === 'lab')).toBe(true);
    expect(
      events.every(({ event }) => event.source === 'n1' || ('node' in event && event.node === 'n1')),
    ).toBe(true);
  });

  it('joins with kinds and counts all that match', () => {
    const filter = { kinds: ['role', 'term'] as ('role' | 'term')[], nodes: ['n3'] };
    expect(trace.query('events', { ...ALL, limit: 1, filter })).toMatchObject({ total: 3 });
    const both = { kinds: ['send', 'role'] as ('send' | 'role')[], types: ['RequestVote'] };
    expect(trace.query('events', { ...ALL, limit: 9, filter: both }).total).toBe(4);
  });
});

describe('a step through what passes a filter', () => {
  const step = (
    ms: number,
    direction: 'next' | 'previous',
    filter: TimelineFilter,
    kind: 'event' | 'message' = 'event',
  ): QueryAnswer<'step'> => trace.query('step', { kind, atNs: ms * MS, direction, filter });

  it('meets nothing else, both ways', () => {
    expect(step(0, 'next', { types: ['truncate'] })).toMatchObject({ atNs: 720 * MS });
    expect(step(800, 'previous', { types: ['truncate'] })).toMatchObject({ atNs: 720 * MS });
    expect(step(720, 'next', { types: ['truncate'] })).toBeNull();
    expect(step(0, 'next', { fates: ['dropped'] }, 'message')).toMatchObject({ atNs: 401 * MS });
    expect(step(0, 'next', { types: ['RequestVote', 'truncate'], terms: [3] })).toMatchObject({
      atNs: 501 * MS,
    });
  });

  it('looks for a text in sentences', () => {
    expect(step(0, 'next', { text: 'leader of term 3' })).toMatchObject({ atNs: 505 * MS });
    expect(step(900, 'previous', { text: 'IS DEAD' })).toMatchObject({ atNs: 300 * MS });
    expect(step(0, 'next', { text: 'nowhere to be found' })).toBeNull();
  });

  it('goes on among several of one moment', () => {
    const first = step(150, 'next', { types: ['AppendEntries'], nodes: ['n1'] });
    const second = trace.query('step', {
      kind: 'event',
      atNs: first?.atNs ?? 0,
      id: first?.id ?? '',
      direction: 'next',
      filter: { types: ['AppendEntries'], nodes: ['n1'] },
    });
    expect(second?.atNs).toBe(first?.atNs);
    expect(second?.id).not.toBe(first?.id);
  });

  it('of terms and elections is not held back by a filter', () => {
    const filter = { types: ['truncate'] };
    expect(trace.query('step', { kind: 'term', atNs: 0, direction: 'next', filter })).toMatchObject({
      atNs: 150 * MS,
    });
    expect(trace.query('step', { kind: 'election', atNs: 0, direction: 'next', filter })).toMatchObject({
      atNs: 155 * MS,
    });
  });
});
