import { describe, expect, it } from 'vitest';
import type { Effects, LogIndex, NodeId } from '../../../../src-main/consensus/replica.ts';
import { appendsIn, sentIn, SingleReplica, transitionsOf, type Setup } from './single-replica.ts';

/** A leader that sends ahead to n2: its first answer has ended the probing. */
function streaming(options: Setup['options'] = {}): SingleReplica {
  const leader = new SingleReplica({ options: { termStartNoOp: false, ...options } });
  leader.becomeLeader();
  leader.acknowledge('n2', 0);
  return leader;
}

/** `[prevLogIndex, entries]` of each AppendEntries to `peer`. */
function sentTo(effects: Effects, peer: NodeId): [LogIndex, string[]][] {
  return appendsIn(effects)
    .filter(({ to }) => to === peer)
    .map(({ body }) => [body.prevLogIndex, body.entries.map(({ data }) => data)]);
}

function progressOf(leader: SingleReplica, peer: NodeId) {
  const progress = leader.status.progress.find((each) => each.peer === peer);
  if (progress === undefined) throw new Error(`${peer} is not sent to`);
  const { state, match, next, inFlight, inFlightBytes } = progress;
  return { state, match, next, inFlight: inFlight.length, inFlightBytes };
}

describe('dissertation §10.2.1 pipelining', () => {
  it('§10.2.1 entries are sent as they come, each message after the one before, without waiting for answers', () => {
    const leader = streaming();
    expect(sentTo(leader.propose('a'), 'n2')).toEqual([[0, ['a']]]);
    expect(sentTo(leader.propose('b', 'c'), 'n2')).toEqual([[1, ['b', 'c']]]);
    expect(sentTo(leader.propose('d'), 'n2')).toEqual([[3, ['d']]]);
    expect(progressOf(leader, 'n2')).toMatchObject({ state: 'replicate', match: 0, next: 5, inFlight: 3 });
  });

  it('no more messages than the window holds are unanswered; what gathers leaves in one when it opens', () => {
    const leader = streaming({ maxInflightMessages: 2 });
    leader.propose('a');
    leader.propose('b');
    expect(sentTo(leader.propose('c'), 'n2')).toEqual([]);
    expect(sentTo(leader.propose('d'), 'n2')).toEqual([]);
    expect(sentTo(leader.acknowledge('n2', 1), 'n2')).toEqual([[2, ['c', 'd']]]);
    expect(progressOf(leader, 'n2')).toMatchObject({ match: 1, next: 5, inFlight: 2 });
  });

  it('one answer may open the whole window', () => {
    const leader = streaming({ maxInflightMessages: 3, maxEntriesPerMessage: 1 });
    leader.propose('a', 'b', 'c', 'd', 'e');
    expect(progressOf(leader, 'n2').inFlight).toBe(3);
    expect(sentTo(leader.acknowledge('n2', 3), 'n2')).toEqual([
      [3, ['d']],
      [4, ['e']],
    ]);
  });

  it('the window is bounded in characters too, but one message always fits', () => {
    const leader = streaming({ maxInflightBytes: 100, maxBytesPerMessage: 50 });
    leader.propose('x'.repeat(500));
    expect(progressOf(leader, 'n2')).toMatchObject({ inFlight: 1 });
    expect(sentTo(leader.propose('y'), 'n2')).toEqual([]);
    expect(sentTo(leader.acknowledge('n2', 1), 'n2')).toEqual([[1, ['y']]]);
    leader.acknowledge('n2', 2);
    expect(progressOf(leader, 'n2')).toMatchObject({ inFlight: 0, inFlightBytes: 0 });
  });

  it('a window of one is no pipelining', () => {
    const leader = streaming({ maxInflightMessages: 1 });
    leader.propose('a');
    expect(sentTo(leader.propose('b'), 'n2')).toEqual([]);
    expect(sentTo(leader.acknowledge('n2', 1), 'n2')).toEqual([[1, ['b']]]);
  });

  it('a slow follower does not hold up another', () => {
    const leader = streaming({ maxInflightMessages: 1 });
    leader.acknowledge('n3', 0);
    leader.propose('a');
    leader.acknowledge('n3', 1);
    const effects = leader.propose('b');
    expect([sentTo(effects, 'n2'), sentTo(effects, 'n3')]).toEqual([[], [[1, ['b']]]]);
  });
});

