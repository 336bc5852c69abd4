import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainHash } from '../../../../src-main/consensus/raft/chain-hash.ts';
import { RaftLog } from '../../../../src-main/consensus/raft/log.ts';
import { entriesAfter, entryOf } from './single-replica.ts';

function logOf(...terms: number[]): RaftLog {
  const log = new RaftLog();
  for (const entry of entriesAfter(0, ...terms)) log.append(entry);
  return log;
}

describe('the log', () => {
  it('keeps runs of equal term while it grows and shrinks', () => {
    const log = logOf(1, 1, 2, 4, 4);
    expect(log.runs).toEqual([
      { first: 1, last: 2, term: 1 },
      { first: 3, last: 3, term: 2 },
      { first: 4, last: 5, term: 4 },
    ]);
    log.truncateFrom(5);
    log.truncateFrom(2);
    expect(log.runs).toEqual([{ first: 1, last: 1, term: 1 }]);
    expect([log.lastIndex, log.lastTerm]).toEqual([1, 1]);
  });

  it('finds the first and the last entry of a term', () => {
    const log = logOf(1, 1, 2, 4, 4);
    expect([1, 2, 3, 4, 5].map((index) => log.firstOfTermAt(index))).toEqual([1, 1, 3, 4, 4]);
    expect(log.lastOfTerm(4, 5)).toBe(5);
    expect(log.lastOfTerm(4, 4)).toBe(4);
    expect(log.lastOfTerm(4, 3)).toBe(0);
    expect(log.lastOfTerm(3, 5)).toBe(0);
    expect(log.lastOfTerm(1, 5)).toBe(2);
  });

  it('never takes an entry out of order, of an earlier term, or outside itself', () => {
    const log = logOf(1, 2);
    expect(() => log.append(entryOf(4, 2))).toThrow('right after the last one');
    expect(() => log.append(entryOf(3, 1))).toThrow('terms never decrease');
    expect(() => log.truncateFrom(3)).toThrow('only entries that exist');
    expect(() => log.entryAt(3)).toThrow('entry 3 is asked of a log of entries 1 to 2');
  });
});

describe('the chain hash', () => {
  const anyEntry = fc.record({
    term: fc.integer({ min: 1, max: 1000 }),
    kind: fc.constantFrom('command' as const, 'no-op' as const),
    data: fc.string({ maxLength: 12 }),
    id: fc.option(fc.string({ maxLength: 6 }), { nil: undefined }),
  });

  it('is an integer below 2^53 and tells any two different entries apart', () => {
    fc.assert(
      fc.property(anyEntry, anyEntry, (one, other) => {
        const hash = chainHash(0, one);
        expect(Number.isSafeInteger(hash) && hash >= 0).toBe(true);
        expect(hash === chainHash(0, other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it('depends on everything before', () => {
    fc.assert(
      fc.property(anyEntry, anyEntry, anyEntry, (one, other, last) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(chainHash(chainHash(0, one), last)).not.toBe(chainHash(chainHash(0, other), last));
      }),
    );
  });
});
