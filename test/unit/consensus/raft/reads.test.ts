import { describe, expect, it } from 'vitest';
import type { ReadIndexBody, ReadIndexReplyBody } from '../../../../src-main/consensus/raft/messages.ts';
import type { Effects } from '../../../../src-main/consensus/replica.ts';
import { FIVE, sentOfType, SingleReplica, transitionsOf, type Setup } from './single-replica.ts';

const LEASE = { reads: 'lease', checkQuorum: true, clockDriftBound: 0.05 } as const;
/** 150 ms less twice the drift, as the leader's clock has it. */
const LEASE_MS = (150 * 0.95) / 1.05;

/** A leader whose first entry has committed. */
function leaderOf(setup: Setup = {}): SingleReplica {
  const replica = new SingleReplica(setup);
  replica.becomeLeader();
  replica.persistAll();
  const voters = replica.voters.filter((voter) => voter !== replica.id);
  for (const voter of voters) replica.acknowledge(voter, replica.status.lastIndex, 1);
  return replica;
}

function questionIn(effects: Effects): number {
  const [message] = sentOfType(effects, 'ReadIndex');
  if (message === undefined) throw new Error('the leader was not asked');
  return (message.body as ReadIndexBody).context;
}

function answersIn(effects: Effects): ReadIndexReplyBody[] {
  return sentOfType(effects, 'ReadIndexReply').map(({ body }) => body as ReadIndexReplyBody);
}

describe('dissertation §6.4 ReadIndex', () => {
  it('§6.4 a read is served at the commit index of its arrival, once a quorum has answered a round that began after it', () => {
    const replica = leaderOf({ voters: FIVE });
    const asked = replica.read('read-index', 'r1');
    expect(asked.reads).toEqual([]);
    expect(sentOfType(asked, 'AppendEntries').map(({ to, body }) => [to, body])).toMatchObject(
      ['n2', 'n3', 'n4', 'n5'].map((to) => [to, { entries: [], round: 2 }]),
    );
    expect(replica.acknowledge('n2', 1, 2).reads).toEqual([]);
    replica.acknowledge('n3', 1, 1);
    const confirmed = replica.acknowledge('n4', 1, 2);
    expect(confirmed.reads).toEqual([{ id: 'r1', atIndex: 1 }]);
    expect(transitionsOf(confirmed, 'reads')).toMatchObject([
      { stage: 'confirmed', mode: 'read-index', ids: ['r1'], atIndex: 1, round: 2 },
    ]);
  });

  it('§6.4 an answer to an earlier round confirms nothing that came later', () => {
    const replica = leaderOf();
    replica.timeout();
    replica.read('read-index', 'r1');
    expect(replica.acknowledge('n2', 1, 2).reads).toEqual([]);
    expect(replica.acknowledge('n2', 1, 3).reads).toHaveLength(1);
  });

  it('§6.4 a refused AppendEntries confirms the leader as well: it is of its term', () => {
    const replica = leaderOf();
    replica.read('read-index', 'r1');
    const effects = replica.appendReply('n2', 1, { success: false, prevLogIndex: 9, round: 2 });
    expect(effects.reads).toHaveLength(1);
  });

  it('reads that come while a round is under way share the next one', () => {
    const replica = leaderOf();
    replica.read('read-index', 'r1');
    expect(sentOfType(replica.read('read-index', 'r2'), 'AppendEntries')).toEqual([]);
    replica.read('read-index', 'r3');
    const first = replica.acknowledge('n2', 1, 2);
    expect(first.reads.map(({ id }) => id)).toEqual(['r1']);
    expect(sentOfType(first, 'AppendEntries').map(({ body }) => body)).toMatchObject([
      { round: 3 },
      { round: 3 },
    ]);
    expect(replica.acknowledge('n3', 1, 3).reads.map(({ id }) => id)).toEqual(['r2', 'r3']);
  });

  it('§8 a new leader serves no read before an entry of its own term has committed', () => {
    const replica = new SingleReplica({ terms: [1, 1], term: 1 });
    replica.becomeLeader();
    expect(sentOfType(replica.read('read-index', 'r1'), 'AppendEntries')).toEqual([]);
    expect(replica.acknowledge('n2', 2, 1).reads).toEqual([]);
    replica.persistAll();
    const committed = replica.acknowledge('n2', 3, 1);
    expect(committed.reads).toEqual([]);
    expect(replica.acknowledge('n3', 3, 2).reads).toEqual([{ id: 'r1', atIndex: 3 }]);
  });

  it('a cluster of one confirms itself at once', () => {
    const replica = leaderOf({ voters: ['n1'] });
    expect(replica.read('read-index', 'r1').reads).toEqual([{ id: 'r1', atIndex: 1 }]);
  });

  it('a leader that loses its office sends the waiting reads away', () => {
    const replica = leaderOf();
    replica.read('read-index', 'r1', 'r2');
    expect(replica.append('n3', 5).replies).toEqual(
      ['r1', 'r2'].map((id) => ({
        kind: 'redirect',
        id,
        leader: undefined,
        reason: 'no leader known in term 5',
      })),
    );
  });
});

