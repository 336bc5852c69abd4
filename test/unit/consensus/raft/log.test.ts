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

/** A log as a plain list of terms behind a start: what any log must behave like. */
interface Model {
  /** The term at each index, from 1 on, compacted or not. */
  readonly terms: number[];
  start: number;
}

type Step =
  | { readonly kind: 'append'; readonly raise: number; readonly count: number }
  | { readonly kind: 'truncate' | 'compact'; readonly at: number }
  | { readonly kind: 'restart'; readonly ahead: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      raise: fc.nat({ max: 2 }),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('truncate' as const, 'compact' as const),
      at: fc.nat({ max: 99 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('restart' as const), ahead: fc.integer({ min: 1, max: 3 }) }),
  },
);

function take(log: RaftLog, model: Model, step: Step): void {
  const held = model.terms.length - model.start;
  switch (step.kind) {
    case 'append': {
      const term = Math.max(1, (model.terms.at(-1) ?? 0) + step.raise);
      for (let count = 0; count < step.count; count++) {
        log.append(entryOf(model.terms.length + 1, term));
        model.terms.push(term);
      }
      return;
    }
    case 'truncate': {
      if (held === 0) return;
      const first = model.start + 1 + (step.at % held);
      log.truncateFrom(first);
      model.terms.length = first - 1;
      return;
    }
    case 'compact':
      if (held === 0) return;
      model.start += 1 + (step.at % held);
      log.compactTo(model.start);
      return;
    case 'restart': {
      const term = Math.max(1, model.terms.at(-1) ?? 1);
      for (let count = 0; count < step.ahead; count++) model.terms.push(term);
      model.start = model.terms.length;
      log.restartAt({ index: model.start, term, hash: hashOf(model, model.start) });
    }
  }
}

function hashOf({ terms }: Model, index: number): number {
  return entriesAfter(0, ...terms.slice(0, index)).reduce((hash, entry) => chainHash(hash, entry), 0);
}

function expectAlike(log: RaftLog, model: Model): void {
  const { terms, start } = model;
  const last = terms.length;
  expect([log.start.index, log.lastIndex, log.lastTerm]).toEqual([start, last, terms.at(-1) ?? 0]);
  expect(log.hashAt(last)).toBe(hashOf(model, last));
  for (let index = start; index <= last; index++) {
    expect(log.termAt(index)).toBe(terms[index - 1] ?? 0);
    if (index > start) expect(log.entryAt(index)).toEqual(entryOf(index, terms[index - 1] ?? 0));
  }
  expect(log.runs.flatMap((run) => Array.from({ length: run.last - run.first + 1 }, () => run.term))).toEqual(
    terms.slice(start),
  );
  if (last > start)
    expect(log.slice(start + 1, last).map(({ index }) => index)).toEqual(
      Array.from({ length: last - start }, (_, at) => start + 1 + at),
    );
  for (const term of new Set(terms)) expectFound(log, model, term);
}

/** The searches that back-up on conflict rests on. */
function expectFound(log: RaftLog, { terms, start }: Model, term: number): void {
  const known = terms
    .map((each, at) => ({ index: at + 1, term: each }))
    .filter(({ index }) => index >= start);
  for (let upTo = start; upTo <= terms.length; upTo++) {
    const before = known.filter(({ index }) => index <= upTo);
    expect(log.lastOfTerm(term, upTo)).toBe(before.findLast((each) => each.term === term)?.index ?? 0);
  }
  for (const { index } of known.filter((each) => each.term === term && each.index > start))
    expect(log.firstOfTermAt(index)).toBe(
      known.find((each) => each.term === term && each.index > start)?.index,
    );
}

describe('the log against a plain list', () => {
  it('holds the same after any appends, truncations, compactions and restarts behind a snapshot', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
        const log = new RaftLog();
        const model: Model = { terms: [], start: 0 };
        for (const step of steps) {
          take(log, model, step);
          expectAlike(log, model);
        }
      }),
    );
  });

  it('knows nothing of what is compacted but the term and hash of its start', () => {
    const log = logOf(1, 1, 2, 4, 4);
    log.compactTo(3);
    expect(log.start).toEqual({ index: 3, term: 2, hash: hashOf({ terms: [1, 1, 2], start: 0 }, 3) });
    expect([log.knows(2), log.knows(3), log.knows(5), log.knows(6)]).toEqual([false, true, true, false]);
    expect(() => log.entryAt(3)).toThrow('entry 3 is asked of a log of entries 4 to 5');
    expect(() => log.slice(3, 4)).toThrow('compacted');
    expect(() => log.truncateFrom(3)).toThrow('only entries that exist');
    expect(() => log.compactTo(3)).toThrow('only entries that exist are compacted');
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
