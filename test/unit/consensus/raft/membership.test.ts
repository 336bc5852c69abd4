import { describe, expect, it } from 'vitest';
import { EMPTY_CONFIGURATION, votersOnly } from '../../../../src-main/consensus/raft/configuration.ts';
import type { Configuration, Effects, MembershipChange } from '../../../../src-main/consensus/replica.ts';
import {
  appendReplyIn,
  appendsIn,
  entriesAfter,
  entryOf,
  sentIn,
  sentOfType,
  SingleReplica,
  THREE,
  transitionsOf,
  voteReplyIn,
  type Setup,
} from './single-replica.ts';

type Transition = 'auto' | 'simple' | 'joint' | 'joint-explicit';

function change(
  replica: SingleReplica,
  changes: readonly MembershipChange[],
  transition: Transition = 'auto',
): Effects {
  return replica.operator({ kind: 'change-membership', changes, transition });
}

/** A leader whose first entry has committed. */
function leaderOf(setup: Setup = {}): SingleReplica {
  const replica = new SingleReplica(setup);
  replica.becomeLeader();
  replica.persistAll();
  for (const voter of replica.voters) {
    if (voter !== replica.id) replica.acknowledge(voter, replica.status.lastIndex);
  }
  return replica;
}

function inForce(replica: SingleReplica): Configuration {
  return replica.status.configuration.configuration;
}

const ADD_N4: MembershipChange = { kind: 'add-voter', node: 'n4' };
const REMOVE_N3: MembershipChange = { kind: 'remove', node: 'n3' };

describe('§6, dissertation §4.1 a configuration is in force from when it is in the log', () => {
  it('§4.1 the leader adopts it on append, sends it to the new server as well, and counts by it', () => {
    const replica = leaderOf();
    const effects = change(replica, [ADD_N4]);
    expect(inForce(replica).voters).toEqual(['n1', 'n2', 'n3', 'n4']);
    expect(transitionsOf(effects, 'configuration')).toMatchObject([{ stage: 'adopted', index: 2 }]);
    expect(sentIn(effects).map(({ to }) => to)).toContain('n4');
    replica.persistAll();
    replica.acknowledge('n2', 2);
    expect(replica.status.commitIndex).toBe(1);
    const committed = replica.acknowledge('n4', 2);
    expect(replica.status.commitIndex).toBe(2);
    expect(transitionsOf(committed, 'configuration')).toMatchObject([{ stage: 'committed', index: 2 }]);
  });

  it('§4.1 a follower adopts it on append, before it is committed', () => {
    const follower = new SingleReplica({ term: 1 });
    const data = JSON.stringify(votersOnly(['n1', 'n2', 'n3', 'n4']));
    follower.append('n2', 1, { entries: [{ index: 1, term: 1, kind: 'configuration', data }] });
    expect(follower.status).toMatchObject({ commitIndex: 0, configuration: { index: 1 } });
    expect(inForce(follower).voters).toHaveLength(4);
  });

  it('§4.1 a follower whose configuration entry is removed goes back to the one before', () => {
    const follower = new SingleReplica({ term: 1 });
    const data = JSON.stringify(votersOnly(['n2', 'n3']));
    follower.append('n2', 1, { entries: [{ index: 1, term: 1, kind: 'configuration', data }] });
    expect(follower.status.role).toBe('learner');
    const effects = follower.append('n3', 2, { entries: [entryOf(1, 2)] });
    expect(transitionsOf(effects, 'configuration')).toMatchObject([{ stage: 'rolled-back', index: 0 }]);
    expect(inForce(follower).voters).toEqual(THREE);
    expect(follower.status.role).toBe('follower');
    expect(follower.deadline).toBeGreaterThan(follower.now);
  });

  it('§4.2.2 a server without a vote by a change that may not be committed stands for election, and its own vote does not count', () => {
    const replica = new SingleReplica({ term: 1 });
    const data = JSON.stringify(votersOnly(['n2', 'n3']));
    replica.append('n2', 1, { entries: [{ index: 1, term: 1, kind: 'configuration', data }] });
    expect(replica.deadline).toBeGreaterThan(replica.now);
    replica.timeout();
    replica.persistAll();
    replica.voteReply('n2', 2);
    expect(replica.status).toMatchObject({ role: 'candidate', term: 2 });
    replica.voteReply('n3', 2);
    expect(replica.status.role).toBe('leader');
  });

  it('§4.2.2 once that change is known to be committed, it stands no more', () => {
    const replica = new SingleReplica({ term: 1 });
    const data = JSON.stringify(votersOnly(['n2', 'n3']));
    const entries = [{ index: 1, term: 1, kind: 'configuration', data }] as const;
    replica.append('n2', 1, { entries, leaderCommit: 1 });
    replica.operator({ kind: 'campaign' });
    expect(replica.status).toMatchObject({ role: 'learner', term: 1 });
    expect(replica.raft.deadline).toBeUndefined();
  });

  it('§4.1 a restarted server works by the newest configuration in its log', () => {
    const configuration = votersOnly(['n1', 'n2', 'n3', 'n4', 'n5']);
    const first = new SingleReplica({ term: 1 });
    const { persist } = first.append('n2', 1, {
      entries: [
        { index: 1, term: 1, kind: 'configuration', data: JSON.stringify(configuration) },
        ...entriesAfter(1, 1),
      ],
    });
    const meta = { space: 'meta', key: 0, value: { term: 1, votedFor: null } };
    const second = new SingleReplica({ rows: [meta, ...(persist?.puts ?? [])] });
    expect(second.status.configuration).toEqual({ index: 1, configuration });
  });
});