describe('dissertation §6.4 reads at a follower', () => {
  it('§6.4 a follower asks its leader for the commit index and reads its own state machine from there', () => {
    const follower = new SingleReplica({ term: 1 });
    follower.append('n2', 1);
    const context = questionIn(follower.read('read-index', 'r1'));
    const effects = follower.receive({
      type: 'ReadIndexReply',
      from: 'n2',
      to: 'n1',
      term: 1,
      body: { context, index: 7 },
    });
    expect(effects.reads).toEqual([{ id: 'r1', atIndex: 7 }]);
  });

  it('the leader answers a follower only when the round after its question is confirmed', () => {
    const leader = leaderOf();
    const question = { type: 'ReadIndex', from: 'n3', to: 'n1', term: 1, body: { context: 42 } };
    expect(answersIn(leader.receive(question))).toEqual([]);
    expect(answersIn(leader.acknowledge('n2', 1, 2))).toEqual([{ context: 42, index: 1 }]);
  });

  it('a node that does not lead refuses, and the follower sends its client away', () => {
    const other = new SingleReplica({ term: 1 });
    const question = { type: 'ReadIndex', from: 'n3', to: 'n1', term: 1, body: { context: 42 } };
    expect(answersIn(other.receive(question))).toEqual([
      { context: 42, index: null, reason: 'n1 does not lead term 1' },
    ]);
    const follower = new SingleReplica({ term: 1 });
    follower.append('n2', 1);
    const context = questionIn(follower.read('read-index', 'r1'));
    const body = { context, index: null, reason: 'n2 does not lead term 1' };
    const refused = follower.receive({ type: 'ReadIndexReply', from: 'n2', to: 'n1', term: 1, body });
    expect(refused.replies).toEqual([
      { kind: 'redirect', id: 'r1', leader: 'n2', reason: 'n2 does not lead term 1' },
    ]);
  });

  it('without a leader a read is refused at once, and a change of leader ends those that wait', () => {
    const follower = new SingleReplica({ term: 1 });
    expect(follower.read('read-index', 'r1').replies).toMatchObject([
      { kind: 'redirect', id: 'r1', reason: 'no leader known in term 1' },
    ]);
    follower.append('n2', 1);
    follower.read('read-index', 'r2');
    expect(follower.append('n3', 2).replies).toMatchObject([{ kind: 'redirect', id: 'r2' }]);
  });

  it('an answer to a question of an earlier incarnation does not pass for one to a question of this', () => {
    const incarnation = (draw: number): SingleReplica => {
      const follower = new SingleReplica({ term: 1, random: () => draw });
      follower.append('n2', 1);
      return follower;
    };
    const before = questionIn(incarnation(0.3).read('read-index', 'r1'));
    const after = incarnation(0.6);
    after.read('read-index', 'r2');
    const body = { context: before, index: 1 };
    const late = after.receive({ type: 'ReadIndexReply', from: 'n2', to: 'n1', term: 1, body });
    expect(late.reads).toEqual([]);
  });
});

