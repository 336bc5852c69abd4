import type { ChainHash, Entry, LogIndex, Term } from '../replica.ts';
import { InvariantBroken, invariant } from '../invariant.ts';
import { chainHash, EMPTY_LOG_HASH } from './chain-hash.ts';

/** Entries `first..last` that share a term. */
export interface TermRun {
  readonly first: LogIndex;
  readonly last: LogIndex;
  readonly term: Term;
}

/** What others may see of a log. */
export interface RaftLogView {
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  readonly runs: readonly TermRun[];
  /** 0 before the first entry. */
  termAt(index: LogIndex): Term;
  hashAt(index: LogIndex): ChainHash;
  entryAt(index: LogIndex): Entry;
}

/** The log in memory, 1-based (Figure 2), with the chain hash at each entry and the runs of equal term. */
export class RaftLog implements RaftLogView {
  readonly #entries: Entry[] = [];
  readonly #hashes: ChainHash[] = [];
  readonly #runs: { first: LogIndex; last: LogIndex; term: Term }[] = [];

  get lastIndex(): LogIndex {
    return this.#entries.length;
  }

  get lastTerm(): Term {
    return this.#runs.at(-1)?.term ?? 0;
  }

  get runs(): readonly TermRun[] {
    return this.#runs;
  }

  termAt(index: LogIndex): Term {
    return index === 0 ? 0 : this.entryAt(index).term;
  }

  hashAt(index: LogIndex): ChainHash {
    if (index === 0) return EMPTY_LOG_HASH;
    const hash = this.#hashes[index - 1];
    if (hash === undefined) throw this.#outside(index);
    return hash;
  }

  entryAt(index: LogIndex): Entry {
    const entry = this.#entries[index - 1];
    if (entry === undefined) throw this.#outside(index);
    return entry;
  }

  /** Entries `first..last`, both included. */
  slice(first: LogIndex, last: LogIndex): Entry[] {
    return this.#entries.slice(first - 1, last);
  }

  append(entry: Entry): ChainHash {
    const index = this.#entries.length + 1;
    invariant(entry.index === index, 'an entry is appended right after the last one');
    const run = this.#runs[this.#runs.length - 1];
    invariant(run === undefined || entry.term >= run.term, 'terms never decrease along a log');
    const hash = chainHash(this.hashAt(index - 1), entry);
    this.#entries.push(entry);
    this.#hashes.push(hash);
    if (run !== undefined && run.term === entry.term) run.last = index;
    else this.#runs.push({ first: index, last: index, term: entry.term });
    return hash;
  }

  /** Removes every entry from `first` on. */
  truncateFrom(first: LogIndex): void {
    invariant(first >= 1 && first <= this.lastIndex, 'only entries that exist are truncated');
    this.#entries.length = first - 1;
    this.#hashes.length = first - 1;
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

  /** The first entry of the run of equal term that holds `index`. */
  firstOfTermAt(index: LogIndex): LogIndex {
    for (let at = this.#runs.length - 1; at >= 0; at--) {
      const run = this.#runs[at];
      if (run !== undefined && run.first <= index) return run.first;
    }
    throw this.#outside(index);
  }

  /** The last entry of `term` at or before `upTo`, 0 where there is none. */
  lastOfTerm(term: Term, upTo: LogIndex): LogIndex {
    for (let at = this.#runs.length - 1; at >= 0; at--) {
      const run = this.#runs[at];
      if (run === undefined || run.first > upTo) continue;
      if (run.term === term) return Math.min(run.last, upTo);
      if (run.term < term) return 0;
    }
    return 0;
  }

  #outside(index: LogIndex): InvariantBroken {
    return new InvariantBroken(
      `Invariant broken: entry ${index} is asked of a log that ends at ${this.lastIndex}`,
    );
  }
}

/** `9@3`: a log that ends with entry 9 of term 3. */
export function logPosition(lastIndex: LogIndex, lastTerm: Term): string {
  return `${lastIndex}@${lastTerm}`;
}
