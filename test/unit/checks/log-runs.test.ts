import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstDifference, LogRuns, NO_ENTRY, UNKNOWN_TERM } from '../../../src-main/checks/model/log-runs.ts';

type Change =
  | { readonly kind: 'append'; readonly count: number; readonly term: number; readonly back: number }
  | { readonly kind: 'truncate' | 'compact' | 'restart'; readonly at: number };

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      count: fc.integer({ min: 1, max: 5 }),
      term: fc.integer({ min: 1, max: 4 }),
      back: fc.integer({ min: 0, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('truncate' as const, 'compact' as const, 'restart' as const),
      at: fc.integer({ min: 1, max: 30 }),
    }),
  },
);

/** The same, entry by entry. */
class PlainLog {
  start = 0;
  startTerm = UNKNOWN_TERM;
  terms: number[] = [];

  get last(): number {
    return this.start + this.terms.length;
  }

  termAt(index: number): number {
    if (index > this.last) return NO_ENTRY;
    if (index <= this.start) return index === this.start ? this.startTerm : UNKNOWN_TERM;
    return this.terms[index - this.start - 1]!;
  }
}

function run(log: LogRuns, plain: PlainLog, changes: readonly Change[]): void {
  for (const each of changes) {
    if (each.kind === 'append') {
      const first = Math.max(plain.start, plain.last - each.back) + 1;
      const overwritten = log.append(first, first + each.count - 1, each.term);
      expect(overwritten).toBe(plain.last - first + 1);
      plain.terms.length = first - plain.start - 1;
      for (let at = 0; at < each.count; at++) plain.terms.push(each.term);
    } else if (each.kind === 'truncate') {
      log.truncate(each.at);
      if (each.at <= plain.last) plain.terms.length = Math.max(0, each.at - plain.start - 1);
    } else {
      const term = Math.max(UNKNOWN_TERM, plain.termAt(each.at));
      if (each.kind === 'compact' && each.at > plain.start && each.at < plain.last) {
        log.compact(each.at, term);
        plain.terms = plain.terms.slice(each.at - plain.start);
      } else {
        log.restart(each.at, term);
        plain.terms = [];
      }
      plain.start = each.at;
      plain.startTerm = term;
    }
  }
}

describe('a log as runs of terms', () => {
  it('says of every entry what a list of entries would, and so does its copy', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        const log = new LogRuns();
        const plain = new PlainLog();
        run(log, plain, changes);
        const copy = new LogRuns();
        copy.copy(log);
        for (let index = 0; index <= plain.last + 2; index++) {
          expect([log.termAt(index), copy.termAt(index)]).toEqual([plain.termAt(index), plain.termAt(index)]);
          expect(log.holds(index, 1)).toBe([1, UNKNOWN_TERM].includes(plain.termAt(index)));
        }
      }),
    );
  });

  it('finds the first entry that differs between two logs, where both know it', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), fc.array(change, { maxLength: 20 }), (one, other) => {
        const [left, right] = [new LogRuns(), new LogRuns()];
        const [plainLeft, plainRight] = [new PlainLog(), new PlainLog()];
        run(left, plainLeft, one);
        run(right, plainRight, other);
        let expected: number | undefined;
        for (let index = Math.min(plainLeft.last, plainRight.last); index >= 1; index--) {
          const terms = [plainLeft.termAt(index), plainRight.termAt(index)];
          if (terms[0] !== terms[1] && !terms.includes(UNKNOWN_TERM)) expected = index;
        }
        expect(firstDifference(left, right, 1, 1_000)).toBe(expected);
      }),
    );
  });

  it('calls entries unknown that it was never told of', () => {
    const log = new LogRuns();
    log.append(4, 5, 2);
    expect([1, 3, 4, 6].map((index) => log.termAt(index))).toEqual([UNKNOWN_TERM, UNKNOWN_TERM, 2, NO_ENTRY]);
  });
});
