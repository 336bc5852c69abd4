import { describe, expect, it } from 'vitest';
import { FIVE, sentIn, SingleReplica, transitionsOf, voteReplyIn } from './single-replica.ts';

describe('§5.1 terms', () => {
  it('§5.1 a server that sees a higher term in any message enters it as a follower without a vote', () => {
    for (const type of ['RequestVoteReply', 'AppendEntriesReply'] as const) {
      const replica = new SingleReplica({ term: 3 });
      replica.becomeLeader();
      const effects =
        type === 'RequestVoteReply'
          ? replica.voteReply('n3', 9, false)
          : replica.appendReply('n3', 9, { success: false });
      expect(replica.status).toMatchObject({ role: 'follower', term: 9, votedFor: null, leader: null });
      expect(effects.persist?.puts).toContainEqual({
        space: 'meta',
        key: 0,
        value: { term: 9, votedFor: null },
      });
      expect(transitionsOf(effects, 'term')).toEqual([
        { kind: 'term', from: 4, to: 9, reason: `${type} of term 9 from n3` },
      ]);
      expect(transitionsOf(effects, 'role')).toMatchObject([{ from: 'leader', to: 'follower', term: 9 }]);
    }
  });

  it('§5.1 a candidate that sees a higher term becomes a follower and its election goes no further', () => {
    const replica = new SingleReplica();
    replica.timeout();
    replica.persistAll();
    replica.voteReply('n3', 7, false);
    expect(replica.status).toMatchObject({ role: 'follower', term: 7 });
    replica.voteReply('n2', 1);
    expect(replica.status).toMatchObject({ role: 'follower', term: 7 });
  });

  it('§5.1 a request with a stale term is rejected and told the current one', () => {
    const replica = new SingleReplica({ term: 5 });
    const vote = replica.requestVote('n2', 4, 100, 4);
    expect(voteReplyIn(vote)).toEqual({ granted: false, reason: 'term 4 is behind 5' });
    expect(sentIn(vote)[0]?.term).toBe(5);
    expect(transitionsOf(vote, 'refuse')).toEqual([
      { kind: 'refuse', what: 'RequestVote', peer: 'n2', reason: 'term 4 is behind 5' },
    ]);
    const append = replica.append('n2', 4);
    expect(sentIn(append)).toMatchObject([
      { term: 5, body: { success: false, reason: 'term 4 is behind 5' } },
    ]);
    expect(replica.status.leader).toBe(null);
  });

  it('§5.1 a reply of an earlier term is ignored', () => {
    const replica = new SingleReplica({ voters: FIVE });
    replica.timeout();
    replica.timeout();
    replica.persistAll();
    replica.voteReply('n2', 1);
    const effects = replica.voteReply('n3', 1);
    expect(replica.status.role).toBe('candidate');
    expect(transitionsOf(effects, 'refuse')).toMatchObject([
      { what: 'RequestVoteReply', reason: 'term 1 is behind 2' },
    ]);
  });
});

