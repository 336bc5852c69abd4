import type { ClientCall } from '../protocol.ts';
import type { Meter } from './meter.ts';
import type { Operation } from './operation.ts';
import type { ClientSession } from './session.ts';

export interface WorkloadShape {
  /** Closed-loop clients: each begins an operation when the one before has ended. 0 ends the workload. */
  readonly clients: number;
  readonly keys: number;
  /** Length of a written value; never shorter than the operation's id, which makes every value unique. */
  readonly valueBytes: number;
  /** Share of reads, 0..1. */
  readonly readRatio: number;
}

/** A failed call comes back at once, so a client waits before its next one instead of spinning. */
const pauseAfterFailureMs = 20;

/** N clients that write (and read) random keys, one operation at a time each. The shape can change while it runs. */
export class Workload {
  readonly #session: ClientSession;
  readonly #random: () => number;
  readonly #firstNumber: number;
  #shape: WorkloadShape = { clients: 0, keys: 1, valueBytes: 0, readRatio: 0 };
  /** Operations begun by client n (at n - 1). Kept when the client rests, so that ids never repeat. */
  readonly #begun: number[] = [];
  readonly #busy: boolean[] = [];
  /** Watches how operations end, while there is one. */
  meter: Meter | undefined;

  /** Operations are numbered from `firstNumber` on, so that a load process started again repeats no id. */
  constructor(session: ClientSession, random: () => number, firstNumber = 1) {
    this.#session = session;
    this.#random = random;
    this.#firstNumber = firstNumber;
  }

  set(shape: WorkloadShape): void {
    this.#shape = shape;
    for (let client = 1; client <= shape.clients; client++) {
      if (this.#busy[client - 1] !== true) this.#next(client);
    }
  }

  #next(client: number): void {
    if (client > this.#shape.clients) {
      this.#busy[client - 1] = false;
      return;
    }
    this.#busy[client - 1] = true;
    const begun = (this.#begun[client - 1] ?? 0) + 1;
    this.#begun[client - 1] = begun;
    const id = `c${client}/${this.#firstNumber + begun - 1}`;
    this.#session.call(id, this.#draw(id), ({ invokedMs }: Operation, { outcome }) => {
      this.meter?.note(outcome, performance.now() - invokedMs);
      if (outcome === 'ok') this.#next(client);
      else setTimeout(() => this.#next(client), pauseAfterFailureMs);
    });
  }

  #draw(id: string): ClientCall {
    const { keys, valueBytes, readRatio } = this.#shape;
    const key = `k${Math.floor(this.#random() * keys)}`;
    if (readRatio > 0 && this.#random() < readRatio) return { call: 'get', key };
    return { call: 'put', key, value: id.padEnd(valueBytes, '.') };
  }
}
