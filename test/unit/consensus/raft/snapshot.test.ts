import { describe, expect, it } from 'vitest';
import { chainHash } from '../../../../src-main/consensus/raft/chain-hash.ts';
import { votersOnly } from '../../../../src-main/consensus/raft/configuration.ts';
import type {
  InstallSnapshotBody,
  InstallSnapshotReplyBody,
} from '../../../../src-main/consensus/raft/messages.ts';
import type { Effects, Row } from '../../../../src-main/consensus/replica.ts';
import {
  entriesAfter,
  rowsOf,
  sentOfType,
  SingleReplica,
  THREE,
  transitionsOf,
  type Setup,
} from './single-replica.ts';

const IMAGE = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
const configuration = votersOnly(THREE);

/** The chain hash of a log with entries of these terms. */
function hashOf(...terms: number[]): number {
  return entriesAfter(0, ...terms).reduce((hash, entry) => chainHash(hash, entry), 0);
}

function chunk(from: number, to: number, body: Partial<InstallSnapshotBody> = {}): InstallSnapshotBody {
  return {
    lastIndex: 5,
    lastTerm: 2,
    hash: hashOf(1, 1, 1, 2, 2),
    configuration,
    offset: from,
    data: IMAGE.slice(from, to),
    total: IMAGE.length,
    round: 3,
    ...body,
  };
}

function answersIn(effects: Effects): InstallSnapshotReplyBody[] {
  return sentOfType(effects, 'InstallSnapshotReply').map(({ body }) => body as InstallSnapshotReplyBody);
}

function chunksIn(effects: Effects): [number, number][] {
  return sentOfType(effects, 'InstallSnapshot').map(({ body }) => {
    const { offset, data } = body as InstallSnapshotBody;
    return [offset, offset + data.length];
  });
}

describe('§7 taking a snapshot', () => {
  /** A follower with five entries, all applied. */
  function applied(setup: Setup = {}): SingleReplica {
    return new SingleReplica({ terms: [1, 1, 1, 2, 2], applied: 5, ...setup });
  }

  it('§7 the machine saves first; only when the image is durable does the log give way, in one write with the mark', () => {
    const replica = applied({ options: { snapshotKeepEntries: 1 } });
    expect(replica.operator({ kind: 'snapshot' }).machine).toEqual([{ kind: 'save-snapshot', index: 5 }]);
    expect(replica.raft.log.start.index).toBe(0);
    const effects = replica.machine({ kind: 'snapshot-saved', index: 5, bytes: 100 });
    expect(effects.persist?.deletes).toEqual([{ space: 'log', from: 1, to: 4 }]);
    expect(effects.persist?.puts).toMatchObject([
      {
        space: 'snapshot',
        key: 0,
        value: { index: 5, term: 2, configuration, start: { index: 4, term: 2 } },
      },
    ]);
    expect(transitionsOf(effects, 'compact')).toEqual([{ kind: 'compact', to: 4, term: 2 }]);
    expect(replica.raft.log.start).toEqual({ index: 4, term: 2, hash: hashOf(1, 1, 1, 2) });
    expect(replica.status.snapshot).toMatchObject({ index: 5, hash: hashOf(1, 1, 1, 2, 2) });
  });

  it('§7 comes by itself after so many applied entries', () => {
    const replica = new SingleReplica({ options: { snapshotEveryEntries: 3, snapshotKeepEntries: 0 } });
    replica.append('n2', 1, { entries: entriesAfter(0, 1, 1), leaderCommit: 2 });
    expect(replica.applied(replica.persistOne()).machine).toEqual([]);
    replica.append('n2', 1, {
      prevLogIndex: 2,
      prevLogTerm: 1,
      entries: entriesAfter(2, 1, 1),
      leaderCommit: 4,
    });
    expect(replica.applied(replica.persistOne()).machine).toEqual([{ kind: 'save-snapshot', index: 4 }]);
  });

  it('is refused while one is being saved, and where nothing is new', () => {
    const replica = applied();
    replica.operator({ kind: 'snapshot' });
    expect(transitionsOf(replica.operator({ kind: 'snapshot' }), 'refuse')).toMatchObject([
      { reason: 'one of entry 5 is being saved' },
    ]);
    replica.machine({ kind: 'snapshot-saved', index: 5, bytes: 10 });
    expect(transitionsOf(replica.operator({ kind: 'snapshot' }), 'refuse')).toMatchObject([
      { reason: 'nothing was applied since the one of entry 5' },
    ]);
  });

  it('holds the configuration that was in force at its entry, not a newer one', () => {
    const replica = new SingleReplica({ terms: [1, 1], applied: 2, options: { snapshotKeepEntries: 0 } });
    const data = JSON.stringify(votersOnly(['n1', 'n2']));
    replica.append('n2', 1, {
      prevLogIndex: 2,
      prevLogTerm: 1,
      entries: [{ index: 3, term: 1, kind: 'configuration', data }],
    });
    replica.operator({ kind: 'snapshot' });
    replica.machine({ kind: 'snapshot-saved', index: 2, bytes: 10 });
    expect(replica.status.snapshot).toMatchObject({ index: 2, configuration });
    expect(replica.status.configuration).toMatchObject({ index: 3 });
  });

  it('a server comes up again behind its snapshot', () => {
    const replica = applied({ options: { snapshotKeepEntries: 2 } });
    replica.operator({ kind: 'snapshot' });
    const { persist } = replica.machine({ kind: 'snapshot-saved', index: 5, bytes: 10 });
    const kept = rowsOf([1, 1, 1, 2, 2], 2, null).filter(({ space, key }) => space !== 'log' || key > 3);
    const rows: Row[] = [...kept, ...(persist?.puts ?? [])];
    const again = new SingleReplica({ rows, applied: 5 });
    expect(again.status).toMatchObject({ lastIndex: 5, commitIndex: 5, snapshot: { index: 5 } });
    expect(again.raft.log.start.index).toBe(3);
    expect(() => new SingleReplica({ rows, applied: 4 })).toThrow('that must be restored first');
    expect(() => new SingleReplica({ rows: rows.filter(({ key }) => key !== 5), applied: 5 })).toThrow(
      'Row log/5 is missing: the snapshot is of entry 5',
    );
  });

  it('an AppendEntries from before the start of the log is acknowledged: a snapshot holds only what is committed', () => {
    const replica = applied({ options: { snapshotKeepEntries: 0 } });
    replica.operator({ kind: 'snapshot' });
    replica.machine({ kind: 'snapshot-saved', index: 5, bytes: 10 });
    const late = replica.append('n2', 2, {
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: entriesAfter(1, 1),
    });
    expect(sentOfType(late, 'AppendEntriesReply')).toMatchObject([
      { body: { success: true, matchIndex: 5 } },
    ]);
    expect(replica.status.lastIndex).toBe(5);
  });
});

