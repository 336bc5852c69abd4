import { describe, expect, it } from 'vitest';
import { votersOnly } from '../../../../src-main/consensus/raft/configuration.ts';
import type { Effects } from '../../../../src-main/consensus/replica.ts';
import { sentOfType, SingleReplica, THREE, transitionsOf, type Setup } from './single-replica.ts';

function leaderOf(setup: Setup = {}): SingleReplica {
  const replica = new SingleReplica(setup);
  replica.becomeLeader();
  replica.persistAll();
  replica.acknowledge('n2', 1);
  return replica;
}

function handOver(replica: SingleReplica, to: string): Effects {
  return replica.operator({ kind: 'transfer-leadership', to });
}

function told(effects: Effects): string[] {
  return sentOfType(effects, 'TimeoutNow').map(({ to }) => to);
}

describe('dissertation §3.10 leadership transfer', () => {
  it('§3.10 a target that has everything is told to time out at once', () => {
    const leader = leaderOf();
    const effects = handOver(leader, 'n2');
    expect(told(effects)).toEqual(['n2']);
    expect(transitionsOf(effects, 'transfer').map(({ stage }) => stage)).toEqual(['started', 'timeout-now']);
    expect(leader.status).toMatchObject({ role: 'leader', transferTo: 'n2' });
  });

  it('§3.10 a target that lags is brought up to date first', () => {
    const leader = leaderOf();
    leader.propose('x');
    expect(told(handOver(leader, 'n2'))).toEqual([]);
    expect(told(leader.acknowledge('n2', 2))).toEqual(['n2']);
    expect(told(leader.acknowledge('n2', 2))).toEqual([]);
  });

  it('§3.10 no proposal is taken meanwhile, and it is certain that it was not', () => {
    const leader = leaderOf();
    handOver(leader, 'n2');
    expect(leader.propose('x').replies).toEqual([
      { kind: 'refused', id: 'c1/x', reason: 'the leadership is being handed to n2' },
    ]);
    expect(leader.status.lastIndex).toBe(1);
  });

  it('§3.10 a transfer that does not come about within an election timeout is given up', () => {
    const leader = leaderOf();
    handOver(leader, 'n3');
    leader.timeout();
    leader.timeout();
    const effects = leader.timeout();
    expect(transitionsOf(effects, 'transfer')).toMatchObject([
      { stage: 'ended', to: 'n3', reason: 'n3 did not take over within 150 ms' },
    ]);
    leader.propose('x');
    expect(leader.status).toMatchObject({ transferTo: null, lastIndex: 2 });
  });

  it('§3.10 the old leader steps down when the target asks for its vote, CheckQuorum or not', () => {
    const leader = leaderOf({ options: { checkQuorum: true } });
    handOver(leader, 'n2');
    const effects = leader.requestVote('n2', 2, 1, 1, { transfer: true });
    expect(leader.status).toMatchObject({ role: 'follower', term: 2, votedFor: 'n2', transferTo: null });
    expect(transitionsOf(effects, 'transfer')).toMatchObject([
      { stage: 'ended', reason: 'n1 leads no more' },
    ]);
  });

  it('another target takes the place of the first', () => {
    const leader = leaderOf();
    handOver(leader, 'n3');
    const effects = handOver(leader, 'n2');
    expect(transitionsOf(effects, 'transfer').map(({ stage, to }) => [stage, to])).toEqual([
      ['ended', 'n3'],
      ['started', 'n2'],
      ['timeout-now', 'n2'],
    ]);
  });

  it.each([
    { to: 'n1', reason: 'n1 leads already' },
    { to: 'n4', reason: 'n4 is no voter' },
    { to: 'n9', reason: 'n9 is no voter' },
  ])('is refused to $to', ({ to, reason }) => {
    const leader = leaderOf({ configuration: { ...votersOnly(THREE), learners: ['n4'] } });
    expect(transitionsOf(handOver(leader, to), 'refuse')).toMatchObject([
      { what: 'transfer-leadership', reason },
    ]);
    expect(leader.status.transferTo).toBe(null);
  });

  it('is refused by who does not lead', () => {
    const follower = new SingleReplica({ term: 3 });
    expect(transitionsOf(handOver(follower, 'n2'), 'refuse')).toMatchObject([
      { reason: 'no leader known in term 3' },
    ]);
    follower.append('n2', 3);
    expect(transitionsOf(handOver(follower, 'n3'), 'refuse')).toMatchObject([{ reason: 'n2 leads term 3' }]);
  });

  it('ends when the target is no voter any more', () => {
    const leader = leaderOf({ voters: ['n1', 'n2', 'n3', 'n4'] });
    leader.acknowledge('n3', 1);
    leader.operator({
      kind: 'change-membership',
      changes: [{ kind: 'remove', node: 'n4' }],
      transition: 'auto',
    });
    expect(transitionsOf(handOver(leader, 'n4'), 'refuse')).toMatchObject([{ reason: 'n4 is no voter' }]);
  });
});

describe('dissertation §3.10 TimeoutNow', () => {
  it('§3.10 the target stands for election without waiting, in the next term', () => {
    const target = new SingleReplica({ term: 3 });
    target.append('n2', 3);
    target.receive({ type: 'TimeoutNow', from: 'n2', to: 'n1', term: 3, body: {} });
    expect(target.status).toMatchObject({ role: 'candidate', term: 4, votedFor: 'n1' });
  });

  it('of an earlier term is ignored, as is one to a leader', () => {
    const target = new SingleReplica({ term: 3 });
    target.receive({ type: 'TimeoutNow', from: 'n2', to: 'n1', term: 2, body: {} });
    expect(target.status).toMatchObject({ role: 'follower', term: 3 });
    target.becomeLeader();
    target.receive({ type: 'TimeoutNow', from: 'n2', to: 'n1', term: 4, body: {} });
    expect(target.status).toMatchObject({ role: 'leader', term: 4 });
  });

  it('to a learner is refused', () => {
    const learner = new SingleReplica({ configuration: { ...votersOnly(['n2', 'n3']), learners: ['n1'] } });
    const effects = learner.receive({ type: 'TimeoutNow', from: 'n2', to: 'n1', term: 2, body: {} });
    expect(transitionsOf(effects, 'refuse')).toMatchObject([
      { what: 'TimeoutNow', reason: 'n1 has no vote' },
    ]);
  });
});
