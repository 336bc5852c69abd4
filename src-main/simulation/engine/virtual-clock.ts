import type { Milliseconds } from '../../consensus/replica.ts';
import type { Clock } from '../../node/host/ports.ts';
import type { Nanoseconds } from '../../trace/model/events.ts';
import type { Timeline } from './timeline.ts';

/**
 * The clock of one machine: it shows another time than the others from the beginning and may run faster or slower. It goes on
 * while the node is down.
 */
export class MachineClock {
  readonly #timeline: Timeline;
  #rate = 1;
  /** What it showed at `#sinceNs`. */
  #shown: Milliseconds;
  #sinceNs: Nanoseconds = 0;

  constructor(timeline: Timeline, startsAt: Milliseconds) {
    this.#timeline = timeline;
    this.#shown = startsAt;
  }

  now(): Milliseconds {
    return this.#shown + ((this.#timeline.nowNs - this.#sinceNs) / 1e6) * this.#rate;
  }

  /** From now on it runs at `rate` times real time. */
  drift(rate: number): void {
    this.#shown = this.now();
    this.#sinceNs = this.#timeline.nowNs;
    this.#rate = rate;
  }

  /** Jumps ahead. */
  step(ms: Milliseconds): void {
    this.#shown += ms;
  }

  /** The first moment at which it shows `at` or more, if it goes on as it does; never before now. */
  whenShows(at: Milliseconds): Nanoseconds {
    const { nowNs } = this.#timeline;
    const ahead = at - this.now();
    if (ahead <= 0) return nowNs;
    // A frozen clock never gets there; whoever starts it again sets the alarm again.
    return this.#rate === 0 ? Infinity : nowNs + Math.max(1, Math.ceil((ahead / this.#rate) * 1e6));
  }
}

/** What one incarnation makes of its machine's clock: the alarm and the turns that drive the host. */
export class VirtualClock implements Clock {
  readonly #timeline: Timeline;
  readonly #machine: MachineClock;
  readonly #turn: () => void;
  readonly #turnNs: Nanoseconds;
  #deadline: Milliseconds | undefined;
  /** When the earliest alarm under way goes off. */
  #alarmNs = Infinity;
  #turnAsked = false;

  /**
   * @param turn runs the host, if the node still lives
   * @param turnNs from something arriving to the turn that takes it in
   */
  constructor(timeline: Timeline, machine: MachineClock, turnNs: Nanoseconds, turn: () => void) {
    this.#timeline = timeline;
    this.#machine = machine;
    this.#turnNs = turnNs;
    this.#turn = turn;
  }

  now(): Milliseconds {
    return this.#machine.now();
  }

  /** A deadline that moves away keeps its alarm: when that goes off early, it is set again. Heartbeats move one all the time. */
  alarm(at: Milliseconds | undefined): void {
    this.#deadline = at;
    if (at === undefined) return;
    const atNs = this.#machine.whenShows(at);
    if (atNs >= this.#alarmNs) return;
    this.#alarmNs = atNs;
    this.#timeline.at(atNs, () => this.#goOff(atNs));
  }

  soon(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    this.#timeline.after(this.#turnNs, this.#turnNow);
  }

  /** The machine's clock runs differently now. */
  reset(): void {
    this.#alarmNs = Infinity;
    this.alarm(this.#deadline);
  }

  readonly #turnNow = (): void => {
    this.#turnAsked = false;
    this.#turn();
  };

  #goOff(atNs: Nanoseconds): void {
    if (atNs !== this.#alarmNs) return;
    this.#alarmNs = Infinity;
    if (this.#deadline === undefined) return;
    if (this.#machine.now() < this.#deadline) this.alarm(this.#deadline);
    else this.#turn();
  }
}
