import { describe, expect, it } from 'vitest';
import { entriesAfter, FIVE, SingleReplica, transitionsOf } from './single-replica.ts';

describe('§5.3 commitment', () => {
  it('§5.3 an entry is committed once a majority holds it, and then handed to the state machine in order', () => {
    const replica = new SingleReplica({ voters: FIVE, options: { termStartNoOp: false } });
    replica.becomeLeader();
    replica.propose('a', 'b');
    replica.persistAll();
    replica.acknowledge('n2', 2);
    expect(replica.status.commitIndex).toBe(0);
    const effects = replica.acknowledge('n3', 2);
    expect(replica.status.commitIndex).toBe(2);
    expect(effects.apply.map(({ index, data }) => [index, data])).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect(transitionsOf(effects, 'commit')).toEqual([
      { kind: 'commit', from: 0, to: 2, hash: replica.raft.log.hashAt(2) },
    ]);
    expect(replica.acknowledge('n4', 2).apply).toEqual([]);
  });

  it("§5.3 the leader's own copy counts only once it is on disk", () => {
    const replica = new SingleReplica({ voters: FIVE, options: { termStartNoOp: false } });
    replica.becomeLeader();
    replica.propose('a');
    replica.acknowledge('n2', 1);
    replica.acknowledge('n3', 1);
    expect(replica.status.commitIndex).toBe(0);
    expect(replica.persistOne().apply).toHaveLength(1);
    expect(replica.status.commitIndex).toBe(1);
  });

  it('§5.3 a majority of followers commits without the leader, but it applies only what is on its own disk', () => {
    const replica = new SingleReplica({ voters: FIVE, options: { termStartNoOp: false } });
    replica.becomeLeader();
    replica.propose('a');
    for (const peer of ['n2', 'n3']) replica.acknowledge(peer, 1);
    const effects = replica.acknowledge('n4', 1);
    expect(replica.status.commitIndex).toBe(1);
    expect(effects.apply).toEqual([]);
    expect(replica.persistOne().apply.map(({ index }) => index)).toEqual([1]);
  });

  it('§5.3 a cluster of one commits as soon as its entry is on disk', () => {
    const replica = new SingleReplica({ voters: ['n1'] });
    replica.timeout();
    replica.persistOne();
    replica.propose('a');
    expect(replica.status.commitIndex).toBe(0);
    replica.persistOne();
    expect(replica.status.commitIndex).toBe(1);
    expect(replica.persistOne().apply.map(({ data }) => data)).toEqual(['a']);
  });

  it('§5.3 in a cluster of two, and of four, half is no majority', () => {
    const two = new SingleReplica({ voters: ['n1', 'n2'], options: { termStartNoOp: false } });
    two.becomeLeader();
    two.propose('a');
    two.persistAll();
    expect(two.status.commitIndex).toBe(0);
    two.acknowledge('n2', 1);
    expect(two.status.commitIndex).toBe(1);
    const four = new SingleReplica({ voters: ['n1', 'n2', 'n3', 'n4'], options: { termStartNoOp: false } });
    four.becomeLeader();
    four.propose('a');
    four.persistAll();
    four.acknowledge('n2', 1);
    expect(four.status.commitIndex).toBe(0);
    four.acknowledge('n3', 1);
    expect(four.status.commitIndex).toBe(1);
  });

  it('§5.3 a leader tells its commit index in later AppendEntries, heartbeats included', () => {
    const replica = new SingleReplica({ options: { termStartNoOp: false } });
    replica.becomeLeader();
    replica.propose('a');
    replica.persistAll();
    replica.acknowledge('n2', 1);
    expect(replica.timeout().send.map(({ body }) => body)).toContainEqual(
      expect.objectContaining({ leaderCommit: 1 }),
    );
  });

  it.each([
    { leaderCommit: 2, expected: 2 },
    { leaderCommit: 9, expected: 3 },
    { leaderCommit: 1, expected: 1 },
  ])(
    'Figure 2 a follower commits min(leaderCommit, last new entry): $leaderCommit gives $expected',
    ({ leaderCommit, expected }) => {
      const replica = new SingleReplica({ terms: [1] });
      const effects = replica.append('n2', 1, {
        prevLogIndex: 1,
        prevLogTerm: 1,
        entries: entriesAfter(1, 1, 1),
        leaderCommit,
      });
      expect(replica.status.commitIndex).toBe(expected);
      expect([...effects.apply, ...replica.persistOne().apply].map(({ index }) => index)).toEqual(
        Array.from({ length: expected }, (_, offset) => offset + 1),
      );
    },
  );

  it('Figure 2 a heartbeat commits only up to the entry it names: what comes after may not be the leader’s', () => {
    const replica = new SingleReplica({ terms: [1, 1, 2, 2] });
    replica.append('n2', 3, { prevLogIndex: 2, prevLogTerm: 1, leaderCommit: 4 });
    expect(replica.status.commitIndex).toBe(2);
  });

  it('Figure 2 the commit index never decreases', () => {
    const replica = new SingleReplica({ terms: [1, 1] });
    replica.append('n2', 1, { prevLogIndex: 2, prevLogTerm: 1, leaderCommit: 2 });
    replica.append('n2', 1, { prevLogIndex: 2, prevLogTerm: 1, leaderCommit: 1 });
    expect(replica.status.commitIndex).toBe(2);
  });

  it('a follower applies an entry only after it is on its own disk', () => {
    const replica = new SingleReplica();
    const effects = replica.append('n2', 1, { entries: entriesAfter(0, 1), leaderCommit: 1 });
    expect(replica.status.commitIndex).toBe(1);
    expect(effects.apply).toEqual([]);
    expect(replica.persistOne().apply.map(({ index }) => index)).toEqual([1]);
  });

  it('a write does not vouch for entries that were replaced while it was under way', () => {
    const replica = new SingleReplica();
    replica.append('n2', 1, { entries: entriesAfter(0, 1, 1, 1) });
    replica.append('n3', 2, {
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: entriesAfter(1, 2, 2),
      leaderCommit: 3,
    });
    expect(replica.persistOne().apply.map(({ index, term }) => [index, term])).toEqual([[1, 1]]);
    expect(replica.status.durableIndex).toBe(1);
    expect(replica.persistOne().apply.map(({ index, term }) => [index, term])).toEqual([
      [2, 2],
      [3, 2],
    ]);
  });
});

