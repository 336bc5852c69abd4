/** Entries remembered at least; a run of millions of entries must not fill the memory. */
const REMEMBERED_MIN = 65_536;

/**
 * A map that remembers at least so many of the entries set last, and not more than twice as many. Two generations, because a
 * JavaScript map whose oldest entry is deleted again and again grows slower with each.
 */
export class RecentMap<K, V> {
  #recent = new Map<K, V>();
  #older = new Map<K, V>();
  readonly #min: number;
  readonly #forget: ((value: V) => void) | undefined;

  /** @param forget hears of what is dropped */
  constructor(forget?: (value: V) => void, min = REMEMBERED_MIN) {
    this.#forget = forget;
    this.#min = min;
  }

  get(key: K): V | undefined {
    return this.#recent.get(key) ?? this.#older.get(key);
  }

  set(key: K, value: V): void {
    if (this.#recent.size >= this.#min && !this.#recent.has(key)) this.#turnOver();
    this.#recent.set(key, value);
  }

  /** Each key's newest value, the oldest first. */
  *values(): Generator<V> {
    for (const [key, value] of this.#older) if (!this.#recent.has(key)) yield value;
    yield* this.#recent.values();
  }

  #turnOver(): void {
    const dropped = this.#older;
    this.#older = this.#recent;
    this.#recent = new Map();
    if (this.#forget === undefined) return;
    for (const [key, value] of dropped) if (!this.#older.has(key)) this.#forget(value);
  }
}
