/** Work that late events ask for again and again: folding state, elections or lanes anew. */

/** It may take at most this share of the time. */
const SHARE = 0.05;

export class PacedWork {
  #restUntilMs = 0;
  readonly #work: () => void;

  constructor(work: () => void) {
    this.#work = work;
  }

  /** Whether it was last done long enough ago. */
  get due(): boolean {
    return performance.now() > this.#restUntilMs;
  }

  /** Does it, due or not; then it is not due for as much longer as it took. */
  run(): void {
    const startedMs = performance.now();
    this.#work();
    const endedMs = performance.now();
    this.#restUntilMs = endedMs + (endedMs - startedMs) / SHARE;
  }
}
