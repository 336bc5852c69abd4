import type { Milliseconds } from '../../consensus/replica.ts';

export interface PatienceBounds {
  readonly min: Milliseconds;
  readonly max: Milliseconds;
  /** While nothing was measured. */
  readonly first: Milliseconds;
}

const factor = 3;

/**
 * How long an answer may take before another node is asked as well: a few times what answers take at the moment. The estimate is that
 * of TCP's retransmission timer (RFC 6298), smoothed latency and four times its smoothed deviation.
 */
export class Patience {
  readonly #bounds: PatienceBounds;
  #smoothed: Milliseconds | undefined;
  #deviation: Milliseconds = 0;

  constructor(bounds: PatienceBounds) {
    this.#bounds = bounds;
  }

  /** An answer took so long. */
  learn(tookMs: Milliseconds): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = tookMs;
      this.#deviation = tookMs / 2;
      return;
    }
    this.#deviation += (Math.abs(tookMs - this.#smoothed) - this.#deviation) / 4;
    this.#smoothed += (tookMs - this.#smoothed) / 8;
  }

  /** For an operation whose answer was late `lates` times before: twice as long each time. */
  ms(lates: number): Milliseconds {
    const { min, max, first } = this.#bounds;
    const expected = this.#smoothed === undefined ? first : factor * (this.#smoothed + 4 * this.#deviation);
    return Math.min(max, Math.max(min, expected) * 2 ** lates);
  }
}
