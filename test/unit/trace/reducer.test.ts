import { describe, expect, it } from 'vitest';
import type { EventPayload, TraceEvent } from '../../../src-main/trace/model/events.ts';
import { initialState, reduce } from '../../../src-main/trace/model/reducer.ts';
import type { ClusterState, NodeState } from '../../../src-main/trace/model/state.ts';

/** Folds events of one source each; the n-th happens at n ms. */
function fold(...events: [source: string, payload: EventPayload][]): ClusterState {
  const state = initialState(['n1', 'n2']);
  for (const [at, [source, payload]] of events.entries()) {
    const head = { source, incarnation: 1, seq: at + 1, atNs: (at + 1) * 1_000_000, step: 0 };
    reduce(state, { ...head, ...payload } as TraceEvent);
  }
  return state;
}

function n1(...events: [source: string, payload: EventPayload][]): NodeState {
  const node = fold(...events).nodes[0];
  if (node === undefined) throw new Error('no node');
  return node;
}

const spawned: [string, EventPayload] = [
  'lab',
  { kind: 'process-spawned', node: 'n1', pid: 41, port: 20_001, of: 1 },
];
const started: [string, EventPayload] = [
  'n1',
  {
    kind: 'node-started',
    pid: 41,
    term: 2,
    votedFor: 'n2',
    lastIndex: 3,
    applied: 2,
    log: [{ first: 1, last: 3, term: 2 }],
  },
];
const killed: [string, EventPayload] = [
  'lab',
  { kind: 'process-exited', node: 'n1', of: 1, reason: 'killed', code: null, signal: 'SIGKILL' },
];

describe('the state of a node', () => {
  it('is absent before anything happened', () => {
    expect(n1()).toMatchObject({ status: 'absent', role: 'follower', term: 0, log: [] });
  });

  it('starts, runs with what it found on its disk, and knows nothing volatile', () => {
    expect(n1(spawned)).toMatchObject({ status: 'starting', pid: 41, port: 20_001, incarnation: 1 });
    expect(n1(spawned, started)).toMatchObject({
      status: 'running',
      statusSinceNs: 2_000_000,
      term: 2,
      votedFor: 'n2',
      leader: null,
      commit: 2,
      applied: 2,
      lastIndex: 3,
      durableIndex: 3,
      log: [{ first: 1, last: 3, term: 2 }],
    });
  });

  it('keeps its last term, vote and log when it is killed, and says so', () => {
    expect(n1(spawned, started, killed)).toMatchObject({
      status: 'killed',
      statusSinceNs: 3_000_000,
      pid: null,
      term: 2,
      votedFor: 'n2',
      lastIndex: 3,
    });
  });

  it('says why it failed', () => {
    const error = 'log.db, row 3: checksum is wrong';
    const failed: [string, EventPayload] = [
      'lab',
      { kind: 'process-exited', node: 'n1', of: 1, reason: 'failed', code: 1, signal: null, error },
    ];
    expect(n1(spawned, started, failed)).toMatchObject({ status: 'failed', error });
  });

  it('does not mind the end of an earlier incarnation', () => {
    const again: [string, EventPayload] = ['lab', { kind: 'process-spawned', node: 'n1', pid: 42, of: 2 }];
    expect(n1(spawned, started, again, killed)).toMatchObject({
      status: 'starting',
      incarnation: 2,
      pid: 42,
      port: 20_001,
    });
  });

  it('keeps its role while it is paused', () => {
    const leads: [string, EventPayload] = [
      'n1',
      { kind: 'role', from: 'candidate', to: 'leader', term: 3, reason: '' },
    ];
    const paused: [string, EventPayload] = ['lab', { kind: 'process-paused', node: 'n1' }];
    const resumed: [string, EventPayload] = ['lab', { kind: 'process-resumed', node: 'n1' }];
    expect(n1(spawned, started, leads, paused)).toMatchObject({ status: 'paused', role: 'leader', term: 3 });
    expect(n1(spawned, started, leads, paused, resumed)).toMatchObject({ status: 'running', role: 'leader' });
    expect(n1(spawned, started, killed, resumed)).toMatchObject({ status: 'killed' });
  });

  it('gives up its vote with its term, and counts votes as a candidate', () => {
    const node = n1(
      started,
      ['n1', { kind: 'term', from: 2, to: 3, reason: '' }],
      ['n1', { kind: 'role', from: 'follower', to: 'candidate', term: 3, reason: '' }],
    );
    expect(node).toMatchObject({ term: 3, votedFor: null, role: 'candidate', leader: null, votes: [] });
    const voted = n1(
      started,
      ['n1', { kind: 'term', from: 2, to: 3, reason: '' }],
      ['n1', { kind: 'role', from: 'follower', to: 'candidate', term: 3, reason: '' }],
      ['n1', { kind: 'vote', term: 3, candidate: 'n1', reason: '' }],
      ['n1', { kind: 'tally', term: 3, voter: 'n1', granted: true, votes: 1, needed: 2 }],
      ['n1', { kind: 'tally', term: 3, voter: 'n3', granted: false, votes: 1, needed: 2 }],
      ['n1', { kind: 'tally', term: 3, voter: 'n2', granted: true, votes: 2, needed: 2 }],
      ['n1', { kind: 'role', from: 'candidate', to: 'leader', term: 3, reason: '' }],
      ['n1', { kind: 'progress', peer: 'n2', match: 3, next: 4, state: 'replicate', inFlight: 2 }],
    );
    expect(voted).toMatchObject({ role: 'leader', leader: 'n1', votedFor: 'n1', votes: ['n1', 'n2'] });
    expect(voted.progress).toEqual({
      n2: { match: 3, next: 4, state: 'replicate', inFlight: 2, sending: null },
    });
  });

  it('joins entries of one term and cuts what conflicts', () => {
    const node = n1(
      started,
      ['n1', { kind: 'append', first: 4, last: 5, term: 2, hash: 52 }],
      ['n1', { kind: 'append', first: 6, last: 9, term: 3, hash: 93 }],
      ['n1', { kind: 'persist-completed', ids: [1], tookNs: 150_000, lastIndex: 9, term: 3, votedFor: null }],
      ['n1', { kind: 'truncate', first: 8, last: 9, reason: '' }],
    );
    expect(node).toMatchObject({ lastIndex: 7, lastHash: 0, durableIndex: 7, lastSyncNs: 150_000 });
    expect(node.log).toEqual([
      { first: 1, last: 5, term: 2 },
      { first: 6, last: 7, term: 3 },
    ]);
    const replaced = n1(
      started,
      ['n1', { kind: 'append', first: 4, last: 5, term: 3, hash: 53 }],
      ['n1', { kind: 'append', first: 3, last: 4, term: 4, hash: 44 }],
    );
    expect(replaced).toMatchObject({ lastIndex: 4, lastHash: 44 });
    expect(replaced.log).toEqual([
      { first: 1, last: 2, term: 2 },
      { first: 3, last: 4, term: 4 },
    ]);
  });
});