describe('what is lost is found out by the next heartbeat', () => {
  it('a heartbeat speaks of the entry before the next one to be sent; a follower that lacks it is probed from where it says', () => {
    const leader = streaming();
    leader.propose('a');
    leader.propose('b');
    expect(sentTo(leader.timeout(), 'n2')).toEqual([[2, []]]);
    const effects = leader.appendReply('n2', 1, { success: false, prevLogIndex: 2, conflictIndex: 1 });
    expect(transitionsOf(effects, 'progress')).toMatchObject([
      { peer: 'n2', match: 0, next: 1, state: 'probe', inFlight: 0 },
    ]);
    expect(sentTo(effects, 'n2')).toEqual([[0, ['a', 'b']]]);
  });

  it('a heartbeat that arrives where everything has, ends the probing and empties the window', () => {
    const leader = streaming();
    leader.propose('a');
    leader.propose('b');
    leader.timeout();
    leader.acknowledge('n2', 2, 2);
    expect(progressOf(leader, 'n2')).toMatchObject({ state: 'replicate', match: 2, next: 3, inFlight: 0 });
  });

  it('a probe that is lost is repeated once the follower answers a heartbeat, not before', () => {
    const leader = new SingleReplica({ options: { termStartNoOp: false } });
    leader.becomeLeader();
    leader.propose('a');
    expect(sentTo(leader.timeout(), 'n2')).toEqual([[0, []]]);
    expect(sentTo(leader.propose('b'), 'n2')).toEqual([]);
    expect(sentTo(leader.acknowledge('n2', 0, 2), 'n2')).toEqual([[0, ['a', 'b']]]);
  });

  it('a refusal that an earlier heartbeat earned does not disturb a newer probe', () => {
    const leader = streaming();
    leader.propose('a', 'b', 'c');
    leader.timeout();
    leader.appendReply('n2', 1, { success: false, prevLogIndex: 3, conflictIndex: 1 });
    expect(leader.appendReply('n2', 1, { success: false, prevLogIndex: 3, conflictIndex: 1 }).send).toEqual(
      [],
    );
  });

  it('without hints a leader goes back one entry at a time (Figure 2)', () => {
    const leader = new SingleReplica({
      terms: [1, 1, 1, 1],
      term: 1,
      options: { termStartNoOp: false, conflictHints: false },
    });
    leader.becomeLeader();
    leader.propose('x');
    const visited = [];
    for (let prevLogIndex = 4; prevLogIndex > 0; prevLogIndex--) {
      const effects = leader.appendReply('n2', 2, { success: false, prevLogIndex });
      visited.push(appendsIn(effects)[0]?.body.prevLogIndex);
    }
    expect(visited).toEqual([3, 2, 1, 0]);
  });

  it('a follower that gives no hints says only that it refused', () => {
    const follower = new SingleReplica({ terms: [1, 1], options: { conflictHints: false } });
    const [reply] = sentIn(follower.append('n2', 2, { prevLogIndex: 5, prevLogTerm: 2 }));
    expect(reply?.body).toEqual({
      success: false,
      prevLogIndex: 5,
      matchIndex: 0,
      round: 1,
      reason: 'no entry 5: log ends at 2@1',
    });
  });
});

describe('dissertation §10.2.1 writing in parallel', () => {
  it('§10.2.1 a leader sends before its own write, or after it where that is wanted', () => {
    const parallel = streaming().propose('a');
    expect([parallel.send.length, parallel.sendAfterPersist.length]).toEqual([2, 0]);
    const leader = new SingleReplica({ options: { termStartNoOp: false, overlapPersistence: false } });
    leader.becomeLeader();
    const serial = leader.propose('a');
    expect([serial.send.length, serial.sendAfterPersist.length]).toEqual([0, 2]);
  });

  it('§10.2.1 a follower takes the next entries while it writes the last ones', () => {
    const follower = new SingleReplica();
    const entry = (index: number) => ({ index, term: 1, kind: 'command' as const, data: 'x' });
    follower.append('n2', 1, { entries: [entry(1)] });
    follower.append('n2', 1, { prevLogIndex: 1, prevLogTerm: 1, entries: [entry(2)], leaderCommit: 2 });
    expect(follower.outstanding).toHaveLength(2);
    expect(follower.persistOne().apply.map(({ index }) => index)).toEqual([1]);
    expect(follower.persistOne().apply.map(({ index }) => index)).toEqual([2]);
  });

  it('a write that is reported late vouches for all before it', () => {
    const follower = new SingleReplica();
    const entry = (index: number) => ({ index, term: 1, kind: 'command' as const, data: 'x' });
    follower.append('n2', 1, { entries: [entry(1)] });
    const { persist } = follower.append('n2', 1, {
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: [entry(2)],
    });
    follower.step({ kind: 'persisted', id: persist?.id ?? 0 });
    expect(follower.status.durableIndex).toBe(2);
  });
});

describe('etcd-io/raft the limit on what is uncommitted', () => {
  const options = { termStartNoOp: false, maxUncommittedBytes: 100 };

  it('proposals that would exceed it are refused for certain, and one always fits into nothing', () => {
    const leader = new SingleReplica({ options });
    leader.becomeLeader();
    leader.propose('x'.repeat(500));
    expect(leader.propose('y').replies).toEqual([
      { kind: 'refused', id: 'c1/y', reason: 'more than 100 characters would be uncommitted' },
    ]);
    expect(leader.status.lastIndex).toBe(1);
  });

  it('of several, those that fit are taken in order', () => {
    const leader = new SingleReplica({ options });
    leader.becomeLeader();
    const effects = leader.propose('a', 'b', 'c', 'd');
    expect(effects.replies.map(({ id }) => id)).toEqual(['c1/c', 'c1/d']);
    expect(leader.status.lastIndex).toBe(2);
  });

  it('what has committed makes room again', () => {
    const leader = new SingleReplica({ options });
    leader.becomeLeader();
    leader.propose('a', 'b');
    leader.persistAll();
    leader.acknowledge('n2', 2);
    expect(leader.propose('c').replies).toEqual([]);
    expect(leader.propose('d', 'e').replies).toMatchObject([{ id: 'c1/e' }]);
  });

  it('what an earlier term left, and what the protocol adds, does not count', () => {
    const leader = new SingleReplica({ terms: [1, 1, 1, 1], term: 1, options: { maxUncommittedBytes: 100 } });
    leader.becomeLeader();
    expect(leader.propose('a', 'b').replies).toEqual([]);
  });
});
