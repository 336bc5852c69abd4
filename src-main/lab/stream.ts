/** One subscription of a window: the latest snapshot wins, at most 30 a second, the next only after the last was taken. */

const INTERVAL_MS = 1000 / 30;

export class SnapshotStream<T> {
  readonly #push: (snapshot: T) => Promise<void>;
  #next: { snapshot: T } | undefined;
  #busy = false;
  #sentAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `push` resolves when the window has taken the snapshot. */
  constructor(push: (snapshot: T) => Promise<void>) {
    this.#push = push;
  }

  offer(snapshot: T): void {
    if (this.#closed) return;
    this.#next = { snapshot };
    this.#pump();
  }

  close(): void {
    this.#closed = true;
    this.#next = undefined;
    clearTimeout(this.#timer);
  }

  #pump(): void {
    if (this.#busy || this.#closed || !this.#next || this.#timer) return;
    const wait = this.#sentAt + INTERVAL_MS - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#pump();
      }, wait);
      return;
    }
    const { snapshot } = this.#next;
    this.#next = undefined;
    this.#busy = true;
    this.#sentAt = performance.now();
    this.#push(snapshot)
      .catch(() => this.close())
      .finally(() => {
        this.#busy = false;
        this.#pump();
      });
  }
}
