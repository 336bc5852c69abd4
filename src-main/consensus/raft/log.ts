import type { ChainHash, Entry, LogIndex, Term } from '../replica.ts';
import { InvariantBroken, invariant } from '../invariant.ts';
import { chainHash, EMPTY_LOG_HASH } from './chain-hash.ts';

/** Entries `first..last` that share a term. */
export interface TermRun {
  readonly first: LogIndex;
  readonly last: LogIndex;
  readonly term: Term;
}

/** The entry behind which a log begins: 0 of term 0 unless it was compacted. */
export interface LogStart {
  readonly index: LogIndex;
  readonly term: Term;
  readonly hash: ChainHash;
}

/** What others may see of a log. */
export interface RaftLogView {
  /** The first entry held is the one after it. */
  readonly start: LogStart;
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  readonly runs: readonly TermRun[];
  /** 0 before the first entry. */
  termAt(index: LogIndex): Term;
  hashAt(index: LogIndex): ChainHash;
  entryAt(index: LogIndex): Entry;
}

const EMPTY: LogStart = { index: 0, term: 0, hash: EMPTY_LOG_HASH };

/** The log in memory, 1-based (Figure 2), with the chain hash at each entry and the runs of equal term. */
export class RaftLog implements RaftLogView {
  #start: LogStart = EMPTY;
  #entries: Entry[] = [];
  #hashes: ChainHash[] = [];
  #runs: { first: LogIndex; last: LogIndex; term: Term }[] = [];

  get start(): LogStart {
    return this.#start;
  }

  get lastIndex(): LogIndex {
    return this.#start.index + this.#entries.length;
  }

  get lastTerm(): Term {
    const run = this.#runs[this.#runs.length - 1];
    return run === undefined ? this.#start.term : run.term;
  }

  get runs(): readonly TermRun[] {
    return this.#runs;
  }

  /** Whether the term of that entry is known. */
  knows(index: LogIndex): boolean {
    return index >= this.#start.index && index <= this.lastIndex;
  }

  termAt(index: LogIndex): Term {
    return index === this.#start.index ? this.#start.term : this.entryAt(index).term;
  }

  hashAt(index: LogIndex): ChainHash {
    if (index === this.#start.index) return this.#start.hash;
    const hash = this.#hashes[index - this.#start.index - 1];
    if (hash === undefined) throw this.#outside(index);
    return hash;
  }

  entryAt(index: LogIndex): Entry {
    const entry = this.#entries[index - this.#start.index - 1];
    if (entry === undefined) throw this.#outside(index);
    return entry;
  }

  /** Entries `first..last`, both included. */
  slice(first: LogIndex, last: LogIndex): Entry[] {
    invariant(first > this.#start.index, 'entries that were compacted are not asked for');
    const { index } = this.#start;
    return this.#entries.slice(first - index - 1, last - index);
  }

  append(entry: Entry): ChainHash {
    const index = this.lastIndex + 1;
    invariant(entry.index === index, 'an entry is appended right after the last one');
    invariant(entry.term >= this.lastTerm, 'terms never decrease along a log');
    const hash = chainHash(this.hashAt(index - 1), entry);
    this.#entries.push(entry);
    this.#hashes.push(hash);
    const run = this.#runs[this.#runs.length - 1];
    if (run !== undefined && run.term === entry.term) run.last = index;
    else this.#runs.push({ first: index, last: index, term: entry.term });
    return hash;
  }

  /** Removes every entry from `first` on. */
  truncateFrom(first: LogIndex): void {
    invariant(first > this.#start.index && first <= this.lastIndex, 'only entries that exist are truncated');
    const kept = first - this.#start.index - 1;
    this.#entries.length = kept;
    this.#hashes.length = kept;
    let run = this.#runs.at(-1);
    while (run !== undefined && run.last >= first) {
      if (run.first < first) {
        run.last = first - 1;
        break;
      }
      this.#runs.pop();
      run = this.#runs.at(-1);
    }
  }

  /** Removes every entry up to `to`, which becomes the start (§7). */
  compactTo(to: LogIndex): void {
    invariant(to > this.#start.index && to <= this.lastIndex, 'only entries that exist are compacted');
    const start = { index: to, term: this.termAt(to), hash: this.hashAt(to) };
    this.#entries = this.#entries.slice(to - this.#start.index);
    this.#hashes = this.#hashes.slice(to - this.#start.index);
    this.#start = start;
    this.#runs = this.#runs.filter((run) => run.last > to);
    const run = this.#runs[0];
    if (run !== undefined && run.first <= to) run.first = to + 1;
  }

  /** Empties the log, which then begins behind `start`. */
  restartAt(start: LogStart): void {
    this.#start = { index: start.index, term: start.term, hash: start.hash };
    this.#entries = [];
    this.#hashes = [];
    this.#runs = [];
  }

  /** The first entry known of the run of equal term that holds `index`. */
  firstOfTermAt(index: LogIndex): LogIndex {
    if (index === this.#start.index) return index;
    for (let at = this.#runs.length - 1; at >= 0; at--) {
      const run = this.#runs[at];
      if (run !== undefined && run.first <= index) return run.first;
    }
    throw this.#outside(index);
  }

  /** The last entry of `term` at or before `upTo`; 0 where none is known. */
  lastOfTerm(term: Term, upTo: LogIndex): LogIndex {
    for (let at = this.#runs.length - 1; at >= 0; at--) {
      const run = this.#runs[at];
      if (run === undefined || run.first > upTo) continue;
      if (run.term === term) return Math.min(run.last, upTo);
      if (run.term < term) return 0;
    }
    return this.#start.term === term && this.#start.index <= upTo ? this.#start.index : 0;
  }

  #outside(index: LogIndex): InvariantBroken {
    return new InvariantBroken(
      `Invariant broken: entry ${index} is asked of a log of entries ${this.#start.index + 1} to ${this.lastIndex}`,
    );
  }
}

/** `9@3`: a log that ends with entry 9 of term 3. */
export function logPosition(lastIndex: LogIndex, lastTerm: Term): string {
  return `${lastIndex}@${lastTerm}`;
}