describe('the state of a cluster', () => {
  it('counts operations and knows the clients and the faults there are', () => {
    const state = fold(
      ['lab', { kind: 'operator', command: { kind: 'workload', clients: 8 }, origin: 'window' }],
      [
        'lab',
        {
          kind: 'operator',
          command: { kind: 'workload', clients: 99 },
          origin: 'window',
          refused: 'too many',
        },
      ],
      ['load', { kind: 'invoke', operation: 'c1/1', client: 'c1', call: 'get', key: 'a' }],
      ['load', { kind: 'invoke', operation: 'c1/2', client: 'c1', call: 'get', key: 'a' }],
      ['load', { kind: 'complete', operation: 'c1/1', outcome: 'ok', attempts: 1 }],
      ['load', { kind: 'complete', operation: 'c1/2', outcome: 'unknown', attempts: 1 }],
      ['lab', { kind: 'fault-started', fault: 'f1', type: 'kill', targets: ['n1'], parameters: {} }],
      ['lab', { kind: 'fault-started', fault: 'f2', type: 'pause', targets: ['n2'], parameters: {} }],
      ['lab', { kind: 'fault-ended', fault: 'f1' }],
    );
    expect(state.clients).toBe(8);
    expect(state.operations).toEqual({ invoked: 2, acknowledged: 1, failed: 0, unknown: 1 });
    expect(state.faults).toEqual([{ id: 'f2', type: 'pause', targets: ['n2'], startedNs: 8_000_000 }]);
    expect(state.atNs).toBe(9_000_000);
  });

  it('takes in nodes that join later, in order of their numbers, and no other process', () => {
    const state = fold(
      ['n10', { kind: 'term', from: 1, to: 2, reason: '' }],
      ['lab', { kind: 'process-spawned', node: 'n4', pid: 44, of: 1 }],
      ['lab', { kind: 'process-spawned', node: 'load', pid: 45, of: 1 }],
      ['lab', { kind: 'process-paused', node: 'load' }],
      ['n7', { kind: 'link', peer: 'n1', state: 'up', reason: '' }],
    );
    expect(state.nodes.map(({ id }) => id)).toEqual(['n1', 'n2', 'n4', 'n10']);
    expect(state.nodes[2]).toMatchObject({ status: 'starting', pid: 44 });
  });
});
