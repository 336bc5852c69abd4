import type { NodeId, Persist, Row, Term } from '../../consensus/replica.ts';
import type { DurableFacts } from '../host/ports.ts';

/** Follows what a disk holds: the end of the log (space `log`) and term and vote (space `meta`, key 0). */
export class FactsOnDisk implements DurableFacts {
  lastIndex = 0;
  term: Term = 0;
  votedFor: NodeId | null = null;

  load(rows: readonly Row[]): void {
    for (const row of rows) this.#put(row);
  }

  /** A write has become durable. */
  absorb({ deletes, puts }: Persist): void {
    for (const { space, from, to } of deletes) {
      if (space === 'log' && from <= this.lastIndex && this.lastIndex <= to) this.lastIndex = from - 1;
    }
    for (const row of puts) this.#put(row);
  }

  copy(): DurableFacts {
    return { lastIndex: this.lastIndex, term: this.term, votedFor: this.votedFor };
  }

  #put({ space, key, value }: Row): void {
    if (space === 'log') this.lastIndex = Math.max(this.lastIndex, key);
    else if (space === 'meta' && key === 0) this.#readMeta(value as { term?: unknown; votedFor?: unknown });
  }

  #readMeta({ term, votedFor }: { term?: unknown; votedFor?: unknown }): void {
    if (typeof term === 'number') this.term = term;
    this.votedFor = typeof votedFor === 'string' ? votedFor : null;
  }
}
