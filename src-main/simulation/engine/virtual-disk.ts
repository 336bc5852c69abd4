import { readConfiguration } from '../../consensus/raft/configuration.ts';
import type { ConfigurationEntry } from '../../consensus/raft/state.ts';
import type { LogIndex, Persist, Row, SnapshotMark, StorageId } from '../../consensus/replica.ts';
import { FactsOnDisk } from '../../node/disk/durable-facts.ts';

/** One disk with what is durable on it. It outlives the incarnations that write to it. */
export class VirtualDisk {
  readonly storageId: StorageId;
  readonly facts = new FactsOnDisk();
  readonly #spaces = new Map<string, Map<number, Row>>();

  constructor(storageId: StorageId) {
    this.storageId = storageId;
  }

  /** By space and key. */
  get rows(): Row[] {
    const rows: Row[] = [];
    for (const space of this.#spaces.values()) rows.push(...space.values());
    return rows.sort((left, right) => compare(left.space, right.space) || left.key - right.key);
  }

  /** The entry of the newest snapshot that the log relies on; 0 without one. */
  get snapshotIndex(): LogIndex {
    const row = this.#spaces.get('snapshot')?.get(0);
    return row === undefined ? 0 : (row.value as { readonly index: LogIndex }).index;
  }

  /** The newest configuration that the log or the snapshot holds; undefined if they hold none. */
  get configuration(): ConfigurationEntry | undefined {
    let newest: Row | undefined;
    for (const row of this.#spaces.get('log')?.values() ?? []) {
      const { kind } = row.value as { readonly kind: string };
      if (kind === 'configuration' && row.key > (newest?.key ?? 0)) newest = row;
    }
    if (newest !== undefined) {
      const { data } = newest.value as { readonly data: string };
      return { index: newest.key, configuration: readConfiguration(data) };
    }
    const snapshot = this.#spaces.get('snapshot')?.get(0);
    if (snapshot === undefined) return undefined;
    const { index, configuration } = snapshot.value as SnapshotMark;
    return { index, configuration };
  }

  /** The rows become durable, all of them. */
  absorb(batch: readonly Persist[]): void {
    for (const persist of batch) {
      for (const { space, from, to } of persist.deletes) this.#delete(space, from, to);
      for (const row of persist.puts) this.#space(row.space).set(row.key, row);
      this.facts.absorb(persist);
    }
  }

  #delete(name: string, from: number, to: number): void {
    const space = this.#space(name);
    if (to - from < space.size) {
      for (let key = from; key <= to; key++) space.delete(key);
      return;
    }
    for (const key of space.keys()) if (key >= from && key <= to) space.delete(key);
  }

  #space(name: string): Map<number, Row> {
    let space = this.#spaces.get(name);
    if (space === undefined) {
      space = new Map();
      this.#spaces.set(name, space);
    }
    return space;
  }
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