describe('§5.4.2 entries of earlier terms', () => {
  it('§5.4.2 Figure 8 (c): an entry of an earlier term on a majority is not committed by counting', () => {
    const s1 = new SingleReplica({ voters: FIVE, terms: [1, 2], term: 3, options: { termStartNoOp: false } });
    s1.becomeLeader();
    expect(s1.status.term).toBe(4);
    s1.acknowledge('n2', 2);
    s1.acknowledge('n3', 2);
    s1.acknowledge('n4', 2);
    s1.acknowledge('n5', 2);
    expect(s1.status.commitIndex).toBe(0);
  });

  it('§5.4.2 Figure 8 (d): a log that ends with a later term wins over a majority with the earlier one, and replaces it', () => {
    const s5 = new SingleReplica({
      id: 'n5',
      voters: FIVE,
      terms: [1, 3],
      term: 4,
      options: { termStartNoOp: false },
    });
    const s2 = new SingleReplica({ id: 'n2', voters: FIVE, terms: [1, 2], term: 4 });
    const [request] = s5.timeout().sendAfterPersist.filter(({ to }) => to === 'n2');
    if (request === undefined) throw new Error('n2 was not asked');
    expect(s2.receive(request).sendAfterPersist).toMatchObject([{ term: 5, body: { granted: true } }]);
    s2.append('n5', 5, { prevLogIndex: 1, prevLogTerm: 1, entries: entriesAfter(1, 3) });
    expect(s2.terms).toEqual([1, 3]);
  });

  it('§5.4.2 Figure 8 (e): an entry of the current term on a majority commits everything before it', () => {
    const s1 = new SingleReplica({ voters: FIVE, terms: [1, 2], term: 3, options: { termStartNoOp: false } });
    s1.becomeLeader();
    s1.propose('4');
    s1.persistAll();
    s1.acknowledge('n2', 3);
    const effects = s1.acknowledge('n3', 3);
    expect(s1.status.commitIndex).toBe(3);
    expect(effects.apply.map(({ index, term }) => [index, term])).toEqual([
      [1, 1],
      [2, 2],
      [3, 4],
    ]);
    const s2 = new SingleReplica({ id: 'n2', voters: FIVE, terms: [1, 2, 4] });
    expect(s2.requestVote('n5', 5, 2, 3).sendAfterPersist).toMatchObject([
      { body: { granted: false, reason: 'log 2@3 behind 3@4' } },
    ]);
  });

  it('§8 the empty entry at the start of a term commits what earlier terms left', () => {
    const replica = new SingleReplica({ terms: [1, 2], term: 3 });
    const elected = replica.becomeLeader();
    expect(transitionsOf(elected, 'append')).toMatchObject([
      { first: 3, last: 3, term: 4, entries: [{ data: '' }] },
    ]);
    replica.persistAll();
    expect(replica.acknowledge('n2', 3).apply.map(({ index, kind }) => [index, kind])).toEqual([
      [1, 'command'],
      [2, 'command'],
      [3, 'no-op'],
    ]);
  });

  it('§5.4.3 a committed entry is never removed: the replica stops rather than obey', () => {
    const replica = new SingleReplica({ terms: [1, 1] });
    replica.append('n2', 1, { prevLogIndex: 2, prevLogTerm: 1, leaderCommit: 2 });
    expect(() =>
      replica.append('n3', 2, { prevLogIndex: 1, prevLogTerm: 1, entries: entriesAfter(1, 2) }),
    ).toThrow('a committed entry is never removed');
  });
});
