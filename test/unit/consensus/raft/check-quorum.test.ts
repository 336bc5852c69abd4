import { describe, expect, it } from 'vitest';
import { votersOnly } from '../../../../src-main/consensus/raft/configuration.ts';
import { FIVE, sentIn, sentOfType, SingleReplica, THREE, transitionsOf } from './single-replica.ts';

const CHECK = { checkQuorum: true };

describe('dissertation §6.2 CheckQuorum', () => {
  it('§6.2 a leader that no majority has answered for the shortest election timeout steps down', () => {
    const leader = new SingleReplica({ options: CHECK });
    leader.becomeLeader();
    leader.timeout();
    leader.timeout();
    const effects = leader.timeout();
    expect(leader.status).toMatchObject({ role: 'follower', term: 1, leader: null, votedFor: 'n1' });
    expect(transitionsOf(effects, 'role')).toMatchObject([{ reason: 'no quorum heard for 150 ms' }]);
    expect(sentIn(effects)).toEqual([]);
    expect(leader.deadline).toBe(leader.now + 225);
  });

  it('§6.2 any answer of its term counts, a refusal too', () => {
    const leader = new SingleReplica({ voters: FIVE, options: CHECK });
    leader.becomeLeader();
    for (let round = 0; round < 10; round++) {
      leader.timeout();
      leader.acknowledge('n2', 0);
      leader.appendReply('n3', 1, { success: false, prevLogIndex: 0 });
    }
    expect(leader.status.role).toBe('leader');
  });

  it('§6.2 one of four others is no majority of five', () => {
    const leader = new SingleReplica({ voters: FIVE, options: CHECK });
    leader.becomeLeader();
    for (let round = 0; round < 3; round++) {
      leader.timeout();
      leader.acknowledge('n2', 0);
    }
    expect(leader.status.role).toBe('follower');
  });

  it('a learner that answers does not keep a leader in office', () => {
    const configuration = { ...votersOnly(THREE), learners: ['n4'] };
    const leader = new SingleReplica({ configuration, options: CHECK });
    leader.becomeLeader();
    for (let round = 0; round < 3; round++) {
      leader.timeout();
      leader.acknowledge('n4', 0);
    }
    expect(leader.status.role).toBe('follower');
  });

  it('while joint it needs a majority of both halves', () => {
    const configuration = { ...votersOnly(['n1', 'n4', 'n5']), outgoing: THREE };
    const leader = new SingleReplica({ configuration, options: CHECK });
    leader.becomeLeader();
    for (let round = 0; round < 3; round++) {
      leader.timeout();
      leader.acknowledge('n4', 0);
      leader.acknowledge('n5', 0);
    }
    expect(leader.status.role).toBe('follower');
  });

  it('calls its open proposals uncertain when it goes', () => {
    const leader = new SingleReplica({ options: CHECK });
    leader.becomeLeader();
    leader.propose('x');
    leader.timeout();
    leader.timeout();
    expect(leader.timeout().replies).toMatchObject([{ kind: 'uncertain', id: 'c1/x' }]);
  });

  it('a cluster of one needs to hear nobody', () => {
    const leader = new SingleReplica({ voters: ['n1'], options: CHECK });
    leader.becomeLeader();
    leader.now += 10_000;
    leader.propose('x');
    leader.persistAll();
    expect(leader.status).toMatchObject({ role: 'leader', commitIndex: 2 });
  });

  it('without it a leader stays, whoever is silent', () => {
    const leader = new SingleReplica();
    leader.becomeLeader();
    for (let round = 0; round < 20; round++) leader.timeout();
    expect(leader.status.role).toBe('leader');
  });
});

