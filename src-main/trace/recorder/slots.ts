/** Gathers values by slots of time at several widths, and writes what changed. */
import type { Nanoseconds } from '../model/events.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';

/** A table with a row a slot: `(slot_ns, slot, …columns)`. */
export interface SlotKind<V> {
  readonly table: string;
  readonly columns: readonly string[];
  readonly widthsNs: readonly number[];
  empty(): V;
  /** Adds what happened in a part of the slot to what is known of it. */
  add(into: V, part: V): void;
  /** Values of the columns, and back. */
  store(value: V): unknown[];
  load(row: unknown[]): V;
}

/**
 * What was gathered since the last flush stands in memory at the finest width; a flush adds it to the rows, each width from the one
 * before. Order does not matter, so late events need nothing special.
 */
export class Slots<V> {
  readonly #kind: SlotKind<V>;
  readonly #finestNs: number;
  readonly #read: SqliteStatement;
  readonly #write: SqliteStatement;
  #gathered = new Map<number, V>();
  /** Of each width, up to which slot there may be rows. */
  readonly #written: number[];

  constructor(database: SqliteDatabase, kind: SlotKind<V>) {
    const { table, columns, widthsNs } = kind;
    this.#kind = kind;
    this.#finestNs = widthsNs[0] ?? 1;
    const marks = columns.map(() => '?').join(', ');
    this.#read = database
      .prepare(`SELECT ${columns.join(', ')} FROM ${table} WHERE slot_ns = ? AND slot = ?`)
      .raw();
    this.#write = database.prepare(
      `INSERT OR REPLACE INTO ${table} (slot_ns, slot, ${columns.join(', ')}) VALUES (?, ?, ${marks})`,
    );
    const newest = database.prepare(`SELECT max(slot) FROM ${table} WHERE slot_ns = ?`).pluck();
    this.#written = widthsNs.map((widthNs) => (newest.get(widthNs) as number | null) ?? -1);
  }

  /** What to change for something that happened at `atNs`. */
  at(atNs: Nanoseconds): V {
    const slot = Math.floor(atNs / this.#finestNs);
    let value = this.#gathered.get(slot);
    if (value === undefined) {
      value = this.#kind.empty();
      this.#gathered.set(slot, value);
    }
    return value;
  }

  flush(): void {
    if (this.#gathered.size === 0) return;
    let gathered = this.#gathered;
    this.#gathered = new Map();
    for (const [level, widthNs] of this.#kind.widthsNs.entries()) {
      if (level > 0) gathered = this.#widened(gathered, widthNs / (this.#kind.widthsNs[level - 1] ?? 1));
      this.#writeLevel(level, widthNs, gathered);
    }
  }

  #widened(narrow: Map<number, V>, times: number): Map<number, V> {
    const wide = new Map<number, V>();
    for (const [narrowSlot, part] of narrow) {
      const slot = Math.floor(narrowSlot / times);
      let value = wide.get(slot);
      if (value === undefined) {
        value = this.#kind.empty();
        wide.set(slot, value);
      }
      this.#kind.add(value, part);
    }
    return wide;
  }

  /** The parts stay as they are: the next width is made from them. */
  #writeLevel(level: number, widthNs: number, gathered: Map<number, V>): void {
    const writtenTo = this.#written[level] ?? -1;
    let newest = writtenTo;
    for (const [slot, part] of gathered) {
      let value = part;
      const row = slot <= writtenTo ? (this.#read.get(widthNs, slot) as unknown[] | undefined) : undefined;
      if (row !== undefined) {
        value = this.#kind.load(row);
        this.#kind.add(value, part);
      }
      this.#write.run(widthNs, slot, ...this.#kind.store(value));
      if (slot > newest) newest = slot;
    }
    this.#written[level] = newest;
  }
}