describe('§6, dissertation §4.1 one change at a time', () => {
  it('§4.1 a leader refuses a change while another is not committed', () => {
    const replica = leaderOf();
    change(replica, [ADD_N4]);
    expect(transitionsOf(change(replica, [REMOVE_N3]), 'refuse')).toMatchObject([
      { what: 'change-membership', reason: 'the change of entry 2 is not committed yet' },
    ]);
  });

  it('raft-dev 2015-07-10: a leader refuses a change before an entry of its own term has committed', () => {
    const replica = new SingleReplica({ terms: [1, 1], term: 1 });
    replica.becomeLeader();
    expect(transitionsOf(change(replica, [ADD_N4]), 'refuse')).toMatchObject([
      { reason: 'no entry of term 2 is committed yet' },
    ]);
    replica.persistAll();
    replica.acknowledge('n2', 3);
    expect(transitionsOf(change(replica, [ADD_N4]), 'refuse')).toEqual([]);
  });

  it('who does not lead refuses, and so does a leader that is handing over', () => {
    const follower = new SingleReplica({ term: 1 });
    expect(transitionsOf(change(follower, [ADD_N4]), 'refuse')).toMatchObject([
      { reason: 'no leader known in term 1' },
    ]);
    const leader = leaderOf();
    leader.propose('x');
    leader.operator({ kind: 'transfer-leadership', to: 'n2' });
    expect(transitionsOf(change(leader, [ADD_N4]), 'refuse')).toMatchObject([
      { reason: 'the leadership is being handed to n2' },
    ]);
  });

  it('§4.1 two voters at once go only through a joint configuration', () => {
    const both: MembershipChange[] = [ADD_N4, { kind: 'add-voter', node: 'n5' }];
    expect(transitionsOf(change(leaderOf(), both, 'simple'), 'refuse')[0]?.reason).toContain(
      '2 voters would change at once',
    );
    const replica = leaderOf();
    change(replica, both);
    expect(inForce(replica)).toMatchObject({
      voters: ['n1', 'n2', 'n3', 'n4', 'n5'],
      outgoing: THREE,
      autoLeave: true,
    });
  });
});