describe('Figure 13 receiving a snapshot', () => {
  it('§7 chunk by chunk, each answered with the byte wanted next', () => {
    const replica = new SingleReplica({ term: 2 });
    expect(answersIn(replica.installSnapshot('n2', 2, chunk(0, 4)))).toEqual([
      { lastIndex: 5, next: 4, installed: false, round: 3 },
    ]);
    expect(answersIn(replica.installSnapshot('n2', 2, chunk(4, 8)))).toMatchObject([{ next: 8 }]);
    const last = replica.installSnapshot('n2', 2, chunk(8, 10));
    expect(answersIn(last)).toEqual([]);
    expect(last.machine).toEqual([
      { kind: 'keep-snapshot', index: 5, parts: [IMAGE.slice(0, 4), IMAGE.slice(4, 8), IMAGE.slice(8)] },
    ]);
  });

  it('§7 chunks that come twice, or out of order, change nothing', () => {
    const replica = new SingleReplica({ term: 2 });
    replica.installSnapshot('n2', 2, chunk(0, 4));
    expect(answersIn(replica.installSnapshot('n2', 2, chunk(0, 4)))).toMatchObject([{ next: 4 }]);
    expect(answersIn(replica.installSnapshot('n2', 2, chunk(8, 10)))).toMatchObject([{ next: 4 }]);
  });

  it('a new leader goes on where the last one stopped', () => {
    const replica = new SingleReplica({ term: 2 });
    replica.installSnapshot('n2', 2, chunk(0, 4));
    expect(answersIn(replica.installSnapshot('n3', 3, chunk(0, 4)))).toMatchObject([{ next: 4 }]);
    expect(replica.installSnapshot('n3', 3, chunk(4, 10)).machine).toHaveLength(1);
  });

  it('a newer snapshot takes the place of one that is half there', () => {
    const replica = new SingleReplica({ term: 2 });
    replica.installSnapshot('n2', 2, chunk(0, 4));
    const effects = replica.installSnapshot('n2', 2, chunk(0, 4, { lastIndex: 9 }));
    expect(transitionsOf(effects, 'snapshot').map(({ stage, index }) => [stage, index])).toEqual([
      ['abandoned', 5],
      ['receiving', 9],
    ]);
  });

  /** Everything has arrived and the image is durable. */
  function installed(setup: Setup = {}): { replica: SingleReplica; effects: Effects } {
    const replica = new SingleReplica({ term: 2, ...setup });
    replica.installSnapshot('n2', 2, chunk(0, 10));
    replica.persistAll();
    return { replica, effects: replica.machine({ kind: 'snapshot-kept', index: 5 }) };
  }

  it('§7 once the image is durable the log gives way in one write, then the state follows, then the leader is told', () => {
    const { replica, effects } = installed({ terms: [1, 1], term: 2 });
    expect(effects.persist?.deletes).toEqual([{ space: 'log', from: 1, to: 2 }]);
    expect(effects.persist?.puts).toMatchObject([
      { space: 'snapshot', value: { index: 5, start: { index: 5 } } },
    ]);
    expect(effects.machine).toEqual([{ kind: 'restore-snapshot', index: 5 }]);
    expect(effects.send).toEqual([]);
    expect(answersIn(effects)).toEqual([{ lastIndex: 5, next: 10, installed: true, round: 3 }]);
    expect(replica.status).toMatchObject({ lastIndex: 5, commitIndex: 5 });
    replica.machine({ kind: 'snapshot-restored', index: 5 });
    expect(replica.status.appliedIndex).toBe(5);
  });

  it('the log goes on behind it, and nothing is applied twice', () => {
    const { replica } = installed();
    replica.machine({ kind: 'snapshot-restored', index: 5 });
    replica.append('n2', 2, {
      prevLogIndex: 5,
      prevLogTerm: 2,
      entries: entriesAfter(5, 2),
      leaderCommit: 6,
    });
    replica.persistOne();
    expect(replica.persistOne().apply.map(({ index }) => index)).toEqual([6]);
  });

  it('§7 a log that holds the entry keeps what follows it', () => {
    const replica = new SingleReplica({ terms: [1, 1, 1, 2, 2, 2], term: 2 });
    const effects = replica.installSnapshot('n2', 2, chunk(0, 4));
    expect(answersIn(effects)).toEqual([{ lastIndex: 5, next: 10, installed: true, round: 3 }]);
    expect(replica.status).toMatchObject({ lastIndex: 6, commitIndex: 5 });
  });

  it('§7 a log that conflicts with it is discarded whole', () => {
    const { replica } = installed({ terms: [1, 1, 1, 1, 1, 1], term: 2 });
    expect(replica.status).toMatchObject({ lastIndex: 5, runs: [] });
  });

  it('brings the configuration with it', () => {
    const replica = new SingleReplica({ id: 'n4', voters: ['n4'], term: 2 });
    replica.installSnapshot('n2', 2, chunk(0, 10));
    const effects = replica.machine({ kind: 'snapshot-kept', index: 5 });
    expect(transitionsOf(effects, 'configuration')).toMatchObject([
      { stage: 'restored', index: 5, configuration },
    ]);
    expect(replica.status.role).toBe('learner');
  });

  it('an image that the machine refuses is asked for again from the start', () => {
    const replica = new SingleReplica({ term: 2 });
    replica.installSnapshot('n2', 2, chunk(0, 10));
    const refused = replica.machine({ kind: 'snapshot-refused', index: 5, reason: 'damaged' });
    expect(answersIn(refused)).toEqual([
      { lastIndex: 5, next: 0, installed: false, round: 3, reason: 'damaged' },
    ]);
    expect(answersIn(replica.installSnapshot('n2', 2, chunk(0, 4)))).toMatchObject([{ next: 4 }]);
  });

  it('of an earlier term is refused with the newer one', () => {
    const replica = new SingleReplica({ term: 9 });
    expect(sentOfType(replica.installSnapshot('n2', 2, chunk(0, 4)), 'InstallSnapshotReply')).toMatchObject([
      { term: 9, body: { installed: false, reason: 'term 2 is behind 9' } },
    ]);
  });

  it('an answer that waited for the machine across a change of term confirms no round of the new one', () => {
    const replica = new SingleReplica({ term: 2 });
    replica.installSnapshot('n2', 2, chunk(0, 10, { round: 12 }));
    replica.append('n2', 7);
    const effects = replica.machine({ kind: 'snapshot-kept', index: 5 });
    expect(sentOfType(effects, 'InstallSnapshotReply')).toMatchObject([{ term: 7, body: { round: 0 } }]);
  });
});

