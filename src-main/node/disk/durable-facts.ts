import type { LogIndex, NodeId, Persist, Row, Term } from '../../consensus/replica.ts';
import type { DurableFacts } from '../host/ports.ts';

/**
 * Follows what a disk holds: the end of the log (space `log`), term and vote (space `meta`, key 0), and the newest snapshot with the
 * entry behind which the log begins (space `snapshot`, key 0), which is where it ends while it is empty.
 */
export class FactsOnDisk implements DurableFacts {
  lastIndex: LogIndex = 0;
  term: Term = 0;
  votedFor: NodeId | null = null;
  /** The entry of the newest snapshot; 0 without one. */
  snapshotIndex: LogIndex = 0;

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
    else if (space === 'snapshot' && key === 0) this.#readSnapshot(value);
  }

  #readMeta({ term, votedFor }: { term?: unknown; votedFor?: unknown }): void {
    if (typeof term === 'number') this.term = term;
    this.votedFor = typeof votedFor === 'string' ? votedFor : null;
  }

  #readSnapshot(value: unknown): void {
    const { index } = value as { index?: unknown };
    if (typeof index === 'number') this.snapshotIndex = index;
    this.lastIndex = Math.max(this.lastIndex, startOfLog(value));
  }
}

/** The entry behind which the log begins, according to the row `snapshot/0`; 0 without one. */
export function startOfLog(snapshot: unknown): LogIndex {
  const { start } = (snapshot ?? {}) as { start?: { index?: unknown } };
  return typeof start?.index === 'number' ? start.index : 0;
}