describe('dissertation §4.2.1 learners', () => {
  it('§4.2.1 a learner receives the log and counts nowhere', () => {
    const configuration = { ...votersOnly(THREE), learners: ['n4'] };
    const replica = new SingleReplica({ configuration });
    const elected = replica.becomeLeader();
    expect(sentOfType(elected, 'AppendEntries').map(({ to }) => to)).toEqual(['n2', 'n3', 'n4']);
    replica.persistAll();
    replica.acknowledge('n4', 1);
    expect(replica.status.commitIndex).toBe(0);
    replica.acknowledge('n2', 1);
    expect(replica.status.commitIndex).toBe(1);
  });

  it('§4.2.1 a learner arms no election timer and refuses to stand', () => {
    const configuration = { ...votersOnly(['n2', 'n3']), learners: ['n1'] };
    const learner = new SingleReplica({ configuration });
    expect(learner.status.role).toBe('learner');
    expect(learner.raft.deadline).toBeUndefined();
    expect(transitionsOf(learner.operator({ kind: 'campaign' }), 'refuse')).toMatchObject([
      { what: 'campaign', reason: 'n1 has no vote' },
    ]);
  });

  it('a server that was promoted without having heard of it votes all the same, or nobody could win', () => {
    const configuration = { ...votersOnly(['n2', 'n3']), learners: ['n1'] };
    const learner = new SingleReplica({ configuration });
    expect(voteReplyIn(learner.requestVote('n2', 3, 5, 2)).granted).toBe(true);
    expect(learner.status).toMatchObject({ role: 'learner', votedFor: 'n2' });
  });

  it('a promoted learner arms its election timer as soon as it has the entry', () => {
    const configuration = { ...votersOnly(['n2', 'n3']), learners: ['n1'] };
    const learner = new SingleReplica({ configuration });
    const data = JSON.stringify(votersOnly(THREE));
    learner.append('n2', 1, { entries: [{ index: 1, term: 1, kind: 'configuration', data }] });
    expect(learner.status.role).toBe('follower');
    expect(learner.deadline).toBe(225);
  });

  it('a server that joins with an empty configuration waits to be told who takes part', () => {
    const replica = new SingleReplica({ id: 'n4', configuration: EMPTY_CONFIGURATION });
    expect(replica.status.role).toBe('learner');
    replica.append('n1', 1, {
      entries: [
        { index: 1, term: 1, kind: 'configuration', data: JSON.stringify(votersOnly([...THREE, 'n4'])) },
      ],
    });
    expect(replica.status.role).toBe('follower');
  });
});

describe('dissertation §4.2.2 removing the leader', () => {
  it('§4.2.2 a removed leader leads on without a vote until the change is committed, then steps down', () => {
    const replica = leaderOf();
    change(replica, [{ kind: 'remove', node: 'n1' }]);
    replica.persistAll();
    replica.acknowledge('n2', 2);
    expect(replica.status).toMatchObject({ role: 'leader', commitIndex: 1 });
    const effects = replica.acknowledge('n3', 2);
    expect(replica.status).toMatchObject({ role: 'learner', commitIndex: 2, leader: null });
    expect(replica.raft.deadline).toBeUndefined();
    expect(transitionsOf(effects, 'role')).toMatchObject([
      { reason: 'the configuration of entry 2, without a vote for n1, is committed' },
    ]);
  });

  it('without step-down on removal it leads on as somebody without a vote', () => {
    const replica = leaderOf({ options: { stepDownOnRemoval: false } });
    change(replica, [{ kind: 'remove', node: 'n1' }]);
    replica.persistAll();
    replica.acknowledge('n2', 2);
    replica.acknowledge('n3', 2);
    replica.propose('x');
    replica.persistAll();
    replica.acknowledge('n2', 3);
    expect(replica.status).toMatchObject({ role: 'leader', commitIndex: 2 });
    replica.acknowledge('n3', 3);
    expect(replica.status.commitIndex).toBe(3);
  });

  it('a removed follower is told so once before the leader parts from it', () => {
    const replica = leaderOf();
    change(replica, [REMOVE_N3]);
    replica.persistAll();
    const effects = replica.acknowledge('n2', 2);
    expect(appendsIn(effects).filter(({ to }) => to === 'n3')).toMatchObject([{ body: { leaderCommit: 2 } }]);
    expect(sentIn(replica.timeout()).map(({ to }) => to)).toEqual(['n2']);
  });
});

