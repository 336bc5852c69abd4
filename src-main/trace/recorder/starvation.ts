import type { Milliseconds } from '../../consensus/replica.ts';

/** Over how much time it is looked at, and how small a share is too small to keep up with anything. */
const WANTED_MS_MIN = 1_000;
const SHARE_MIN = 0.05;

/**
 * Tells whether a process of low priority still gets to run: of the time that it did not rest by its own choice, how much did it have
 * the processor?
 */
export class Starvation {
  readonly #clock: () => Milliseconds;
  /** Processor time that this process has had. */
  readonly #usedMs: () => Milliseconds;
  #sinceMs: Milliseconds;
  #usedSinceMs: Milliseconds;
  #restedMs: Milliseconds = 0;
  #rest: { fromMs: Milliseconds; forMs: Milliseconds } | undefined;

  constructor(clock: () => Milliseconds = () => performance.now(), usedMs: () => Milliseconds = processorMs) {
    this.#clock = clock;
    this.#usedMs = usedMs;
    this.#sinceMs = clock();
    this.#usedSinceMs = usedMs();
  }

  /** It rests for so long by its own choice. */
  rest(forMs: Milliseconds): void {
    this.#rest = { fromMs: this.#clock(), forMs };
  }

  /** It is at work. @returns whether it got too little of the time that it wanted lately */
  work(): boolean {
    const now = this.#clock();
    if (this.#rest !== undefined) this.#restedMs += Math.min(this.#rest.forMs, now - this.#rest.fromMs);
    this.#rest = undefined;
    const wantedMs = now - this.#sinceMs - this.#restedMs;
    if (wantedMs < WANTED_MS_MIN) return false;
    const used = this.#usedMs();
    const share = (used - this.#usedSinceMs) / wantedMs;
    this.#sinceMs = now;
    this.#usedSinceMs = used;
    this.#restedMs = 0;
    return share < SHARE_MIN;
  }
}

function processorMs(): Milliseconds {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
