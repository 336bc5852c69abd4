import { describe, expect, it } from 'vitest';
import { votersOnly } from '../../../../src-main/consensus/raft/configuration.ts';
import { createRaft } from '../../../../src-main/consensus/raft/replica.ts';
import type { Row } from '../../../../src-main/consensus/replica.ts';
import { entriesAfter, rowsOf, SingleReplica, THREE, voteReplyIn } from './single-replica.ts';

function createFrom(rows: readonly Row[], applied = 0): ReturnType<typeof createRaft> {
  const options = { electionTimeoutMs: { min: 150, max: 300 }, heartbeatMs: 50 };
  return createRaft({
    id: 'n1',
    configuration: votersOnly(THREE),
    options,
    rows,
    applied,
    random: () => 0,
    now: 1000,
  });
}

describe('§5.1 restart from what was persisted', () => {
  it('§5.1 a server comes up as a follower with its term, vote and log, its election timer running', () => {
    const rows = rowsOf([1, 1, 3], 4, 'n2');
    const raft = createFrom([...rows].reverse());
    expect(raft.status).toMatchObject({
      role: 'follower',
      term: 4,
      votedFor: 'n2',
      leader: null,
      lastIndex: 3,
      commitIndex: 0,
      durableIndex: 3,
      runs: [
        { first: 1, last: 2, term: 1 },
        { first: 3, last: 3, term: 3 },
      ],
    });
    expect(raft.deadline).toBe(1150);
  });

  it('§5.1 a vote given before a crash still stands after it', () => {
    const replica = new SingleReplica({ term: 4, votedFor: 'n2' });
    expect(voteReplyIn(replica.requestVote('n3', 4, 9, 4)).reason).toBe('already voted for n2 in term 4');
    expect(voteReplyIn(replica.requestVote('n2', 4, 0, 0)).granted).toBe(true);
  });

  it('§5.1 a candidate that crashed does not stand twice in one term', () => {
    const replica = new SingleReplica({ term: 4, votedFor: 'n1' });
    replica.timeout();
    expect(replica.status.term).toBe(5);
  });

  it('what the state machine has applied counts as committed and is not handed out again', () => {
    const replica = new SingleReplica({ terms: [1, 1, 1], applied: 2 });
    expect(replica.status).toMatchObject({ commitIndex: 2, appliedIndex: 2 });
    const effects = replica.append('n2', 1, { prevLogIndex: 3, prevLogTerm: 1, leaderCommit: 3 });
    expect(effects.apply.map(({ index }) => index)).toEqual([3]);
  });

  it('the rows that a replica asks for restore the very same log', () => {
    const replica = new SingleReplica();
    const disk = new Map<string, Row>();
    const steps = [
      replica.append('n2', 1, { entries: entriesAfter(0, 1, 1, 1) }),
      replica.append('n3', 3, { prevLogIndex: 1, prevLogTerm: 1, entries: entriesAfter(1, 2, 3) }),
      replica.requestVote('n2', 5, 9, 4),
    ];
    for (const { persist } of steps) {
      for (const range of persist?.deletes ?? []) {
        for (let key = range.from; key <= range.to; key++) disk.delete(`${range.space}/${key}`);
      }
      for (const row of persist?.puts ?? []) disk.set(`${row.space}/${row.key}`, row);
    }
    const { term, votedFor, lastIndex, lastHash, runs } = replica.status;
    expect(createFrom([...disk.values()]).status).toMatchObject({
      term,
      votedFor,
      lastIndex,
      lastHash,
      runs,
    });
    expect({ term, votedFor, lastIndex }).toEqual({ term: 5, votedFor: 'n2', lastIndex: 3 });
  });

  it.each([
    {
      damage: 'a missing row',
      change: (rows: Row[]) => rows.filter(({ key }) => key !== 2),
      error: 'Row log/2 is missing: the next one found is log/3',
    },
    {
      damage: 'a changed command',
      change: (rows: Row[]) =>
        rows.map((row) =>
          row.key === 2 ? { ...row, value: { ...(row.value as object), data: 'something else' } } : row,
        ),
      error: 'Row log/2 does not continue the log before it',
    },
    {
      damage: 'a term behind the log',
      change: (rows: Row[]) =>
        rows.map((row) => (row.space === 'meta' ? { ...row, value: { term: 1, votedFor: null } } : row)),
      error: 'Row meta/0 says term 1, but the log holds an entry of term 3',
    },
    {
      damage: 'a malformed entry',
      change: (rows: Row[]) => rows.map((row) => (row.key === 2 ? { ...row, value: { term: 'x' } } : row)),
      error: 'Row log/2 is malformed',
    },
    {
      damage: 'a malformed vote',
      change: (rows: Row[]) => rows.map((row) => (row.space === 'meta' ? { ...row, value: null } : row)),
      error: 'Row meta/0 is malformed',
    },
    {
      damage: 'a row of something else',
      change: (rows: Row[]) => [...rows, { space: 'snapshot', key: 1, value: {} }],
      error: "Row snapshot/1 is none of Raft's",
    },
  ])('stops with an error that names the row at $damage', ({ change, error }) => {
    expect(() => createFrom(change(rowsOf([1, 1, 3], 4, 'n2')))).toThrow(error);
  });

  it('stops when the state machine has applied more than the log holds', () => {
    expect(() => createFrom(rowsOf([1, 1], 1, null), 3)).toThrow(
      'the log ends at 2: entries are missing from the disk',
    );
  });

  it('refuses options that make no sense', () => {
    expect(() => new SingleReplica({ options: { electionTimeoutMs: { min: 300, max: 150 } } })).toThrow(
      'electionTimeoutMs.max',
    );
    expect(() => new SingleReplica({ options: { heartbeatMs: 0 } })).toThrow('heartbeatMs');
    expect(() => new SingleReplica({ options: { maxEntriesPerMessage: 0.5 } })).toThrow(
      'maxEntriesPerMessage',
    );
  });

  it("stops when the host's clock runs backwards or reports writes that nobody asked for", () => {
    const replica = new SingleReplica();
    expect(() => replica.step({ kind: 'persisted', id: 1 })).toThrow('asked for');
    expect(() => replica.step({ kind: 'applied', index: 1 })).toThrow('handed out');
    replica.now = -1;
    expect(() => replica.step({ kind: 'timeout' })).toThrow('clock never decreases');
  });
});