describe('dissertation §4.2.2 a server that its own newest configuration leaves out', () => {
  const without = JSON.stringify(votersOnly(['n2', 'n3']));

  it('§4.2.2 stands for election until that is committed; its own vote does not count', () => {
    const replica = new SingleReplica({ term: 1 });
    replica.append('n2', 1, { entries: [{ index: 1, term: 1, kind: 'configuration', data: without }] });
    replica.persistAll();
    expect(sentIn(replica.timeout()).map(({ to }) => to)).toEqual(['n2', 'n3']);
    replica.persistAll();
    replica.voteReply('n2', 2);
    expect(replica.status.role).toBe('candidate');
    replica.voteReply('n3', 2);
    expect(replica.status.role).toBe('leader');
  });

  it('stands for nothing once that is committed', () => {
    const replica = new SingleReplica({ term: 1 });
    const entries = [{ index: 1, term: 1, kind: 'configuration' as const, data: without }];
    replica.append('n2', 1, { entries, leaderCommit: 1 });
    expect(transitionsOf(replica.timeout(), 'refuse')).toMatchObject([{ reason: 'n1 has no vote' }]);
    expect(replica.raft.deadline).toBeUndefined();
  });

  it('asks no pre-vote of itself', () => {
    const replica = new SingleReplica({ term: 1, options: { preVote: true } });
    replica.append('n2', 1, { entries: [{ index: 1, term: 1, kind: 'configuration', data: without }] });
    expect(transitionsOf(replica.timeout(), 'tally')).toEqual([]);
    replica.preVoteReply('n2', 2);
    expect(replica.status.role).toBe('pre-candidate');
    replica.preVoteReply('n3', 2);
    expect(replica.status.role).toBe('candidate');
  });
});

describe('§6, dissertation §4.3 joint consensus', () => {
  const SWAP: MembershipChange[] = [ADD_N4, REMOVE_N3];

  it('§6 while joint, an entry needs a majority of the old and one of the new voters', () => {
    const replica = leaderOf();
    change(
      replica,
      [ADD_N4, { kind: 'add-voter', node: 'n5' }, { kind: 'remove', node: 'n2' }],
      'joint-explicit',
    );
    expect(inForce(replica)).toMatchObject({ voters: ['n1', 'n3', 'n4', 'n5'], outgoing: THREE });
    replica.persistAll();
    replica.acknowledge('n4', 2);
    replica.acknowledge('n5', 2);
    // Three of the four new voters, one of the three old ones.
    expect(replica.status.commitIndex).toBe(1);
    replica.acknowledge('n2', 2);
    expect(replica.status.commitIndex).toBe(2);
  });

  it('§6 while joint, a candidate needs both majorities as well', () => {
    const configuration = { ...votersOnly(['n1', 'n4', 'n5']), outgoing: THREE };
    const candidate = new SingleReplica({ configuration });
    expect(sentIn(candidate.timeout()).map(({ to }) => to)).toEqual(['n2', 'n3', 'n4', 'n5']);
    candidate.persistAll();
    candidate.voteReply('n4', 1);
    expect(transitionsOf(candidate.voteReply('n5', 1), 'tally')).toMatchObject([{ votes: 1, needed: 2 }]);
    expect(candidate.status.role).toBe('candidate');
    const effects = candidate.voteReply('n3', 1);
    expect(candidate.status.role).toBe('leader');
    expect(transitionsOf(effects, 'tally')).toMatchObject([{ voter: 'n3', votes: 2, needed: 2 }]);
  });

  it('§4.3 a joint configuration that is committed is left by itself', () => {
    const replica = leaderOf();
    change(replica, SWAP);
    replica.persistAll();
    replica.acknowledge('n2', 2);
    expect(inForce(replica)).toMatchObject({ voters: ['n1', 'n2', 'n4'], outgoing: [], autoLeave: false });
    expect(replica.status).toMatchObject({ lastIndex: 3, commitIndex: 2 });
  });

  it('§4.3 an explicit one stays joint until it is asked to be left', () => {
    const replica = leaderOf();
    change(replica, SWAP, 'joint-explicit');
    expect(transitionsOf(replica.operator({ kind: 'leave-joint' }), 'refuse')).toMatchObject([
      { what: 'leave-joint', reason: 'the change of entry 2 is not committed yet' },
    ]);
    replica.persistAll();
    replica.acknowledge('n2', 2);
    expect(inForce(replica).outgoing).toEqual(THREE);
    expect(transitionsOf(change(replica, [ADD_N4]), 'refuse')[0]?.reason).toContain('leave that first');
    replica.operator({ kind: 'leave-joint' });
    expect(inForce(replica)).toMatchObject({ voters: ['n1', 'n2', 'n4'], outgoing: [] });
    expect(transitionsOf(replica.operator({ kind: 'leave-joint' }), 'refuse')[0]?.reason).toContain(
      'not committed yet',
    );
  });

  it('a new leader leaves a joint configuration that it inherited, once an entry of its own has committed', () => {
    const joint = { ...votersOnly(['n1', 'n2', 'n4']), outgoing: THREE, autoLeave: true };
    const replica = new SingleReplica({ configuration: joint });
    replica.becomeLeader();
    replica.persistAll();
    expect(inForce(replica).outgoing).toEqual(THREE);
    replica.acknowledge('n2', 1);
    expect(inForce(replica).outgoing).toEqual([]);
  });

  it('§4.3 a voter that is demoted counts in the old half and listens afterwards', () => {
    const replica = leaderOf();
    change(replica, [{ kind: 'add-learner', node: 'n3' }, ADD_N4], 'joint-explicit');
    expect(inForce(replica)).toMatchObject({ outgoing: THREE, learners: [], learnersNext: ['n3'] });
    replica.persistAll();
    replica.acknowledge('n2', 2);
    replica.operator({ kind: 'leave-joint' });
    expect(inForce(replica)).toMatchObject({ learners: ['n3'], learnersNext: [] });
  });
});