describe('Figure 13 sending a snapshot', () => {
  /** A leader whose log begins behind entry 5, and a follower that has nothing. */
  function sending(options: Setup['options'] = {}): { leader: SingleReplica; effects: Effects } {
    const leader = new SingleReplica({
      terms: [1, 1, 1, 2, 2],
      applied: 5,
      options: { snapshotKeepEntries: 0, snapshotChunkBytes: 4, termStartNoOp: false, ...options },
    });
    leader.operator({ kind: 'snapshot' });
    leader.machine({ kind: 'snapshot-saved', index: 5, bytes: 10 });
    leader.persistAll();
    leader.becomeLeader();
    leader.propose('x');
    leader.persistAll();
    return {
      leader,
      effects: leader.appendReply('n2', 3, { success: false, prevLogIndex: 5, conflictIndex: 1 }),
    };
  }

  function read(leader: SingleReplica, offset: number): Effects {
    const data = IMAGE.slice(offset, offset + 4);
    return leader.machine({ kind: 'chunk', index: 5, offset, peer: 'n2', data, total: IMAGE.length });
  }

  function answer(leader: SingleReplica, next: number, installed = false): Effects {
    return leader.snapshotReply('n2', 3, { lastIndex: 5, next, installed, round: 1 });
  }

  it('§7 a follower whose entries are compacted gets the snapshot, one chunk after another', () => {
    const { leader, effects } = sending();
    expect(transitionsOf(effects, 'progress').at(-1)).toMatchObject({ peer: 'n2', state: 'snapshot' });
    const request = { kind: 'read-chunk', index: 5, offset: 0, bytesMax: 4, peer: 'n2' };
    expect(effects.machine).toEqual([request]);
    expect(chunksIn(read(leader, 0))).toEqual([[0, 4]]);
    expect(answer(leader, 4).machine).toEqual([{ ...request, offset: 4 }]);
    expect(chunksIn(read(leader, 4))).toEqual([[4, 8]]);
    expect(leader.propose('y').send.filter(({ to }) => to === 'n2')).toEqual([]);
  });

  it('goes on where the follower says', () => {
    const { leader } = sending();
    read(leader, 0);
    expect(answer(leader, 8).machine).toMatchObject([{ offset: 8 }]);
  });

  it('a chunk without an answer is repeated after an election timeout, not at each heartbeat', () => {
    const { leader } = sending();
    read(leader, 0);
    const repeats = [];
    for (let round = 0; round < 4; round++) repeats.push(leader.timeout().machine.length);
    expect(repeats).toEqual([0, 0, 1, 0]);
  });

  it('once it is installed, the log goes on behind it', () => {
    const { leader } = sending();
    read(leader, 0);
    const effects = answer(leader, 10, true);
    expect(sentOfType(effects, 'AppendEntries').map(({ body }) => body)).toMatchObject([
      { prevLogIndex: 5, entries: [{ data: 'x' }] },
    ]);
    expect(transitionsOf(effects, 'progress')).toMatchObject([{ match: 5, next: 6, state: 'probe' }]);
  });

  it('a follower that turns out to hold the entries needs none any more', () => {
    const { leader } = sending();
    read(leader, 0);
    const effects = leader.appendReply('n2', 3, { matchIndex: 5 });
    expect(transitionsOf(effects, 'progress')).toMatchObject([{ match: 5, state: 'probe' }]);
    expect(sentOfType(effects, 'AppendEntries')).toHaveLength(1);
  });

  it('its answers keep a leader in office like any others', () => {
    const { leader } = sending({ checkQuorum: true });
    read(leader, 0);
    for (let round = 0; round < 6; round++) {
      leader.timeout();
      answer(leader, 4);
    }
    expect(leader.status.role).toBe('leader');
  });

  it('a chunk for a snapshot that a newer one has replaced is not sent; the newer one is', () => {
    const { leader } = sending();
    leader.acknowledge('n3', 6);
    leader.step({ kind: 'applied', index: 6 });
    leader.operator({ kind: 'snapshot' });
    leader.machine({ kind: 'snapshot-saved', index: 6, bytes: 12 });
    const effects = read(leader, 0);
    expect(chunksIn(effects)).toEqual([]);
    expect(effects.machine).toMatchObject([{ kind: 'read-chunk', index: 6, offset: 0 }]);
  });

  it('an image that cannot be read is told, and asked for again later', () => {
    const { leader } = sending();
    const gone = leader.machine({ kind: 'chunk-gone', index: 5, peer: 'n2' });
    expect(transitionsOf(gone, 'snapshot')).toMatchObject([
      { stage: 'abandoned', peer: 'n2', reason: 'the image of entry 5 cannot be read' },
    ]);
    expect(gone.machine).toEqual([]);
  });
});
