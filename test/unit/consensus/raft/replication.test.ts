import { describe, expect, it } from 'vitest';
import {
  appendReplyIn,
  appendsIn,
  entriesAfter,
  entryOf,
  FIVE,
  SingleReplica,
  transitionsOf,
} from './single-replica.ts';

describe('§5.3 log replication: the leader', () => {
  it('§5.3 a leader appends what clients propose and sends it to all followers before its own write', () => {
    const replica = new SingleReplica({ options: { termStartNoOp: false } });
    replica.becomeLeader();
    const effects = replica.propose('a', 'b', 'c');
    expect(
      appendsIn(effects).map(({ to, body }) => [to, body.prevLogIndex, body.entries.map(({ data }) => data)]),
    ).toEqual([
      ['n2', 0, ['a', 'b', 'c']],
      ['n3', 0, ['a', 'b', 'c']],
    ]);
    expect(effects.sendAfterPersist).toEqual([]);
    expect(effects.persist?.puts.map(({ space, key }) => [space, key])).toEqual([
      ['log', 1],
      ['log', 2],
      ['log', 3],
    ]);
    expect(transitionsOf(effects, 'append')).toMatchObject([
      { first: 1, last: 3, term: 1, entries: [{ id: 'c1/a', data: 'a' }, { id: 'c1/b' }, { id: 'c1/c' }] },
    ]);
  });

  it('§5.3 each AppendEntries carries index and term of the entry before the new ones', () => {
    const replica = new SingleReplica({ terms: [1, 1, 2], term: 2, options: { termStartNoOp: false } });
    replica.becomeLeader();
    expect(appendsIn(replica.propose('x'))[0]?.body).toMatchObject({ prevLogIndex: 3, prevLogTerm: 2 });
  });

  it('§5.3 nextIndex starts after the last entry of the leader, matchIndex at 0', () => {
    const replica = new SingleReplica({ terms: [1, 1, 2], term: 2 });
    expect(transitionsOf(replica.becomeLeader(), 'progress')).toEqual([
      { kind: 'progress', peer: 'n2', match: 0, next: 4, state: 'probe', inFlight: 0 },
      { kind: 'progress', peer: 'n3', match: 0, next: 4, state: 'probe', inFlight: 0 },
    ]);
  });

  it('§5.3 Leader Append-Only: a leader refuses another leader of its own term and keeps its log', () => {
    const replica = new SingleReplica();
    replica.becomeLeader();
    replica.propose('mine');
    const effects = replica.append('n2', 1, { entries: [entryOf(1, 1)] });
    expect(replica.status).toMatchObject({ role: 'leader', lastIndex: 2 });
    expect(transitionsOf(effects, 'refuse')).toMatchObject([{ peer: 'n2', reason: 'n1 leads term 1' }]);
  });

  it('a follower redirects proposals to the leader, or says that it knows none', () => {
    const replica = new SingleReplica({ term: 5 });
    expect(replica.propose('x').replies).toEqual([
      { kind: 'redirect', id: 'c1/x', leader: undefined, reason: 'no leader known in term 5' },
    ]);
    replica.append('n3', 5);
    expect(replica.propose('x').replies).toEqual([
      { kind: 'redirect', id: 'c1/x', leader: 'n3', reason: 'n3 leads term 5' },
    ]);
    expect(replica.status.lastIndex).toBe(0);
  });

  it('a leader that steps down calls its own uncommitted proposals uncertain, and only those', () => {
    const replica = new SingleReplica({ terms: [1], term: 1 });
    replica.becomeLeader();
    replica.propose('committed');
    replica.persistAll();
    replica.acknowledge('n2', 3);
    expect(replica.status.commitIndex).toBe(3);
    replica.propose('open', 'lost');
    const effects = replica.append('n3', 6);
    expect(effects.replies).toEqual(
      ['c1/open', 'c1/lost'].map((id) => ({
        kind: 'uncertain',
        id,
        reason: 'n1 lost the leadership of term 2: AppendEntries of term 6 from n3',
      })),
    );
  });

  it("entries of earlier terms are nobody's proposals here when the leadership is lost", () => {
    const replica = new SingleReplica({ terms: [1, 1], term: 1, options: { termStartNoOp: false } });
    replica.becomeLeader();
    expect(replica.append('n3', 6).replies).toEqual([]);
  });
});