describe('bad input: a membership that could not work is refused with the reason', () => {
  it.each<{ changes: MembershipChange[]; reason: string; voters?: string[] }>([
    { changes: [], reason: 'no change is asked for' },
    { changes: [{ kind: 'add-voter', node: 'n2' }], reason: 'n2 is a voter already' },
    { changes: [{ kind: 'remove', node: 'n9' }], reason: 'n9 is no member' },
    {
      changes: [ADD_N4, { kind: 'add-learner', node: 'n4' }],
      reason: 'two changes concern n4',
    },
    {
      voters: ['n1'],
      changes: [{ kind: 'remove', node: 'n1' }],
      reason: 'the last voter would be gone, and nobody could decide anything any more',
    },
    {
      voters: ['n1'],
      changes: [{ kind: 'add-learner', node: 'n1' }],
      reason: 'the last voter would be gone, and nobody could decide anything any more',
    },
  ])('$reason', ({ changes, reason, voters }) => {
    for (const transition of ['auto', 'simple', 'joint', 'joint-explicit'] as const) {
      const replica = leaderOf(voters === undefined ? {} : { voters });
      expect(transitionsOf(change(replica, changes, transition), 'refuse')).toMatchObject([{ reason }]);
    }
  });

  it.each([
    {
      given: { ...EMPTY_CONFIGURATION, outgoing: THREE },
      reason: 'the incoming half of a joint configuration is empty',
    },
    { given: { ...votersOnly(THREE), learners: ['n2'] }, reason: 'n2 is both voter and learner' },
    {
      given: { ...votersOnly(['n1']), outgoing: THREE, learners: ['n3'] },
      reason: 'n3 is both voter and learner',
    },
    {
      given: { ...votersOnly(THREE), learnersNext: ['n2'] },
      reason: 'n2 is to become a learner, but it is no voter that leaves',
    },
    {
      given: { ...votersOnly(THREE), voters: ['n1', 'n1'] },
      reason: 'must be lists of nodes, each named once',
    },
  ])('a replica does not begin with one: $reason', ({ given, reason }) => {
    expect(() => new SingleReplica({ configuration: given })).toThrow(reason);
  });
});

