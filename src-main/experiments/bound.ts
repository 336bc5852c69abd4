/** What somebody ordered, how long it may take until it is done, and what stood in its way last. */
import type { EventId } from '../trace/model/events.ts';

/** Something was asked for and did not come about in time; the message says what is known of why. */
export class NotDone extends Error {}

export interface Order {
  /** The operator event that this is done for. */
  readonly cause: EventId;
  readonly msMax: number;
  readonly signal?: AbortSignal;
}

/** Between two attempts. */
const PAUSE_MS = 100;

export class Bound {
  readonly order: Order;
  readonly #endMs: number;
  #obstacle: string | undefined;

  constructor(order: Order) {
    this.order = order;
    this.#endMs = performance.now() + order.msMax;
  }

  get leftMs(): number {
    return Math.max(0, this.#endMs - performance.now());
  }

  async pause(obstacle: string): Promise<void> {
    this.#obstacle = obstacle;
    this.demandTime(obstacle);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }

  demandTime(missing: string): void {
    if (this.leftMs === 0 || this.order.signal?.aborted === true) throw this.over(missing);
  }

  over(missing: string): NotDone {
    if (this.order.signal?.aborted === true) return new NotDone('The run was ended before this was done.');
    const obstacle = this.#obstacle === undefined || this.#obstacle === missing ? '' : ` (${this.#obstacle})`;
    return new NotDone(`Not done within ${this.order.msMax / 1000} s: ${missing}${obstacle}.`);
  }
}