describe('§5.2 leader election', () => {
  it('§5.2 servers start as followers', () => {
    expect(new SingleReplica().status).toMatchObject({
      role: 'follower',
      term: 0,
      votedFor: null,
      leader: null,
    });
  });

  it('§5.2 a follower without communication for an election timeout begins an election: next term, own vote, RequestVote to all others', () => {
    const replica = new SingleReplica({ voters: FIVE, terms: [1, 1, 3], term: 4 });
    expect(replica.deadline).toBe(225);
    const effects = replica.timeout();
    expect(replica.status).toMatchObject({ role: 'candidate', term: 5, votedFor: 'n1' });
    expect(effects.send).toEqual([]);
    expect(effects.sendAfterPersist).toEqual(
      ['n2', 'n3', 'n4', 'n5'].map((to) => ({
        type: 'RequestVote',
        from: 'n1',
        to,
        term: 5,
        body: { lastLogIndex: 3, lastLogTerm: 3 },
      })),
    );
    expect(effects.persist?.puts).toEqual([{ space: 'meta', key: 0, value: { term: 5, votedFor: 'n1' } }]);
    expect(effects.transitions).toEqual([
      { kind: 'term', from: 4, to: 5, reason: 'election timeout 225 ms' },
      { kind: 'role', from: 'follower', to: 'candidate', term: 5, reason: 'election timeout 225 ms' },
      { kind: 'vote', term: 5, candidate: 'n1', reason: 'election timeout 225 ms' },
      { kind: 'timer', timer: 'election', deadline: 450, timeoutMs: 225 },
    ]);
  });

  it('§5.2 a timeout fed before the deadline does nothing', () => {
    const replica = new SingleReplica();
    replica.now = 224.9;
    expect(replica.step({ kind: 'timeout' }).transitions).toEqual([]);
    expect(replica.status.role).toBe('follower');
  });

  it("§5.2 a candidate's own vote counts only after it is on disk", () => {
    const replica = new SingleReplica({ voters: FIVE });
    replica.timeout();
    replica.voteReply('n2', 1);
    replica.voteReply('n3', 1);
    expect(replica.status.role).toBe('candidate');
    const effects = replica.persistOne();
    expect(replica.status.role).toBe('leader');
    expect(transitionsOf(effects, 'tally')).toEqual([
      { kind: 'tally', term: 1, voter: 'n1', granted: true, votes: 3, needed: 3 },
    ]);
    expect(transitionsOf(effects, 'role')).toMatchObject([{ to: 'leader', reason: 'votes from n1, n2, n3' }]);
  });

  it('§5.2 a candidate wins with votes from a majority of the full cluster, each server counted once', () => {
    const replica = new SingleReplica({ voters: FIVE });
    replica.timeout();
    replica.persistAll();
    replica.voteReply('n2', 1);
    replica.voteReply('n2', 1);
    expect(replica.status.role).toBe('candidate');
    replica.voteReply('n3', 1, false);
    expect(replica.status.role).toBe('candidate');
    replica.voteReply('n4', 1);
    expect(replica.status).toMatchObject({ role: 'leader', leader: 'n1' });
  });

  it('§5.2 the write of an earlier election does not count as the vote of a later one', () => {
    const replica = new SingleReplica();
    replica.timeout();
    replica.timeout();
    replica.voteReply('n2', 2);
    replica.persistOne();
    expect(replica.status.role).toBe('candidate');
    replica.persistOne();
    expect(replica.status.role).toBe('leader');
  });

  it('§5.2 a follower votes for at most one candidate a term, first come first served', () => {
    const replica = new SingleReplica();
    expect(voteReplyIn(replica.requestVote('n2', 4, 0, 0))).toEqual({ granted: true });
    expect(voteReplyIn(replica.requestVote('n3', 4, 9, 3))).toEqual({
      granted: false,
      reason: 'already voted for n2 in term 4',
    });
    expect(replica.status.votedFor).toBe('n2');
  });

  it('§5.2 a candidate that asks again in the same term is granted again, without a second write', () => {
    const replica = new SingleReplica();
    replica.requestVote('n2', 4, 0, 0);
    const again = replica.requestVote('n2', 4, 0, 0);
    expect(voteReplyIn(again).granted).toBe(true);
    expect(again.persist).toBeUndefined();
    expect(transitionsOf(again, 'vote')).toEqual([]);
  });

  it('§5.2 a vote in a term that was known already is written too', () => {
    const replica = new SingleReplica({ terms: [3], term: 3 });
    replica.requestVote('n2', 4, 0, 0);
    const effects = replica.requestVote('n3', 4, 1, 3);
    expect(voteReplyIn(effects).granted).toBe(true);
    expect(effects.persist?.puts).toEqual([{ space: 'meta', key: 0, value: { term: 4, votedFor: 'n3' } }]);
  });

  it('§5.2 the vote goes out only after term and vote are on disk', () => {
    const replica = new SingleReplica();
    const effects = replica.requestVote('n2', 4, 0, 0);
    expect(effects.send).toEqual([]);
    expect(effects.sendAfterPersist).toHaveLength(1);
    expect(effects.persist?.puts).toEqual([{ space: 'meta', key: 0, value: { term: 4, votedFor: 'n2' } }]);
  });

  it('§5.2 a server that is candidate or leader in a term does not vote for another in it', () => {
    const replica = new SingleReplica();
    replica.timeout();
    expect(voteReplyIn(replica.requestVote('n2', 1, 9, 1)).reason).toBe('already voted for n1 in term 1');
    replica.persistAll();
    replica.voteReply('n3', 1);
    expect(replica.status.role).toBe('leader');
    expect(voteReplyIn(replica.requestVote('n2', 1, 9, 1)).granted).toBe(false);
  });

  it('§5.2 a candidate recognises a leader of its own term and returns to follower', () => {
    const replica = new SingleReplica();
    replica.timeout();
    replica.persistAll();
    const effects = replica.append('n3', 1);
    expect(replica.status).toMatchObject({ role: 'follower', term: 1, leader: 'n3', votedFor: 'n1' });
    expect(transitionsOf(effects, 'role')).toEqual([
      { kind: 'role', from: 'candidate', to: 'follower', term: 1, reason: 'AppendEntries of term 1 from n3' },
    ]);
  });

  it('§5.2 a candidate rejects a claim to lead an older term and stays candidate', () => {
    const replica = new SingleReplica({ term: 5 });
    replica.timeout();
    replica.append('n3', 5);
    expect(replica.status).toMatchObject({ role: 'candidate', term: 6, leader: null });
  });

  it('§5.2 a candidate that neither wins nor loses starts a new election with a new term and forgets its votes', () => {
    const replica = new SingleReplica({ voters: FIVE });
    replica.timeout();
    replica.persistAll();
    replica.voteReply('n2', 1);
    const effects = replica.timeout();
    expect(replica.status).toMatchObject({ role: 'candidate', term: 2, votedFor: 'n1' });
    expect(effects.sendAfterPersist).toHaveLength(4);
    expect(transitionsOf(effects, 'role')).toMatchObject([{ from: 'candidate', to: 'candidate', term: 2 }]);
    replica.persistAll();
    replica.voteReply('n3', 2);
    expect(replica.status.role).toBe('candidate');
  });

  it('§5.2 a new leader sends an AppendEntries to every other server at once, which may leave before any write', () => {
    const replica = new SingleReplica({ voters: FIVE, options: { termStartNoOp: false } });
    const effects = replica.becomeLeader();
    expect(effects.persist).toBeUndefined();
    expect(effects.send.map(({ type, to, body }) => ({ type, to, body }))).toEqual(
      ['n2', 'n3', 'n4', 'n5'].map((to) => ({
        type: 'AppendEntries',
        to,
        body: { prevLogIndex: 0, prevLogTerm: 0, entries: [], leaderCommit: 0, round: 1 },
      })),
    );
    expect(transitionsOf(effects, 'timer')).toMatchObject([{ timer: 'heartbeat', timeoutMs: 50 }]);
  });

  it('§5.2 a leader repeats heartbeats each heartbeat interval, for as long as it leads', () => {
    const replica = new SingleReplica({ options: { termStartNoOp: false } });
    replica.becomeLeader();
    for (let round = 0; round < 10; round++) {
      const before = replica.now;
      const effects = replica.timeout();
      expect(replica.now - before).toBeCloseTo(50);
      expect(effects.send.map(({ to }) => to)).toEqual(['n2', 'n3']);
    }
    expect(replica.status).toMatchObject({ role: 'leader', term: 1 });
  });

  it('§5.2 election timeouts are drawn anew from [min, max) at each election', () => {
    const draws = [0, 0.25, 0.999, 0.5];
    const replica = new SingleReplica({ random: () => draws.shift() ?? 0 });
    expect(replica.deadline).toBe(150);
    replica.timeout();
    expect(replica.deadline - replica.now).toBeCloseTo(150 + 0.25 * 150);
    replica.timeout();
    const last = replica.deadline - replica.now;
    expect(last).toBeGreaterThan(299);
    expect(last).toBeLessThan(300);
  });

  it('Figure 2 granting a vote and hearing from the current leader put the election off', () => {
    const replica = new SingleReplica();
    replica.now = 100;
    const granted = replica.requestVote('n2', 1, 0, 0);
    expect(replica.deadline).toBe(325);
    expect(transitionsOf(granted, 'timer')).toEqual([
      { kind: 'timer', timer: 'election', deadline: 325, timeoutMs: 225 },
    ]);
    replica.now = 200;
    const heard = replica.append('n2', 1);
    expect(replica.deadline).toBe(425);
    expect(transitionsOf(heard, 'timer')).toEqual([]);
  });

  it('Figure 2 refusing a vote, a stale leader and a higher term alone do not put the election off', () => {
    const replica = new SingleReplica({ terms: [3], term: 3 });
    replica.now = 100;
    replica.requestVote('n2', 9, 0, 0);
    replica.append('n2', 4);
    expect(replica.status.term).toBe(9);
    expect(replica.deadline).toBe(225);
  });

  it('§5.2 a leader that steps down arms an election timer', () => {
    const replica = new SingleReplica();
    replica.becomeLeader();
    replica.now += 10;
    const effects = replica.voteReply('n2', 9, false);
    expect(replica.deadline).toBe(replica.now + 225);
    expect(transitionsOf(effects, 'timer')).toMatchObject([{ timer: 'election', timeoutMs: 225 }]);
  });

  it('§5.2 a cluster of one elects itself as soon as its vote is on disk', () => {
    const replica = new SingleReplica({ voters: ['n1'] });
    expect(replica.timeout().sendAfterPersist).toEqual([]);
    replica.persistOne();
    expect(replica.status.role).toBe('leader');
    expect(replica.raft.deadline).toBeUndefined();
  });

  it('an operator makes a follower stand for election at once, and a leader refuses', () => {
    const replica = new SingleReplica();
    const effects = replica.step({ kind: 'operator', command: { kind: 'campaign' } });
    expect(replica.status).toMatchObject({ role: 'candidate', term: 1 });
    expect(effects.sendAfterPersist).toHaveLength(2);
    replica.persistAll();
    replica.voteReply('n2', 1);
    const refused = replica.step({ kind: 'operator', command: { kind: 'campaign' } });
    expect(replica.status).toMatchObject({ role: 'leader', term: 1 });
    expect(transitionsOf(refused, 'refuse')).toMatchObject([
      { what: 'campaign', reason: 'n1 leads term 1 already' },
    ]);
  });
});