describe('a disk that the configuration does not know', () => {
  const known = votersOnly(THREE, { n1: 'd1', n2: 'd2', n3: 'd3' });

  it('has no vote, stands for nothing and says why', () => {
    const wiped = new SingleReplica({ configuration: known, storageId: 'd9' });
    expect(wiped.status.role).toBe('learner');
    expect(voteReplyIn(wiped.requestVote('n2', 5, 9, 4)).reason).toBe(
      'n1 is known by the disk d1, and this is d9',
    );
    expect(transitionsOf(wiped.operator({ kind: 'campaign' }), 'refuse')).toMatchObject([
      { reason: 'the configuration knows n1 by the disk d1, not by d9' },
    ]);
    const timeoutNow = { type: 'TimeoutNow', from: 'n2', to: 'n1', term: 5, body: {} };
    expect(transitionsOf(wiped.receive(timeoutNow), 'refuse')).toMatchObject([{ reason: 'n1 has no vote' }]);
  });

  it('is told by the candidate as which disk it is known, for its own configuration may lag behind', () => {
    const wiped = new SingleReplica({ configuration: EMPTY_CONFIGURATION, storageId: 'd9' });
    expect(voteReplyIn(wiped.requestVote('n2', 5, 9, 4, { disk: 'd1' })).granted).toBe(false);
    expect(voteReplyIn(wiped.requestVote('n3', 5, 9, 4, { disk: 'd9' })).granted).toBe(true);
  });

  it('makes no majority: its server has forgotten which terms it has seen, so a leader of an old one could commit with it', () => {
    const leader = new SingleReplica({ configuration: known, storageId: 'd1' });
    leader.becomeLeader();
    leader.persistAll();
    leader.read('read-index', 'r1');
    const effects = leader.appendReply('n2', 1, { matchIndex: 1, disk: 'd9' });
    expect(transitionsOf(effects, 'refuse')).toMatchObject([
      { what: 'AppendEntriesReply', reason: 'n2 is known by the disk d2, and this is d9' },
    ]);
    expect(leader.status.commitIndex).toBe(0);
    leader.appendReply('n2', 1, { matchIndex: 1, disk: 'd2' });
    expect(leader.status.commitIndex).toBe(1);
    leader.snapshotReply('n2', 1, { lastIndex: 1, next: 1, installed: true, round: 2, disk: 'd9' });
    expect(leader.status.progress.find(({ peer }) => peer === 'n2')).toMatchObject({ answeredRound: 1 });
  });

  it('is named in every answer of a follower', () => {
    const follower = new SingleReplica({ configuration: known, storageId: 'd9' });
    expect(appendReplyIn(follower.append('n2', 1))).toMatchObject({ success: true, disk: 'd9' });
  });

  it('follows all the same, and may be let in again as a learner after it was removed', () => {
    const leader = leaderOf({ configuration: known, storageId: 'd1' });
    const again: MembershipChange = { kind: 'add-learner', node: 'n3', storage: 'd9' };
    expect(transitionsOf(change(leader, [again]), 'refuse')[0]?.reason).toContain(
      'n3 is a voter on the disk d3: remove it before it comes back',
    );
    change(leader, [REMOVE_N3]);
    leader.persistAll();
    leader.acknowledge('n2', 2);
    change(leader, [again]);
    expect(inForce(leader)).toMatchObject({ learners: ['n3'], storage: { n1: 'd1', n2: 'd2', n3: 'd9' } });
  });

  it('that was removed and let in again in one term is not taken for what it acknowledged before, however late that arrives', () => {
    const leader = leaderOf({ configuration: known, storageId: 'd1' });
    leader.propose('x', 'y');
    leader.persistAll();
    change(leader, [REMOVE_N3]);
    leader.persistAll();
    leader.acknowledge('n2', 4);
    change(leader, [{ kind: 'add-learner', node: 'n3', storage: 'd9' }]);
    leader.appendReply('n3', 1, { success: true, matchIndex: 3, round: 1 });
    const n3 = () => leader.status.progress.find(({ peer }) => peer === 'n3');
    expect(n3()).toMatchObject({ match: 0 });
    leader.appendReply('n3', 1, { success: true, matchIndex: 3, round: 2 });
    expect(n3()).toMatchObject({ match: 3 });
  });

  it('that takes the place of a learner’s has acknowledged nothing', () => {
    const configuration = { ...votersOnly(['n1', 'n2']), learners: ['n3'], storage: { n3: 'd3' } };
    const leader = leaderOf({ configuration });
    leader.acknowledge('n3', 1);
    const effects = change(leader, [{ kind: 'add-learner', node: 'n3', storage: 'd9' }]);
    expect(transitionsOf(effects, 'progress')).toMatchObject([{ peer: 'n3', match: 0, state: 'probe' }]);
    leader.appendReply('n3', 1, { success: false, prevLogIndex: 1, conflictIndex: 1, round: 2 });
    expect(leader.status.progress.find(({ peer }) => peer === 'n3')).toMatchObject({ match: 0, next: 1 });
  });
});
