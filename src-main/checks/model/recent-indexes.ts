import type { LogIndex } from '../../consensus/replica.ts';

/** Indexes remembered at least; a run of millions of entries must not fill the memory. */
const INDEXES_MAX = 262_144;

/** Something an index of the log, for the newest indexes. */
export class RecentIndexes<T> {
  readonly #map = new Map<LogIndex, T>();
  readonly #max: number;
  readonly #forget: ((value: T) => void) | undefined;
  #highest: LogIndex = 0;

  /** @param forget hears of what is dropped */
  constructor(forget?: (value: T) => void, max = INDEXES_MAX) {
    this.#forget = forget;
    this.#max = max;
  }

  get(index: LogIndex): T | undefined {
    return this.#map.get(index);
  }

  set(index: LogIndex, value: T): void {
    this.#map.set(index, value);
    if (index > this.#highest) this.#highest = index;
    if (this.#map.size > 2 * this.#max) this.#dropOld();
  }

  values(): Iterable<T> {
    return this.#map.values();
  }

  #dropOld(): void {
    const bound = this.#highest - this.#max;
    for (const [index, value] of this.#map) {
      if (index > bound) continue;
      this.#map.delete(index);
      this.#forget?.(value);
    }
  }
}