describe('§5.4.1 election restriction', () => {
  it.each([
    { own: [1, 1, 3], candidate: [3, 2], why: 'log 3@2 behind 3@3', holds: 'a higher last term beats' },
    {
      own: [1, 1, 3],
      candidate: [9, 2],
      why: 'log 9@2 behind 3@3',
      holds: 'a higher last term beats a longer log',
    },
    {
      own: [1, 3, 3],
      candidate: [2, 3],
      why: 'log 2@3 behind 3@3',
      holds: 'with equal last terms the longer log beats',
    },
  ])(
    '§5.4.1 a voter denies its vote where its own log is more up-to-date: $why',
    ({ own, candidate: [index = 0, term = 0], why }) => {
      const replica = new SingleReplica({ terms: own });
      const effects = replica.requestVote('n2', 7, index, term);
      expect(voteReplyIn(effects)).toEqual({ granted: false, reason: why });
      expect(replica.status).toMatchObject({ term: 7, votedFor: null });
    },
  );

  it.each([
    { own: [1, 1, 3], candidate: [3, 3] },
    { own: [1, 1, 3], candidate: [4, 3] },
    { own: [1, 1, 3], candidate: [1, 4] },
    { own: [], candidate: [0, 0] },
  ])(
    '§5.4.1 a voter grants its vote to a log at least as up-to-date: $candidate for $own',
    ({ own, candidate: [index = 0, term = 0] }) => {
      const replica = new SingleReplica({ terms: own });
      expect(voteReplyIn(replica.requestVote('n2', 7, index, term)).granted).toBe(true);
    },
  );

  it('§5.4.1 entries not yet on disk count as part of the own log, and the vote waits for them', () => {
    const replica = new SingleReplica({ term: 1 });
    replica.append('n2', 1, { entries: [{ index: 1, term: 1, kind: 'command', data: 'x' }] });
    expect(replica.outstanding).toHaveLength(1);
    expect(voteReplyIn(replica.requestVote('n3', 2, 0, 0)).reason).toBe('log 0@0 behind 1@1');
    const granted = replica.requestVote('n2', 2, 1, 1);
    expect(granted.send).toEqual([]);
    expect(granted.sendAfterPersist).toHaveLength(1);
  });
});