describe('§5.3 log replication: flow to one follower', () => {
  it('probes with one message until the follower has answered, then sends everything gathered', () => {
    const replica = new SingleReplica({ options: { termStartNoOp: false } });
    replica.becomeLeader();
    expect(appendsIn(replica.propose('a')).map(({ body }) => body.entries.length)).toEqual([1, 1]);
    expect(appendsIn(replica.propose('b'))).toEqual([]);
    expect(appendsIn(replica.propose('c', 'd'))).toEqual([]);
    const effects = replica.acknowledge('n2', 1);
    expect(appendsIn(effects).map(({ to, body }) => [to, body.prevLogIndex, body.entries.length])).toEqual([
      ['n2', 1, 3],
    ]);
    expect(transitionsOf(effects, 'progress')).toEqual([
      { kind: 'progress', peer: 'n2', match: 1, next: 2, state: 'replicate', inFlight: 0 },
    ]);
  });

  it('keeps to the most entries and the most characters a message, but always sends one', () => {
    const few = new SingleReplica({ options: { termStartNoOp: false, maxEntriesPerMessage: 2 } });
    few.becomeLeader();
    expect(appendsIn(few.propose('a', 'b', 'c'))[0]?.body.entries).toHaveLength(2);
    expect(appendsIn(few.acknowledge('n2', 2))[0]?.body.entries).toHaveLength(1);
    const small = new SingleReplica({ options: { termStartNoOp: false, maxBytesPerMessage: 100 } });
    small.becomeLeader();
    expect(appendsIn(small.propose('x'.repeat(500), 'y'))[0]?.body.entries).toHaveLength(1);
    const fit = new SingleReplica({ options: { termStartNoOp: false, maxBytesPerMessage: 100 } });
    fit.becomeLeader();
    expect(appendsIn(fit.propose('x', 'y', 'z'))[0]?.body.entries).toHaveLength(2);
  });

  it('sends only heartbeats to a follower that stays silent, and the entries once it answers', () => {
    const replica = new SingleReplica({ options: { termStartNoOp: false } });
    replica.becomeLeader();
    replica.propose('a');
    for (let round = 0; round < 3; round++)
      expect(appendsIn(replica.timeout()).map(({ body }) => body.entries.length)).toEqual([0, 0]);
    expect(appendsIn(replica.propose('b'))).toEqual([]);
    const answered = appendsIn(replica.acknowledge('n2', 0));
    expect(answered.map(({ to, body }) => [to, body.entries.length])).toEqual([['n2', 2]]);
  });

  it('a refusal that is repeated while the entries are under way does not send them twice', () => {
    const replica = new SingleReplica({ terms: [1, 1, 1], term: 1 });
    replica.becomeLeader();
    const refusal = {
      success: false,
      prevLogIndex: 3,
      conflictIndex: 1,
      reason: 'no entry 3: log ends at 0@0',
    };
    expect(appendsIn(replica.appendReply('n2', 2, refusal))).toHaveLength(1);
    expect(appendsIn(replica.appendReply('n2', 2, refusal))).toEqual([]);
  });

  it('a late refusal does not take back what the follower acknowledged', () => {
    const replica = new SingleReplica({ terms: [1, 1, 1], term: 1, options: { termStartNoOp: false } });
    replica.becomeLeader();
    replica.acknowledge('n2', 3);
    replica.appendReply('n2', 2, { success: false, prevLogIndex: 3, conflictIndex: 1 });
    expect(appendsIn(replica.propose('x')).find(({ to }) => to === 'n2')?.body.prevLogIndex).toBe(3);
  });

  it('a late acknowledgement does not lower matchIndex', () => {
    const replica = new SingleReplica({ terms: [1, 1, 1], term: 1, options: { termStartNoOp: false } });
    replica.becomeLeader();
    replica.acknowledge('n2', 3);
    const effects = replica.acknowledge('n2', 1);
    expect(transitionsOf(effects, 'progress')).toEqual([]);
    expect(appendsIn(replica.propose('x')).find(({ to }) => to === 'n2')?.body.prevLogIndex).toBe(3);
  });
});

