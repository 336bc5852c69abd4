import type { Milliseconds } from '../consensus/replica.ts';
import type { Clock } from './host/ports.ts';

/**
 * A node process's clock: monotonic, and the timer that drives the turn loop. A turn runs after the poll for I/O, so that
 * what arrived together is worked off together, and a heartbeat that waits in a socket is seen before the timer that it resets.
 */
export class ProcessClock implements Clock {
  readonly #turn: () => void;
  readonly #read: () => Milliseconds;
  #deadline: Milliseconds | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAt: Milliseconds = 0;
  #immediate: NodeJS.Immediate | undefined;
  #stopped = false;

  /** `read` is the machine's monotonic clock unless told otherwise. */
  constructor(turn: () => void, read: () => Milliseconds = () => performance.now()) {
    this.#turn = turn;
    this.#read = read;
  }

  now(): Milliseconds {
    return this.#read();
  }

  /** A deadline that moves away keeps its timer: when it fires early, it is set again. Heartbeats move one all the time. */
  alarm(at: Milliseconds | undefined): void {
    if (this.#stopped) return;
    this.#deadline = at;
    if (at === undefined || (this.#timer !== undefined && this.#timerAt <= at)) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, Math.ceil(at - this.#read())));
  }

  soon(): void {
    if (this.#stopped) return;
    this.#immediate ??= setImmediate(() => {
      this.#immediate = undefined;
      this.#turn();
    });
  }

  /** For good: what still arrives drives no turn of a node that has ended or failed. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  #fire(): void {
    this.#timer = undefined;
    if (this.#deadline === undefined) return;
    if (this.#deadline > this.#read()) this.alarm(this.#deadline);
    else this.soon();
  }
}
