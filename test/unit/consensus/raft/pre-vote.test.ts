import { describe, expect, it } from 'vitest';
import type { RequestVoteReplyBody } from '../../../../src-main/consensus/raft/messages.ts';
import type { Effects, Term } from '../../../../src-main/consensus/replica.ts';
import { FIVE, sentIn, sentOfType, SingleReplica, transitionsOf } from './single-replica.ts';

const PRE_VOTE = { preVote: true };

function answerIn(effects: Effects): RequestVoteReplyBody & { term: Term } {
  const [reply] = sentOfType(effects, 'PreVoteReply');
  if (reply === undefined) throw new Error('the PreVote was not answered');
  return { term: reply.term, ...(reply.body as RequestVoteReplyBody) };
}

describe('dissertation §9.6 PreVote: who asks', () => {
  it('§9.6 a server whose timeout runs out asks first, and changes neither its term nor its disk', () => {
    const replica = new SingleReplica({ voters: FIVE, terms: [1, 3], term: 4, options: PRE_VOTE });
    const effects = replica.timeout();
    expect(replica.status).toMatchObject({ role: 'pre-candidate', term: 4, votedFor: null });
    expect(effects.persist).toBeUndefined();
    expect(sentIn(effects).map(({ type, to, term, body }) => ({ type, to, term, body }))).toEqual(
      ['n2', 'n3', 'n4', 'n5'].map((to) => ({
        type: 'PreVote',
        to,
        term: 5,
        body: { lastLogIndex: 2, lastLogTerm: 3 },
      })),
    );
  });

  it('§9.6 with a majority of pre-votes it enters the next term and stands for election', () => {
    const replica = new SingleReplica({ voters: FIVE, term: 4, options: PRE_VOTE });
    replica.timeout();
    replica.preVoteReply('n2', 5);
    expect(replica.status.role).toBe('pre-candidate');
    const effects = replica.preVoteReply('n3', 5);
    expect(replica.status).toMatchObject({ role: 'candidate', term: 5, votedFor: 'n1' });
    expect(sentOfType(effects, 'RequestVote')).toHaveLength(4);
    expect(transitionsOf(effects, 'tally')).toMatchObject([{ pre: true, term: 5, votes: 3, needed: 3 }]);
  });

  it('§9.6 a server that cannot win goes back to following, its term as it was', () => {
    const replica = new SingleReplica({ term: 4, options: PRE_VOTE });
    replica.timeout();
    replica.preVoteReply('n2', 4, false);
    expect(replica.status.role).toBe('pre-candidate');
    replica.preVoteReply('n3', 4, false);
    expect(replica.status).toMatchObject({ role: 'follower', term: 4 });
  });

  it('a refusal of a higher term is obeyed, a grant for one is not: nobody has entered it', () => {
    const replica = new SingleReplica({ term: 4, options: PRE_VOTE });
    replica.timeout();
    replica.preVoteReply('n2', 9);
    expect(replica.status).toMatchObject({ role: 'pre-candidate', term: 4 });
    replica.preVoteReply('n2', 9, false);
    expect(replica.status).toMatchObject({ role: 'follower', term: 9 });
  });

  it('a pre-candidate follows a leader of its term that speaks up', () => {
    const replica = new SingleReplica({ term: 4, options: PRE_VOTE });
    replica.timeout();
    replica.append('n3', 4);
    expect(replica.status).toMatchObject({ role: 'follower', leader: 'n3', term: 4 });
    replica.preVoteReply('n2', 5);
    expect(replica.status.role).toBe('follower');
  });

  it('a pre-candidate votes for a real candidate and is a follower again', () => {
    const replica = new SingleReplica({ term: 4, options: PRE_VOTE });
    replica.timeout();
    replica.requestVote('n2', 4, 0, 0);
    expect(replica.status).toMatchObject({ role: 'follower', votedFor: 'n2', term: 4 });
  });

  it('a cluster of one asks nobody', () => {
    const replica = new SingleReplica({ voters: ['n1'], options: PRE_VOTE });
    replica.timeout();
    replica.persistAll();
    expect(replica.status).toMatchObject({ role: 'leader', term: 1 });
  });

  it('§3.10 whom the leader hands over to asks no pre-votes', () => {
    const replica = new SingleReplica({ term: 4, options: PRE_VOTE });
    replica.append('n2', 4);
    const timeoutNow = { type: 'TimeoutNow', from: 'n2', to: 'n1', term: 4, body: {} };
    expect(sentOfType(replica.receive(timeoutNow), 'RequestVote').map(({ body }) => body)).toMatchObject([
      { transfer: true },
      { transfer: true },
    ]);
  });
});

describe('dissertation §9.6 PreVote: who is asked', () => {
  it('§9.6 says what it would vote, gives no vote away, enters no term and puts no election off', () => {
    const replica = new SingleReplica({ term: 4, options: PRE_VOTE });
    replica.now = 100;
    const { deadline } = replica;
    expect(answerIn(replica.preVote('n2', 5))).toEqual({ term: 5, granted: true });
    expect(answerIn(replica.preVote('n3', 5))).toEqual({ term: 5, granted: true });
    expect(replica.status).toMatchObject({ term: 4, votedFor: null });
    expect(replica.outstanding).toEqual([]);
    expect(replica.deadline).toBe(deadline);
  });

  it('§9.6, §5.4.1 refuses a log that is behind its own', () => {
    const replica = new SingleReplica({ terms: [1, 4], options: PRE_VOTE });
    expect(answerIn(replica.preVote('n2', 5, { lastLogIndex: 9, lastLogTerm: 3 }))).toEqual({
      term: 4,
      granted: false,
      reason: 'log 9@3 behind 2@4',
    });
  });

  it('etcd-io/etcd #8501 answers a PreVote of a term that is over, and so tells the newer one', () => {
    const replica = new SingleReplica({ term: 9, options: PRE_VOTE });
    expect(answerIn(replica.preVote('n2', 5))).toEqual({
      term: 9,
      granted: false,
      reason: 'term 5 is behind 9',
    });
  });

  it('refuses one for its own term where that has a leader or its vote is given', () => {
    const replica = new SingleReplica({ term: 5, votedFor: 'n3', options: PRE_VOTE });
    expect(answerIn(replica.preVote('n2', 5)).reason).toBe('already voted for n3 in term 5');
    const follower = new SingleReplica({ term: 5, options: PRE_VOTE });
    follower.append('n3', 5);
    expect(answerIn(follower.preVote('n2', 5)).reason).toBe('n3 leads term 5');
  });

  it('§9.6, §4.2.3 with CheckQuorum, refuses while it hears from a leader, and so does the leader', () => {
    const options = { preVote: true, checkQuorum: true };
    const follower = new SingleReplica({ term: 5, options });
    follower.append('n3', 5);
    follower.now += 149;
    expect(answerIn(follower.preVote('n2', 6)).reason).toBe('loyal to n3, heard 149 ms ago');
    follower.now += 1;
    expect(answerIn(follower.preVote('n2', 6)).granted).toBe(true);
    const leader = new SingleReplica({ options });
    leader.becomeLeader();
    expect(answerIn(leader.preVote('n2', 2)).reason).toBe('n1 leads term 1');
  });
});