describe('dissertation §6.4.1 leases', () => {
  it('§6.4.1 a confirmed round gives a lease from when it was sent, shorter than an election timeout by what clocks may drift', () => {
    const replica = new SingleReplica({ options: LEASE });
    replica.becomeLeader();
    replica.persistAll();
    replica.now += 30;
    const gained = replica.acknowledge('n2', 1, 1);
    const [lease] = transitionsOf(gained, 'lease');
    expect(lease).toMatchObject({ held: true });
    expect(lease?.forMs).toBeCloseTo(LEASE_MS - 30);
    expect(replica.read('lease', 'r1').reads).toEqual([{ id: 'r1', atIndex: 1 }]);
    replica.now += LEASE_MS - 31;
    expect(replica.read('lease', 'r2').reads).toHaveLength(1);
    replica.now += 1;
    expect(replica.read('lease', 'r3').reads).toEqual([]);
  });

  it('a read that finds no lease waits for a round like any ReadIndex', () => {
    const replica = leaderOf({ options: LEASE });
    replica.now += 149;
    const asked = replica.read('lease', 'r1');
    expect([asked.reads, sentOfType(asked, 'AppendEntries').length]).toEqual([[], 2]);
    const confirmed = replica.acknowledge('n3', 1, 2);
    expect(confirmed.reads).toEqual([{ id: 'r1', atIndex: 1 }]);
  });

  it('§6.4.1 the wider the clocks may drift, the shorter the lease', () => {
    const drifting = leaderOf({ options: { ...LEASE, clockDriftBound: 0.4 } });
    drifting.now += (150 * 0.6) / 1.4 - 1;
    expect(drifting.read('lease', 'r1').reads).toHaveLength(1);
    drifting.now += 1;
    expect(drifting.read('lease', 'r2').reads).toEqual([]);
  });

  it('§6.4.1 a lease ends before a transfer starts, and the term has no other', () => {
    const replica = leaderOf({ options: LEASE });
    const effects = replica.operator({ kind: 'transfer-leadership', to: 'n2' });
    const kinds = effects.transitions.map(({ kind }) => kind);
    expect(kinds.indexOf('lease')).toBeLessThan(
      effects.transitions.findIndex((each) => each.kind === 'transfer' && each.stage === 'timeout-now'),
    );
    expect(transitionsOf(effects, 'lease')).toMatchObject([{ held: false, reason: 'handing over to n2' }]);
    replica.timeout();
    replica.acknowledge('n3', 1, 2);
    expect(replica.status.leaseHeld).toBe(false);
    expect(replica.read('lease', 'r1').reads).toEqual([]);
  });

  it('§6.4.1 a voter that comes up again refuses votes and pre-votes for one longest lease by its own clock', () => {
    const replica = new SingleReplica({ terms: [1], term: 1, options: { ...LEASE, preVote: true } });
    replica.now = 149;
    expect(transitionsOf(replica.requestVote('n2', 2, 1, 1), 'refuse')).toMatchObject([
      { reason: 'loyal to a leader, heard 149 ms ago' },
    ]);
    expect(
      sentOfType(replica.preVote('n2', 2, { lastLogIndex: 1, lastLogTerm: 1 }), 'PreVoteReply'),
    ).toMatchObject([{ body: { granted: false } }]);
    expect(replica.status.term).toBe(1);
    replica.now = 150;
    expect(sentOfType(replica.requestVote('n2', 2, 1, 1), 'RequestVoteReply')).toMatchObject([
      { body: { granted: true } },
    ]);
  });

  it('a voter that never took part has promised nothing', () => {
    const replica = new SingleReplica({ options: LEASE });
    expect(sentOfType(replica.requestVote('n2', 1, 0, 0), 'RequestVoteReply')).toMatchObject([
      { body: { granted: true } },
    ]);
  });

  it('§6.4.1 a voter on whom a lease may rest neither stands for election nor forgets its leader when asked to', () => {
    const replica = new SingleReplica({ term: 1, options: LEASE });
    replica.append('n2', 1);
    replica.now += 10;
    for (const kind of ['campaign', 'forget-leader'] as const) {
      expect(transitionsOf(replica.operator({ kind }), 'refuse')).toMatchObject([
        {
          what: kind,
          reason:
            "the leader's lease may rest on n1, which heard from it 10 ms ago; wait 150 ms or transfer the leadership",
        },
      ]);
    }
    expect(replica.status).toMatchObject({ role: 'follower', leader: 'n2', term: 1 });
  });

  it('a lease read where leases are off is refused', () => {
    const replica = leaderOf();
    expect(replica.read('lease', 'r1').replies).toMatchObject([
      {
        kind: 'redirect',
        id: 'r1',
        reason: 'lease reads need the option reads: lease, and with it checkQuorum',
      },
    ]);
  });

  it('§6.4.1 lease reads without CheckQuorum are no option', () => {
    expect(() => new SingleReplica({ options: { reads: 'lease' } })).toThrow(
      'reads is lease, but checkQuorum is off',
    );
    expect(() => new SingleReplica({ options: { ...LEASE, clockDriftBound: 0.5 } })).toThrow(
      'clockDriftBound',
    );
  });
});
