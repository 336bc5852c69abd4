import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueryAnswer, QueryParams } from '../../../src-main/trace/model/queries.ts';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import type { OpenTrace } from '../../../src-main/trace/reader/open.ts';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import { MS, sampleHeader, writeSampleRun } from './sample-run.ts';

const ALL = { fromNs: 0, toNs: 900 * MS };

let folder: string;
let trace: OpenTrace;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reader-'));
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

function nodeAt(ms: number, id: string): unknown {
  return trace.query('stateAt', { atNs: ms * MS }).nodes.find((node) => node.id === id);
}

function texts(answer: { events: { text: string }[] }): string[] {
  return answer.events.map((event) => event.text);
}

function step(
  kind: QueryParams<'step'>['kind'],
  ms: number,
  direction: 'next' | 'previous',
  id?: string,
): QueryAnswer<'step'> {
  return trace.query('step', { kind, atNs: ms * MS, direction, ...(id === undefined ? {} : { id }) });
}

describe('a reader, asked', () => {
  it('for info and totals, says what the run was and how much there is of everything', () => {
    expect(trace.query('info', {})).toMatchObject({
      runId: sampleHeader().runId,
      status: 'complete',
      statusReason: null,
      schemaVersion: 2,
      nodes: ['n1', 'n2', 'n3'],
      options: { heartbeatMs: 50 },
      durationNs: 800 * MS,
      messages: 35,
      operations: 8,
      elections: 2,
      faults: 1,
      gaps: 0,
    });
    expect(trace.query('totals', {})).toEqual({
      messages: { sent: 35, delivered: 32, dropped: 3 },
      operations: { invoked: 8, acknowledged: 8, failed: 0, unknown: 0 },
      findings: [],
    });
  });

  it('for the state, folds it up to the very moment', () => {
    expect(nodeAt(149, 'n1')).toMatchObject({ role: 'follower', term: 0 });
    expect(nodeAt(150, 'n1')).toMatchObject({ role: 'candidate', term: 1, votedFor: 'n1' });
    expect(nodeAt(155, 'n1')).toMatchObject({ role: 'leader', leader: 'n1', votes: ['n1', 'n2'] });
    expect(nodeAt(280, 'n1')).toMatchObject({ status: 'running', commit: 5, applied: 5, lastIndex: 5 });
    expect(nodeAt(600, 'n1')).toMatchObject({
      status: 'killed',
      role: 'leader',
      term: 1,
      votedFor: 'n1',
      lastIndex: 6,
    });
    expect(nodeAt(800, 'n1')).toMatchObject({ status: 'running', term: 3, leader: 'n2', lastIndex: 8 });
    expect(trace.query('stateAt', { atNs: 310 * MS }).faults).toMatchObject([
      { id: 'f1', type: 'kill', startedNs: 299 * MS },
    ]);
    expect(trace.query('stateAt', { atNs: 10_000 * MS }).faults).toEqual([]);
  });

  it('for lanes, cuts every node’s life where status, role or term change', () => {
    const { segments } = trace.query('lanes', ALL);
    const ofN1 = segments.filter((segment) => segment.node === 'n1');
    expect(
      ofN1.map(({ fromNs, toNs, status, role, term }) => [
        fromNs / MS,
        toNs === null ? null : toNs / MS,
        status,
        role,
        term,
      ]),
    ).toEqual([
      [11, 150, 'running', 'follower', 0],
      [150, 155, 'running', 'candidate', 1],
      [155, 300, 'running', 'leader', 1],
      [300, 700, 'killed', 'leader', 1],
      [700, 720, 'running', 'follower', 1],
      [720, null, 'running', 'follower', 3],
    ]);
    const clipped = trace.query('lanes', { fromNs: 200 * MS, toNs: 250 * MS }).segments;
    expect(clipped).toHaveLength(3);
    expect(clipped.every((segment) => segment.fromNs === 200 * MS && segment.toNs === 250 * MS)).toBe(true);
  });

  it('for messages, gives those that touch the window, elections first, and says how many there are', () => {
    const all = trace.query('messages', { ...ALL, limit: 100, heartbeats: true });
    expect(all.total).toBe(35);
    expect(all.rows.slice(0, 6).every((row) => row.type.startsWith('RequestVote'))).toBe(true);
    expect(all.rows.filter((row) => row.type === 'AppendEntries' && row.entries === 0)).toHaveLength(2);
    expect(trace.query('messages', { ...ALL, limit: 100, heartbeats: false }).total).toBe(32);

    const few = trace.query('messages', { ...ALL, limit: 6, heartbeats: true });
    expect(few.total).toBe(35);
    expect(few.rows.map((row) => row.type)).not.toContain('AppendEntries');

    const underWay = trace.query('messages', {
      fromNs: 151.1 * MS,
      toNs: 151.12 * MS,
      limit: 10,
      heartbeats: true,
    });
    expect(underWay.rows).toMatchObject([{ type: 'RequestVote', from: 'n1', to: 'n2', fate: 'delivered' }]);
    expect(
      trace.query('messages', { fromNs: 151.2 * MS, toNs: 151.3 * MS, limit: 10, heartbeats: true }).rows,
    ).toEqual([]);
  });

  it('for messages of a crowded window, thins them evenly', () => {
    const { rows } = trace.query('messages', {
      fromNs: 170 * MS,
      toNs: 270 * MS,
      limit: 10,
      heartbeats: false,
    });
    expect(rows).toHaveLength(10);
    expect(new Set(rows.map((row) => Math.floor(row.sentNs / (20 * MS)))).size).toBeGreaterThanOrEqual(5);
  });

  it('for messages, tells how each copy ended and why', () => {
    const { rows } = trace.query('messages', {
      fromNs: 295 * MS,
      toNs: 410 * MS,
      limit: 10,
      heartbeats: true,
    });
    expect(rows.map(({ from, to, type, fate, reason }) => [from, to, type, fate, reason])).toEqual([
      ['n3', 'n1', 'RequestVote', 'lost', 'n1 was gone'],
      ['n3', 'n2', 'RequestVote', 'dropped', 'cut'],
      ['n1', 'n3', 'AppendEntries', 'lost', 'the run ended before it was taken in'],
    ]);
  });

  it('for a message, decodes its body', () => {
    const [vote] = trace.query('messages', { ...ALL, limit: 1, heartbeats: false }).rows;
    expect(trace.query('message', { id: vote?.id ?? '' })).toMatchObject({
      type: 'RequestVote',
      body: { lastLogIndex: 0, lastLogTerm: 0 },
    });
    const reply = trace
      .query('messages', { ...ALL, limit: 100, heartbeats: true })
      .rows.find((row) => row.granted !== null);
    expect(reply).toMatchObject({ type: 'RequestVoteReply', granted: true });
    expect(trace.query('message', { id: 'n1/1/1' })).toBeNull();
    expect(trace.query('message', { id: 'nonsense' })).toBeNull();
  });

  it('for events, filters by source, kind, term and text and counts all that match', () => {
    const all = trace.query('events', { ...ALL, limit: 10 });
    expect(all.events).toHaveLength(10);
    expect(all.total).toBe(trace.query('info', {}).events);
    const newest = trace.query('events', { ...ALL, limit: 1, newestFirst: true });
    expect(texts(newest)).toEqual(['the run stops: the scenario was over']);

    const wins = { kinds: ['role' as const], text: 'LEADER of' };
    expect(texts(trace.query('events', { ...ALL, limit: 10, filter: wins }))).toEqual([
      'n1 becomes leader of term 1: votes from n1, n2',
      'n2 becomes leader of term 3: votes from n2, n3',
    ]);
    expect(
      trace.query('events', { ...ALL, limit: 10, filter: { kinds: ['role', 'term'], sources: ['n3'] } }),
    ).toMatchObject({ total: 3 });
    expect(trace.query('events', { ...ALL, limit: 100, filter: { term: 2 } })).toMatchObject({ total: 4 });
    expect(trace.query('events', { ...ALL, limit: 2, filter: { sources: ['lab'] } })).toMatchObject({
      total: 15,
      events: [{ id: 'lab/1/1' }, { id: 'lab/1/2' }],
    });
    const window = { fromNs: 300 * MS, toNs: 400 * MS, limit: 10 };
    expect(texts(trace.query('events', window))).toEqual(['n1 is dead: killed by SIGKILL']);
  });

  it('for an event, finds it by its id', () => {
    expect(trace.query('event', { id: 'lab/1/1' })).toMatchObject({
      text: 'the run starts with 3 nodes',
      event: { atNs: 0 },
    });
    expect(trace.query('event', { id: 'lab/1/999' })).toBeNull();
    expect(trace.query('event', { id: '' })).toBeNull();
  });

  it('for a chain, leads from the first cause through the event to what it caused', () => {
    const { events } = trace.query('events', { ...ALL, limit: 1, filter: { kinds: ['persist-completed'] } });
    expect(events).toHaveLength(1);
    const [answer] = trace.query('events', { ...ALL, limit: 1, filter: { kinds: ['deliver'] } }).events;
    const { causes, effects } = trace.query('chain', { id: answer?.event.cause ?? '', limit: 20 });
    expect(causes.map((cause) => cause.event.kind)).toEqual(['timer-fired', 'send']);
    expect(effects.map((effect) => effect.event.kind)).toEqual(['arrive', 'deliver']);
  });

  it('for a step, finds the nearest moment of the kind on either side', () => {
    expect(step('election', 0, 'next')).toMatchObject({ atNs: 155 * MS });
    expect(step('election', 155, 'next')).toMatchObject({ atNs: 505 * MS });
    expect(step('election', 505, 'next')).toBeNull();
    expect(step('election', 505, 'previous')).toMatchObject({ atNs: 155 * MS });
    expect(step('fault', 0, 'next')).toMatchObject({ atNs: 299 * MS, text: 'fault f1 begins: kill on n1' });
    expect(step('term', 400, 'next')).toMatchObject({
      atNs: 500 * MS,
      text: 'n2 enters term 3 from 2: election timeout',
    });
    expect(step('term', 400, 'previous')).toMatchObject({ atNs: 150 * MS });
    expect(step('message', 300, 'previous')).toMatchObject({ atNs: 298 * MS });
    expect(step('finding', 0, 'next')).toBeNull();
  });

  it('for a step among events of one moment, takes them one by one', () => {
    const seen: string[] = [];
    let at = step('event', 399, 'next');
    while (at !== null && at.atNs === 400 * MS) {
      seen.push(at.id);
      at = trace.query('step', { kind: 'event', atNs: at.atNs, id: at.id, direction: 'next' });
    }
    expect(seen).toEqual(['n3/1/34', 'n3/1/35', 'n3/1/36']);
    expect(step('event', 400, 'previous', 'n3/1/35')).toMatchObject({ id: 'n3/1/34' });
  });

  it('for elections and faults, gives them with all their parts', () => {
    expect(trace.query('elections', {}).elections).toMatchObject([
      { term: 1, leader: 'n1', startedNs: 12 * MS, downtimeMs: null },
      {
        number: 2,
        term: 3,
        leader: 'n2',
        previousLeader: 'n1',
        lostNs: 299 * MS,
        detectionMs: 101,
        campaignMs: 105,
        firstCommitMs: 16,
        downtimeMs: 260,
        splitVotes: 1,
        candidates: ['n3', 'n2'],
        voters: ['n2', 'n3'],
      },
    ]);
    expect(trace.query('faults', {}).faults).toEqual([
      {
        id: 'f1',
        type: 'kill',
        targets: ['n1'],
        parameters: {},
        fromNs: 299 * MS,
        toNs: 700 * MS,
        event: 'lab/1/10',
      },
    ]);
  });

  it('for operations, gives those that touch the window and their figures by buckets', () => {
    const { operations, total } = trace.query('operations', { fromNs: 181 * MS, toNs: 201 * MS, limit: 10 });
    expect(total).toBe(2);
    expect(operations).toMatchObject([
      {
        id: 'c1/1',
        client: 'c1',
        call: 'put',
        key: 'lamp',
        value: 'v1',
        outcome: 'ok',
        index: 1,
        node: 'n1',
        result: 'v1',
        error: null,
      },
      { id: 'c1/2' },
    ]);
    const { buckets } = trace.query('operationBuckets', { ...ALL, buckets: 3 });
    expect(buckets.map(({ invoked, acknowledged, p50Ms }) => [invoked, acknowledged, p50Ms])).toEqual([
      [5, 5, 2],
      [3, 3, 2],
      [0, 0, null],
    ]);
  });

  it.each([3, 9, 900, 1_800])('for density, counts every event once in %i buckets', (count) => {
    const { buckets, endNs } = trace.query('density', { ...ALL, buckets: count });
    expect(endNs).toBe(800 * MS);
    expect(buckets).toHaveLength(count);
    const sum = (of: 'events' | 'messages' | 'operations'): number =>
      buckets.reduce((all, bucket) => all + bucket[of], 0);
    expect([sum('events'), sum('messages'), sum('operations')]).toEqual([
      trace.query('info', {}).events,
      35,
      8,
    ]);
  });

  it('for commits, says where each node’s commit index came to', () => {
    const { nodes } = trace.query('commits', { ...ALL, buckets: 3 });
    expect(nodes).toEqual([
      { node: 'n1', indexes: [5, null, null] },
      { node: 'n2', indexes: [null, 8, null] },
    ]);
  });

  it('for logs, lays the nodes’ logs beside each other and says what the entries are', () => {
    expect(trace.query('logs', { atNs: 600 * MS, count: 4 })).toMatchObject({
      firstIndex: 5,
      lastIndex: 8,
      nodes: [
        { node: 'n1', commit: 5, cells: [1, 1, null, null] },
        { node: 'n2', commit: 8, cells: [1, 3, 3, 3] },
        { node: 'n3', cells: [1, 3, 3, 3] },
      ],
      commands: ['put lamp v5', 'put lamp v6', 'put lamp v7', 'put lamp v8'],
    });
    expect(trace.query('logs', { atNs: 310 * MS, firstIndex: 6, count: 5 })).toMatchObject({
      lastIndex: 6,
      commands: ['put lamp gone'],
    });
    expect(trace.query('logs', { atNs: 0, count: 5 })).toMatchObject({
      firstIndex: 1,
      lastIndex: 0,
      commands: [],
    });
  });
});
