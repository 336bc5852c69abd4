/** What the entries of the log hold, as the leaders that created them said. Pure. */
import type { LogIndex, OperationId, Term } from '../../consensus/replica.ts';
import type { EventRef } from './finding.ts';
import { refOf } from './finding.ts';
import type { EventOf, Handlers } from './rule.ts';

export interface CreatedEntry {
  readonly id?: OperationId;
  readonly data: string;
}

/** Entries that were created at once. */
export interface Creation {
  readonly first: LogIndex;
  readonly last: LogIndex;
  readonly term: Term;
  readonly entries: readonly CreatedEntry[];
  readonly by: EventRef;
}

/** Entries remembered at least. */
const ENTRIES_MAX = 65_536;

/**
 * By index and term, which name one entry for ever: only the leader of a term creates entries in it (Raft §5.3). The texts
 * are those of the events; of a long run only the newest are kept.
 */
export class CreatedEntries {
  readonly #byTerm = new Map<Term, Creation[]>();
  /** Entries that hold a configuration, in the order of their creation. */
  readonly configurations: { readonly index: LogIndex; readonly term: Term; readonly by: EventRef }[] = [];
  readonly #max: number;
  #count = 0;
  #highest: LogIndex = 0;

  constructor(max = ENTRIES_MAX) {
    this.#max = max;
  }

  readonly on: Handlers = { append: (event) => this.#take(event) };

  /** The creation that brought this entry. */
  creationOf(index: LogIndex, term: Term): Creation | undefined {
    const creations = this.#byTerm.get(term);
    if (creations === undefined) return undefined;
    let low = 0;
    let high = creations.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const creation = creations[middle];
      if (creation === undefined) return undefined;
      if (index < creation.first) high = middle - 1;
      else if (index > creation.last) low = middle + 1;
      else return creation;
    }
    return undefined;
  }

  entryAt(index: LogIndex, term: Term): CreatedEntry | undefined {
    const creation = this.creationOf(index, term);
    return creation?.entries[index - creation.first];
  }

  #take(event: EventOf<'append'>): void {
    const { first, last, term, entries } = event;
    if (entries === undefined) return;
    const by = refOf(event);
    const creation = { first, last, term, entries, by };
    const creations = this.#byTerm.get(term);
    if (creations === undefined) this.#byTerm.set(term, [creation]);
    else creations.push(creation);
    for (let at = 0; at < entries.length; at++) {
      if (isConfiguration(entries[at])) this.configurations.push({ index: first + at, term, by });
    }
    this.#highest = Math.max(this.#highest, last);
    this.#count += entries.length;
    if (this.#count > 2 * this.#max) this.#forgetOld();
  }

  #forgetOld(): void {
    const bound = this.#highest - this.#max;
    this.#count = 0;
    for (const [term, creations] of this.#byTerm) {
      const kept = creations.filter(({ last }) => last > bound);
      if (kept.length === 0) this.#byTerm.delete(term);
      else this.#byTerm.set(term, kept);
      for (const { entries } of kept) this.#count += entries.length;
    }
  }
}

/** A client's command has an id, and a no-op says nothing: what is left is the protocol's own. */
export function isConfiguration(entry: CreatedEntry | undefined): boolean {
  return entry !== undefined && entry.id === undefined && entry.data !== '';
}