describe('§5.3 log replication: the follower', () => {
  it('§5.3 consistency check: a follower refuses entries after one that it does not have', () => {
    const replica = new SingleReplica({ terms: [1, 1] });
    const effects = replica.append('n2', 1, { prevLogIndex: 5, prevLogTerm: 1, entries: entriesAfter(5, 1) });
    expect(appendReplyIn(effects)).toEqual({
      success: false,
      prevLogIndex: 5,
      matchIndex: 0,
      conflictIndex: 3,
      reason: 'no entry 5: log ends at 2@1',
      round: 1,
    });
    expect(replica.status.lastIndex).toBe(2);
  });

  it('§5.3 consistency check: a follower refuses entries after one of another term and names the first of that term', () => {
    const replica = new SingleReplica({ terms: [1, 2, 2, 2] });
    const effects = replica.append('n2', 3, { prevLogIndex: 4, prevLogTerm: 3, entries: entriesAfter(4, 3) });
    expect(appendReplyIn(effects)).toEqual({
      success: false,
      prevLogIndex: 4,
      matchIndex: 0,
      conflictIndex: 2,
      conflictTerm: 2,
      reason: 'entry 4 is of term 2, not 3',
      round: 1,
    });
    expect(replica.terms).toEqual([1, 2, 2, 2]);
  });

  it('§5.3 an existing entry that conflicts is removed with everything after it', () => {
    const replica = new SingleReplica({ terms: [1, 2, 2, 2] });
    const effects = replica.append('n2', 3, { prevLogIndex: 2, prevLogTerm: 2, entries: entriesAfter(2, 3) });
    expect(replica.terms).toEqual([1, 2, 3]);
    expect(effects.persist?.deletes).toEqual([{ space: 'log', from: 3, to: 4 }]);
    expect(effects.persist?.puts.map(({ space, key }) => `${space}/${key}`)).toEqual(['log/3', 'meta/0']);
    expect(transitionsOf(effects, 'truncate')).toEqual([
      { kind: 'truncate', first: 3, last: 4, reason: 'entry 3 is of term 2, n2 has term 3' },
    ]);
    expect(appendReplyIn(effects)).toEqual({ success: true, prevLogIndex: 2, matchIndex: 3, round: 1 });
  });

  it('§5.3 entries that match are never removed: a late AppendEntries leaves what came after it', () => {
    const replica = new SingleReplica({ terms: [1, 1, 1, 1] });
    const effects = replica.append('n2', 1, { prevLogIndex: 1, prevLogTerm: 1, entries: entriesAfter(1, 1) });
    expect(replica.status.lastIndex).toBe(4);
    expect(effects.persist).toBeUndefined();
    expect(appendReplyIn(effects)).toEqual({ success: true, prevLogIndex: 1, matchIndex: 2, round: 1 });
  });

  it('§5.3 a heartbeat acknowledges no more than the entry it names', () => {
    const replica = new SingleReplica({ terms: [1, 1, 2, 2] });
    expect(appendReplyIn(replica.append('n2', 3, { prevLogIndex: 2, prevLogTerm: 1 })).matchIndex).toBe(2);
    expect(replica.status.lastIndex).toBe(4);
  });

  it('§5.3 entries of several terms are stored in one write and told a run at a time', () => {
    const replica = new SingleReplica({ terms: [1] });
    const effects = replica.append('n2', 5, {
      prevLogIndex: 1,
      prevLogTerm: 1,
      entries: entriesAfter(1, 1, 2, 2, 4),
    });
    expect(transitionsOf(effects, 'append').map(({ first, last, term }) => [first, last, term])).toEqual([
      [2, 2, 1],
      [3, 4, 2],
      [5, 5, 4],
    ]);
    expect(transitionsOf(effects, 'append').every(({ entries }) => entries === undefined)).toBe(true);
    expect(effects.persist?.puts).toHaveLength(5);
    expect(replica.terms).toEqual([1, 1, 2, 2, 4]);
  });

  it('§5.3 the acknowledgement waits for the disk, even for entries that an earlier step wrote', () => {
    const replica = new SingleReplica();
    const first = replica.append('n2', 1, { entries: entriesAfter(0, 1) });
    expect([first.send.length, first.sendAfterPersist.length]).toEqual([0, 1]);
    const again = replica.append('n2', 1, { entries: entriesAfter(0, 1) });
    expect([again.send.length, again.sendAfterPersist.length, again.persist]).toEqual([0, 1, undefined]);
  });

  it('§5.3 the same AppendEntries twice has the effect of one', () => {
    const replica = new SingleReplica();
    replica.append('n2', 1, { entries: entriesAfter(0, 1, 1) });
    const { lastHash } = replica.status;
    replica.append('n2', 1, { entries: entriesAfter(0, 1, 1) });
    expect(replica.status).toMatchObject({ lastIndex: 2, lastHash });
  });

  it('refuses messages that are malformed or misdirected, and says why', () => {
    const replica = new SingleReplica({ voters: FIVE });
    const gap = replica.append('n2', 1, { entries: [entryOf(2, 1)] });
    expect(transitionsOf(gap, 'refuse')).toMatchObject([{ reason: 'entry 2 where 1 should stand' }]);
    const backwards = replica.append('n2', 3, { entries: entriesAfter(0, 2, 1) });
    expect(transitionsOf(backwards, 'refuse')).toMatchObject([
      { reason: 'entry 2 carries term 1 after term 2' },
    ]);
    const future = replica.append('n2', 3, { entries: entriesAfter(0, 4) });
    expect(transitionsOf(future, 'refuse')).toMatchObject([
      { reason: 'entry 1 carries term 4 after term 0' },
    ]);
    const nowhere = replica.append('n2', 3, { prevLogTerm: 2 });
    expect(transitionsOf(nowhere, 'refuse')).toMatchObject([
      { reason: 'entry 0 before the first cannot be of term 2' },
    ]);
    const misdirected = { type: 'TimeoutNow', from: 'n2', to: 'n3', term: 9, body: {} };
    const itself = { type: 'TimeoutNow', from: 'n1', to: 'n1', term: 9, body: {} };
    for (const message of [misdirected, itself]) {
      expect(transitionsOf(replica.receive(message), 'refuse')).toMatchObject([
        { what: 'TimeoutNow', reason: 'not a message from another node to n1' },
      ]);
    }
    const termless = { type: 'TimeoutNow', from: 'n2', to: 'n1', term: 0, body: {} };
    expect(transitionsOf(replica.receive(termless), 'refuse')).toMatchObject([
      { reason: 'term 0 is no term' },
    ]);
    for (const type of [
      'RequestVote',
      'RequestVoteReply',
      'PreVote',
      'PreVoteReply',
      'AppendEntries',
      'AppendEntriesReply',
      'InstallSnapshot',
      'InstallSnapshotReply',
      'ReadIndex',
      'ReadIndexReply',
      'Hello',
    ]) {
      const effects = replica.receive({ type, from: 'n2', to: 'n1', term: 9, body: {} });
      expect(transitionsOf(effects, 'refuse')).toHaveLength(1);
    }
    expect(replica.status).toMatchObject({ term: 0, lastIndex: 0, leader: null });
  });

  it('a leader refuses an acknowledgement of entries that it never had', () => {
    const replica = new SingleReplica();
    replica.becomeLeader();
    const effects = replica.acknowledge('n2', 99);
    expect(transitionsOf(effects, 'refuse')).toMatchObject([
      { reason: 'match 99 is beyond the log, which ends at 1' },
    ]);
    expect(replica.status.commitIndex).toBe(0);
  });
});
