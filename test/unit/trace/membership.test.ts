/** A recorded run in which membership changes and logs are compacted, asked for everything that a window shows of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeEvent } from '../../../src-main/trace/model/describe.ts';
import type { NodeState } from '../../../src-main/trace/model/state.ts';
import { openTrace } from '../../../src-main/trace/reader/open.ts';
import type { OpenTrace } from '../../../src-main/trace/reader/open.ts';
import { TraceRecording } from '../../../src-main/trace/recorder/recording.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import { JOINT, LAST, SNAPSHOT_BYTES, TIMES, WITH_LEARNER, writeMembershipRun } from './membership-run.ts';
import { MS, SampleRun, sampleHeader, startNode } from './sample-run.ts';

let folder: string;
let file: string;
let trace: OpenTrace;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'membership-'));
  const run = writeMembershipRun(folder);
  run.close();
  file = join(folder, 'run.qlab');
  await TraceRecording.start(file, run.spoolFolder, sampleHeader()).close('complete', 'over');
  trace = openTrace(file);
});
afterAll(() => {
  trace.close();
  rmSync(folder, { recursive: true });
});

function nodeAt(ms: number, id: string): NodeState {
  const found = trace.query('stateAt', { atNs: ms * MS }).nodes.find((node) => node.id === id);
  if (found === undefined) throw new Error(`${id} is not there at ${ms} ms`);
  return found;
}

describe('the state of a cluster whose members change', () => {
  it('has a node from the moment it appears, and lists all that ever were', () => {
    expect(trace.query('info', {}).nodes).toEqual(['n1', 'n2', 'n3', 'n4']);
    const ids = (ms: number): string[] => trace.query('stateAt', { atNs: ms * MS }).nodes.map(({ id }) => id);
    expect(ids(500)).toEqual(['n1', 'n2', 'n3']);
    expect(ids(TIMES.joined)).toEqual(['n1', 'n2', 'n3', 'n4']);
  });

  it('knows who goes by which configuration and whether it is committed', () => {
    expect(nodeAt(100, 'n1').configuration).toMatchObject({ index: 0, committed: true });
    expect(nodeAt(TIMES.learner, 'n1').configuration).toEqual({
      configuration: WITH_LEARNER,
      index: 13,
      committed: false,
    });
    expect(nodeAt(TIMES.learner + 6, 'n1').configuration).toMatchObject({ index: 13, committed: true });
    expect(nodeAt(TIMES.joint + 6, 'n4').configuration).toEqual({
      configuration: JOINT,
      index: 14,
      committed: true,
    });
    expect(nodeAt(TIMES.ended, 'n4').configuration).toEqual({
      configuration: LAST,
      index: 15,
      committed: true,
    });
  });

  it('tells learners and pre-candidates from voters and candidates', () => {
    expect(nodeAt(151, 'n1')).toMatchObject({ role: 'pre-candidate', term: 0, votes: ['n1'] });
    expect(nodeAt(TIMES.joined, 'n4')).toMatchObject({ role: 'learner', storageId: 'disk-n4' });
    expect(nodeAt(TIMES.joint, 'n4')).toMatchObject({ role: 'follower' });
  });

  it('follows leases and transfers from their beginning to their end', () => {
    expect(nodeAt(300, 'n1').lease).toEqual({ sinceNs: 165 * MS, forMs: 135 });
    expect(nodeAt(TIMES.transfer, 'n1')).toMatchObject({
      lease: null,
      transfer: { to: 'n4', asked: false, sinceNs: TIMES.transfer * MS },
    });
    expect(nodeAt(TIMES.transfer + 10, 'n1').transfer).toMatchObject({ asked: true });
    expect(nodeAt(TIMES.elected, 'n1').transfer).toBeNull();
  });

  it('cuts leases to the window like lanes, and leaves a lane whole where only the lease changed', () => {
    const lease = { node: 'n1', fromNs: 165 * MS, toNs: TIMES.transfer * MS };
    const { segments, leases } = trace.query('lanes', { fromNs: 0, toNs: 3_000 * MS });
    expect(leases).toEqual([lease]);
    const led = segments.filter(({ node, role }) => node === 'n1' && role === 'leader');
    expect(led.map(({ fromNs }) => fromNs)).toEqual([165 * MS]);
    expect(trace.query('lanes', { fromNs: 200 * MS, toNs: 250 * MS }).leases).toEqual([
      { ...lease, fromNs: 200 * MS, toNs: 250 * MS },
    ]);
  });

  it('knows what a log has let go of, and how far a snapshot has come', () => {
    expect(nodeAt(TIMES.compacted, 'n1')).toMatchObject({
      snapshot: { index: 12, term: 1 },
      compacted: 10,
      log: [{ first: 11, last: 12, term: 1 }],
    });
    expect(nodeAt(TIMES.learner + 12, 'n4').incoming).toEqual({
      from: 'n1',
      index: 12,
      bytes: 200_000,
      total: SNAPSHOT_BYTES,
    });
    expect(nodeAt(TIMES.learner + 12, 'n1').progress['n4']).toMatchObject({
      state: 'snapshot',
      sending: { index: 12 },
    });
    expect(nodeAt(TIMES.installed, 'n4')).toMatchObject({
      incoming: null,
      snapshot: { index: 12, term: 1 },
      compacted: 12,
      log: [],
      lastIndex: 12,
      commit: 12,
      applied: 12,
    });
    expect(nodeAt(TIMES.installed + 4, 'n1').progress['n4']).toMatchObject({
      match: 12,
      state: 'replicate',
      sending: null,
    });
  });

  it('opens as an earlier lab stored it', async () => {
    const older = join(folder, 'older.qlab');
    const run = new SampleRun(join(folder, 'older'));
    run.at(0).record('lab', { kind: 'run-started', nodes: ['n1'] });
    startNode(run.at(1), 'n1', 1, 2, 3, 3);
    run.close();
    await TraceRecording.start(older, run.spoolFolder, sampleHeader(['n1'])).close('complete', 'over');
    const database = openDatabase(older);
    const state = {
      atNs: 5 * MS,
      nodes: [{ id: 'n1', status: 'running', role: 'leader', progress: { n2: { match: 3, next: 4 } } }],
      faults: [],
      operations: { invoked: 0, acknowledged: 0, failed: 0, unknown: 0 },
      clients: 0,
    };
    database
      .prepare('INSERT INTO keyframe (at_ns, source, incarnation, seq, state) VALUES (?, ?, 1, 1, ?)')
      .run(5 * MS, 'n1', JSON.stringify(state));
    database.close();
    const reader = openTrace(older);
    expect(reader.query('stateAt', { atNs: 6 * MS }).nodes[0]).toMatchObject({
      role: 'leader',
      configuration: null,
      compacted: 0,
      lease: null,
      progress: { n2: { match: 3, next: 4, state: 'replicate', inFlight: 0 } },
    });
    reader.close();
  });
});

describe('the logs', () => {
  it('show entries, what a snapshot holds, and members in words', () => {
    const { nodes, commands } = trace.query('logs', {
      atNs: (TIMES.installed + 6) * MS,
      firstIndex: 9,
      count: 8,
    });
    const rows = Object.fromEntries(nodes.map((row) => [row.node, row]));
    expect(rows['n1']).toMatchObject({ compacted: 10, snapshot: 12, cells: [null, null, 1, 1, 1] });
    expect(rows['n2']).toMatchObject({ compacted: 0, snapshot: null, cells: [1, 1, 1, 1, 1] });
    expect(rows['n4']).toMatchObject({ compacted: 12, snapshot: 12, cells: [null, null, null, null, 1] });
    expect(commands[4]).toBe('members n1 n2 n3, learner n4');
  });

  it('keep in the table what ended by compaction, with what it said', () => {
    const database = openDatabase(file, { readonly: true });
    const ended = database
      .prepare("SELECT first, last, to_ns FROM entry WHERE node = 'n1' AND to_ns IS NOT NULL ORDER BY first")
      .all();
    expect(ended).toHaveLength(10);
    expect(ended[0]).toEqual({ first: 1, last: 1, to_ns: TIMES.compacted * MS });
    const held = database
      .prepare("SELECT min(first) FROM entry WHERE node = 'n1' AND to_ns IS NULL")
      .pluck()
      .get();
    expect(held).toBe(11);
    database.close();
  });

  it('follow what an incarnation finds: entries it had let go of only in memory are there again', async () => {
    const run = new SampleRun(join(folder, 'restart'));
    run.at(0).record('lab', { kind: 'run-started', nodes: ['n1'] });
    startNode(run.at(1), 'n1', 1, 1, 8, 8);
    run.at(2).record('n1', { kind: 'compact', to: 5, term: 1 });
    startNode(run.at(3), 'n1', 2, 1, 9, 8);
    const mark = { index: 20, term: 2, hash: 2_002, peer: 'n2' };
    run.at(4).record('n1', { kind: 'snapshot', stage: 'installed', ...mark });
    run.at(5).record('n1', { kind: 'append', first: 21, last: 22, term: 2, hash: 2_202 });
    run.close();
    const other = join(folder, 'restart.qlab');
    await TraceRecording.start(other, run.spoolFolder, sampleHeader(['n1'])).close('complete', 'over');
    const database = openDatabase(other, { readonly: true });
    const rows = database
      .prepare(
        'SELECT first, last, from_ns / 1000000 AS "from", to_ns / 1000000 AS "to" FROM entry ORDER BY first, from_ns',
      )
      .all();
    expect(rows).toEqual([
      { first: 1, last: 5, from: 1, to: 2 },
      { first: 1, last: 5, from: 3, to: 4 },
      { first: 6, last: 8, from: 1, to: 4 },
      { first: 9, last: 9, from: 3, to: 4 },
      { first: 21, last: 22, from: 5, to: null },
    ]);
    database.close();
  });
});

describe('lanes', () => {
  it('begin when a node appears, as a learner, and end with its stop', () => {
    const { segments } = trace.query('lanes', { fromNs: 0, toNs: 3_000 * MS });
    const of = (node: string): unknown[] =>
      segments.filter((one) => one.node === node).map(({ status, role }) => `${status} ${role}`);
    expect(of('n1')).toContain('running pre-candidate');
    expect(of('n1').at(-1)).toBe('stopped learner');
    expect(of('n4').slice(0, 2)).toEqual(['running learner', 'running learner']);
    expect(of('n4').at(-1)).toBe('running leader');
  });

  it('carry a mark for each change of members, snapshot, transfer and lost lease', () => {
    const { marks } = trace.query('marks', { fromNs: 0, toNs: 3_000 * MS, buckets: 600 });
    const of = (kind: string): string[] =>
      marks.filter((mark) => mark.kind === kind).map(({ node, atNs }) => `${node} ${atNs / MS}`);
    expect(of('snapshot-saved')).toEqual([`n1 ${TIMES.compacted}`]);
    expect(of('snapshot-installed')).toEqual([`n4 ${TIMES.installed}`]);
    expect(of('transfer-started')).toEqual([`n1 ${TIMES.transfer}`]);
    expect(of('transfer-ended')).toEqual([`n1 ${TIMES.elected}`]);
    expect(of('lease-lost')).toEqual([`n1 ${TIMES.transfer}`]);
    expect(of('configuration-adopted').slice(0, 3)).toEqual(['n1 650', 'n2 650', 'n3 650']);
    const coarse = trace.query('marks', { fromNs: 0, toNs: 3_000 * MS, buckets: 1 }).marks;
    expect(coarse.find(({ node, kind }) => node === 'n1' && kind === 'configuration-adopted')).toMatchObject({
      count: 3,
      text: 'n1 adopts the configuration of entry 13: n1 n2 n3, learner n4',
    });
  });
});

describe('messages', () => {
  it('of elections, snapshots and reads come before heartbeats, and answers say whether they agreed', () => {
    const rows = trace.query('messages', {
      fromNs: 0,
      toNs: 3_000 * MS,
      limit: 1_000,
      heartbeats: false,
    }).rows;
    const of = (type: string): (boolean | null)[] =>
      rows.filter((row) => row.type === type).map(({ granted }) => granted);
    expect(of('PreVote')).toEqual([null]);
    expect(of('PreVoteReply')).toEqual([true]);
    expect(of('TimeoutNow')).toEqual([null]);
    expect(of('InstallSnapshot')).toEqual([null, null]);
    expect(of('InstallSnapshotReply')).toEqual([null, true]);
    expect(rows.slice(0, 2).map(({ type }) => type)).toEqual(['PreVote', 'PreVoteReply']);
  });
});

describe('sentences', () => {
  const head = { source: 'n1', incarnation: 1, seq: 1, atNs: 0, step: 1 };
  const mark = { index: 840, term: 3, hash: 7 };

  it('say what a snapshot, a lease, a read and a transfer did', () => {
    expect([
      describeEvent({
        ...head,
        kind: 'snapshot',
        stage: 'receiving',
        ...mark,
        peer: 'n2',
        bytes: 5,
        total: 9,
      }),
      describeEvent({ ...head, kind: 'compact', to: 840, term: 3 }),
      describeEvent({ ...head, kind: 'lease', held: false, forMs: 0, reason: 'no quorum answered' }),
      describeEvent({
        ...head,
        kind: 'reads',
        stage: 'asked',
        mode: 'read-index',
        ids: ['c1/1', 'c2/4'],
        atIndex: 7,
        round: 12,
      }),
      describeEvent({
        ...head,
        kind: 'reads',
        stage: 'confirmed',
        mode: 'lease',
        ids: ['c1/1'],
        atIndex: 7,
        round: 0,
      }),
      describeEvent({
        ...head,
        kind: 'transfer',
        stage: 'timeout-now',
        to: 'n2',
        reason: 'n2 holds the log up to 9',
      }),
      describeEvent({ ...head, kind: 'restore', index: 840, bytes: 90 }),
      describeEvent({ ...head, kind: 'apply', from: 3, to: 5, hash: 9, skipped: [4] }),
    ]).toEqual([
      'n1 has 5 of 9 bytes of the snapshot of entry 840 from n2',
      'n1 removes the entries up to 840 from its log: a snapshot holds what they led to',
      'n1 loses its lease: no quorum answered',
      'n1 is asked for 2 reads by ReadIndex at commit index 7, until round 12 of heartbeats confirms the leader',
      'n1 confirms 1 read by the lease: it may be served once entry 7 is applied',
      'n1 tells n2 to time out now: n2 holds the log up to 9',
      'n1 takes over the state of the snapshot of entry 840, 90 bytes',
      'n1 applies entries 3–5; entry 4 changes nothing, a retry of what was applied before',
    ]);
  });

  it('tell a promise from a vote and a pre-candidacy from a candidacy', () => {
    expect(
      describeEvent({
        ...head,
        kind: 'role',
        from: 'follower',
        to: 'pre-candidate',
        term: 4,
        reason: 'election timeout',
      }),
    ).toBe('n1 asks whether it could win term 5: election timeout');
    expect(
      describeEvent({
        ...head,
        kind: 'tally',
        term: 5,
        pre: true,
        voter: 'n2',
        granted: true,
        votes: 2,
        needed: 2,
      }),
    ).toBe('n1 counts the promise of n2 in term 5: 2 of 2 needed');
  });

  it('tell who takes part and what was asked for', () => {
    expect(
      describeEvent({ ...head, kind: 'configuration', stage: 'adopted', index: 14, configuration: JOINT }),
    ).toBe('n1 adopts the joint configuration of entry 14: n1 n2 n3 → n2 n3 n4');
    const command = {
      kind: 'change-membership',
      changes: [
        { kind: 'add-voter', node: 'n4' },
        { kind: 'remove', node: 'n1' },
      ],
    };
    expect(describeEvent({ ...head, source: 'lab', kind: 'operator', command, origin: 'window' })).toBe(
      'window asks: change-membership add-voter n4, remove n1',
    );
    expect(
      describeEvent({ ...head, kind: 'answer', operation: 'c1/3', outcome: 'ok', index: 9, read: 'lease' }),
    ).toBe('n1 answers operation c1/3, a read by the lease: ok');
  });
});
