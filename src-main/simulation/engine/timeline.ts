import type { Nanoseconds } from '../../trace/model/events.ts';

export type Task = () => void;

interface Appointment {
  readonly atNs: Nanoseconds;
  /** Of two at the same time the one made first comes first. */
  readonly order: number;
  readonly task: Task;
}

/** Virtual time: a queue of what happens when. Nothing else in a simulation moves time on. */
export class Timeline {
  #nowNs: Nanoseconds = 0;
  #order = 0;
  /** A binary heap, the next appointment first. */
  readonly #heap: Appointment[] = [];

  /** Nanoseconds since the run's start, an integer. */
  get nowNs(): Nanoseconds {
    return this.#nowNs;
  }

  /** Has `task` run at that time, or at once when it is over. */
  at(atNs: Nanoseconds, task: Task): void {
    const appointment = { atNs: Math.max(Math.round(atNs), this.#nowNs), order: ++this.#order, task };
    this.#heap.push(appointment);
    this.#rise(appointment);
  }

  after(ns: Nanoseconds, task: Task): void {
    this.at(this.#nowNs + ns, task);
  }

  /** Runs the next appointment, if it is not later than `untilNs`. @returns whether there was one */
  next(untilNs: Nanoseconds): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.atNs > untilNs) {
      this.#nowNs = Math.max(this.#nowNs, Math.min(untilNs, Number.MAX_SAFE_INTEGER));
      return false;
    }
    this.#removeFirst();
    this.#nowNs = first.atNs;
    first.task();
    return true;
  }

  #rise(appointment: Appointment): void {
    const heap = this.#heap;
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, appointment)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = appointment;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    const { length } = heap;
    if (last === undefined || length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      let below = heap[child];
      if (below === undefined) break;
      const other = heap[child + 1];
      if (other !== undefined && isBefore(other, below)) {
        below = other;
        child++;
      }
      if (isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(left: Appointment, right: Appointment): boolean {
  return left.atNs < right.atNs || (left.atNs === right.atNs && left.order < right.order);
}