describe('dissertation §4.2.3 whoever hears a leader stays with it', () => {
  it('§4.2.3 a follower does not even enter the term of a candidate that disturbs its leader', () => {
    const follower = new SingleReplica({ term: 5, options: CHECK });
    follower.append('n3', 5);
    follower.now += 149;
    const effects = follower.requestVote('n2', 9, 9, 9);
    expect(sentIn(effects)).toEqual([]);
    expect(follower.status).toMatchObject({ term: 5, leader: 'n3' });
    expect(transitionsOf(effects, 'refuse')).toMatchObject([{ reason: 'loyal to n3, heard 149 ms ago' }]);
  });

  it('§4.2.3 the leader does not either', () => {
    const leader = new SingleReplica({ options: CHECK });
    leader.becomeLeader();
    const effects = leader.requestVote('n2', 9, 9, 9);
    expect(leader.status).toMatchObject({ role: 'leader', term: 1 });
    expect(transitionsOf(effects, 'refuse')).toMatchObject([{ reason: 'n1 leads term 1' }]);
  });

  it('§4.2.3 loyalty ends with the shortest election timeout', () => {
    const follower = new SingleReplica({ term: 5, options: CHECK });
    follower.append('n3', 5);
    follower.now += 150;
    follower.requestVote('n2', 9, 9, 9);
    expect(follower.status).toMatchObject({ term: 9, votedFor: 'n2' });
  });

  it('§4.2.3 an election that the leader asked for is no disturbance', () => {
    const follower = new SingleReplica({ term: 5, options: CHECK });
    follower.append('n3', 5);
    follower.requestVote('n2', 6, 9, 9, { transfer: true });
    expect(follower.status).toMatchObject({ term: 6, votedFor: 'n2' });
  });

  it('a server that an operator told to stand for election, or to forget its leader, is loyal no more', () => {
    const candidate = new SingleReplica({ term: 5, options: CHECK });
    candidate.append('n3', 5);
    candidate.operator({ kind: 'campaign' });
    candidate.requestVote('n2', 7, 9, 9);
    expect(candidate.status).toMatchObject({ term: 7, votedFor: 'n2' });
    const forgetful = new SingleReplica({ term: 5, options: CHECK });
    forgetful.append('n3', 5);
    forgetful.operator({ kind: 'forget-leader' });
    expect(forgetful.status).toMatchObject({ term: 5, leader: null, role: 'follower' });
    forgetful.requestVote('n2', 6, 9, 9);
    expect(forgetful.status.votedFor).toBe('n2');
  });

  it('the answer to a leader of an old term drives it out: it cannot be kept waiting for a term it never hears of', () => {
    const ahead = new SingleReplica({ term: 9, options: CHECK });
    expect(sentOfType(ahead.append('n3', 5), 'AppendEntriesReply')).toMatchObject([
      { term: 9, body: { success: false } },
    ]);
  });
});

describe('tikv/raft-rs election priority', () => {
  const options = { priorities: { n1: 5, n2: 1, n3: 5 } };

  it('a voter refuses a candidate of lower priority with the same log', () => {
    const voter = new SingleReplica({ terms: [1], options });
    const effects = voter.requestVote('n2', 2, 1, 1, { priority: 1 });
    expect(sentOfType(effects, 'RequestVoteReply')).toMatchObject([
      { body: { granted: false, reason: 'priority 1 is below 5' } },
    ]);
  });

  it.each([
    { what: 'a longer log', body: [2, 1, { priority: 1 }] as const },
    { what: 'a log of a later term', body: [1, 2, { priority: 1 }] as const },
    { what: 'the same priority', body: [1, 1, { priority: 5 }] as const },
  ])('but not one with $what', ({ body: [index, term, more] }) => {
    const voter = new SingleReplica({ terms: [1], options });
    expect(sentOfType(voter.requestVote('n2', 3, index, term, more), 'RequestVoteReply')).toMatchObject([
      { body: { granted: true } },
    ]);
  });

  it('candidates say their priority', () => {
    const candidate = new SingleReplica({ id: 'n2', options });
    expect(sentIn(candidate.timeout()).map(({ body }) => body)).toMatchObject([
      { priority: 1 },
      { priority: 1 },
    ]);
  });

  it('that is no whole number is no option', () => {
    expect(() => new SingleReplica({ options: { priorities: { n1: 0.5 } } })).toThrow('priorities.n1');
  });
});
