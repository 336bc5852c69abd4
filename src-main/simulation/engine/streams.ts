import { randomStream } from '../../node/random.ts';
import { streamSeed } from '../../node/stream-seed.ts';

/** Uniform in [0, 1). */
export type Stream = () => number;

/**
 * The random streams of a run, one a purpose (`link n1 n2`, `client c1`), each a function of the run's seed and its name alone: what
 * one of them is used for changes nothing that another one gives.
 */
export class Streams {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  of(purpose: string, number = 0): Stream {
    return randomStream(streamSeed(this.#seed, purpose, number));
  }
}
