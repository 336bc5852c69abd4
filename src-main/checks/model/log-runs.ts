/** A log as runs of equal term: all that is needed to say whether it holds an entry. Pure. */
import type { LogIndex, Term } from '../../consensus/replica.ts';

/** The term of an entry of which nothing is known but that it is, or was before a compaction, in the log. */
export const UNKNOWN_TERM: Term = 0;
/** The term of an entry that the log does not have. */
export const NO_ENTRY: Term = -1;

interface Run {
  readonly first: LogIndex;
  readonly term: Term;
}

/**
 * Entries up to `startIndex` are compacted and count as held. Flat arrays, because a copy is made for every write to a
 * disk.
 */
export class LogRuns {
  startIndex: LogIndex = 0;
  startTerm: Term = UNKNOWN_TERM;
  lastIndex: LogIndex = 0;
  /** Counts changes. */
  version = 0;
  readonly #firsts: LogIndex[] = [];
  readonly #terms: Term[] = [];

  termAt(index: LogIndex): Term {
    if (index > this.lastIndex) return NO_ENTRY;
    if (index <= this.startIndex) return index === this.startIndex ? this.startTerm : UNKNOWN_TERM;
    return this.#terms[this.#find(index)] ?? UNKNOWN_TERM;
  }

  /** Whether the entry `index` of `term` is in this log, or was before a compaction. */
  holds(index: LogIndex, term: Term): boolean {
    const found = this.termAt(index);
    return found === term || found === UNKNOWN_TERM || (term === UNKNOWN_TERM && found !== NO_ENTRY);
  }

  /** The last entry of the run that `index` stands in. */
  runEndAt(index: LogIndex): LogIndex {
    if (index <= this.startIndex) return index === this.startIndex ? index : this.startIndex - 1;
    const next = this.#firsts[this.#find(index) + 1];
    return next === undefined ? this.lastIndex : next - 1;
  }

  /** @returns how many entries stood where these stand now */
  append(first: LogIndex, last: LogIndex, term: Term): number {
    const overwritten = Math.max(0, this.lastIndex - first + 1);
    if (overwritten > 0) this.truncate(first);
    if (first > this.lastIndex + 1) this.#push(this.lastIndex + 1, UNKNOWN_TERM);
    this.#push(first, term);
    this.lastIndex = last;
    this.version++;
    return overwritten;
  }

  /** Removes everything from `first` on. */
  truncate(first: LogIndex): void {
    if (first > this.lastIndex) return;
    this.version++;
    while (this.#firsts.length > 0 && (this.#firsts[this.#firsts.length - 1] ?? 0) >= first) {
      this.#firsts.pop();
      this.#terms.pop();
    }
    this.lastIndex = Math.max(first - 1, this.startIndex);
  }

  /** Removes everything up to `to`, which becomes the start. */
  compact(to: LogIndex, term: Term): void {
    if (to <= this.startIndex) return;
    if (to >= this.lastIndex) {
      this.restart(to, term);
      return;
    }
    const kept = this.#find(to + 1);
    this.#firsts.splice(0, kept);
    this.#terms.splice(0, kept);
    this.#firsts[0] = to + 1;
    this.startIndex = to;
    this.startTerm = term;
    this.version++;
  }

  /** Empties the log, which then begins behind `index`. */
  restart(index: LogIndex, term: Term): void {
    this.#firsts.length = 0;
    this.#terms.length = 0;
    this.startIndex = index;
    this.startTerm = term;
    this.lastIndex = index;
    this.version++;
  }

  copy(other: LogRuns): void {
    const firsts = other.#firsts;
    const terms = other.#terms;
    this.#firsts.length = firsts.length;
    this.#terms.length = terms.length;
    for (let at = 0; at < firsts.length; at++) {
      this.#firsts[at] = firsts[at] ?? 0;
      this.#terms[at] = terms[at] ?? UNKNOWN_TERM;
    }
    this.startIndex = other.startIndex;
    this.startTerm = other.startTerm;
    this.lastIndex = other.lastIndex;
    this.version++;
  }

  #push(first: LogIndex, term: Term): void {
    if (this.#terms[this.#terms.length - 1] === term && this.#terms.length > 0) return;
    this.#firsts.push(first);
    this.#terms.push(term);
  }

  /** The place of the run of `index`, which lies behind the start; mostly the last one. */
  #find(index: LogIndex): number {
    let high = this.#firsts.length - 1;
    if ((this.#firsts[high] ?? 0) <= index) return high;
    let low = 0;
    while (low < high - 1) {
      const middle = (low + high) >>> 1;
      if ((this.#firsts[middle] ?? 0) <= index) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** The first entry from `from` to `to` that both logs know and that is of another term in each; undefined if there is none. */
export function firstDifference(
  left: LogRuns,
  right: LogRuns,
  from: LogIndex,
  to: LogIndex,
): LogIndex | undefined {
  let index = from;
  while (index <= to) {
    const one = left.termAt(index);
    const other = right.termAt(index);
    if (one === NO_ENTRY || other === NO_ENTRY) return undefined;
    if (one !== other && one !== UNKNOWN_TERM && other !== UNKNOWN_TERM) return index;
    index = Math.min(left.runEndAt(index), right.runEndAt(index)) + 1;
  }
  return undefined;
}

/** A log given as runs, as `node-started` gives it. */
export function loadRuns(
  log: LogRuns,
  runs: readonly (Run & { readonly last: LogIndex })[],
  snapshot: { readonly index: LogIndex; readonly term: Term } | undefined,
): void {
  const first = runs[0]?.first;
  if (first === undefined) log.restart(snapshot?.index ?? 0, snapshot?.term ?? UNKNOWN_TERM);
  else if (snapshot !== undefined && snapshot.index === first - 1) log.restart(snapshot.index, snapshot.term);
  else log.restart(first - 1, UNKNOWN_TERM);
  for (const run of runs) log.append(run.first, run.last, run.term);
}
