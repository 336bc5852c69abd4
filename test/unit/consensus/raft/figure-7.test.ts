import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../src-main/consensus/replica.ts';
import { sentIn, SingleReplica, voteReplyIn } from './single-replica.ts';

const LEADER = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];

/** The followers of Figure 7, and whether each would vote for the leader at the top. */
const FOLLOWERS = [
  { name: '(a) lacks an entry', terms: [1, 1, 1, 4, 4, 5, 5, 6, 6], votes: true, refusals: 1 },
  { name: '(b) lacks many entries', terms: [1, 1, 1, 4], votes: true, refusals: 1 },
  {
    name: '(c) has an extra entry of the same term',
    terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    votes: false,
    refusals: 0,
  },
  {
    name: '(d) has extra entries of a later term',
    terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    votes: false,
    refusals: 0,
  },
  { name: '(e) lacks and has extra entries', terms: [1, 1, 1, 4, 4, 4, 4], votes: true, refusals: 2 },
  {
    name: '(f) has extra entries of two terms',
    terms: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    votes: true,
    refusals: 2,
  },
];

describe.each(FOLLOWERS)('§5.3 Figure 7 $name', ({ terms, votes, refusals }) => {
  it(`§5.4.1 ${votes ? 'votes' : 'does not vote'} for the leader at the top`, () => {
    const follower = new SingleReplica({ id: 'n2', terms, term: 7 });
    expect(voteReplyIn(follower.requestVote('n1', 8, LEADER.length, 6)).granted).toBe(votes);
  });

  it(`§5.3 ends with the leader's log after ${refusals} refusals, a term at a time`, () => {
    const leader = new SingleReplica({ terms: LEADER, term: 7, options: { termStartNoOp: false } });
    const follower = new SingleReplica({ id: 'n2', terms, term: 7 });
    leader.timeout();
    leader.persistAll();
    let inbox: Message[] = [...leader.voteReply('n3', 8).send, ...leader.propose('8').send];
    let refused = 0;
    for (let message = inbox.shift(); message !== undefined; message = inbox.shift()) {
      if (refused > 10) throw new Error('the leader does not go back');
      if (message.to === 'n2') inbox.push(...sentIn(follower.receive(message)));
      if (message.to === 'n1') {
        if ((message.body as { success: boolean }).success === false) refused += 1;
        inbox.push(...sentIn(leader.receive(message)));
      }
      inbox = inbox.filter(({ to }) => to !== 'n3');
    }
    expect(follower.terms).toEqual([...LEADER, 8]);
    expect(follower.raft.log.hashAt(11)).toBe(leader.raft.log.hashAt(11));
    // The empty AppendEntries of the election and the first entries are refused alike, before the leader has heard.
    expect(refused).toBe(refusals === 0 ? 0 : refusals + 1);
  });
});
