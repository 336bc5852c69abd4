import type { MessageRow } from '../../../src-main/api/index.ts';
import type { Flight } from './flights.ts';
import { flightsOfPlan, planFlights } from './flights.ts';
import type { DrawnFlight } from './flights.ts';

/** A vote seen for the first time this long after it was sent is history. */
const STALE_MS = 2_500;

/**
 * Votes of a live run, each drawn once: the snapshot repeats those of the last two seconds, and the watcher's clock plays them from the moment
 * they were first seen.
 */
export class LiveVotes {
  readonly #seen = new Set<string>();
  #plan: DrawnFlight[] = [];

  /** `nowMs` is the watcher's clock. Returns whether there is something new to draw. */
  take(rows: readonly MessageRow[], edgeNs: number, nowMs: number): boolean {
    const fresh = rows.filter((row) => !this.#seen.has(row.id) && edgeNs - row.sentNs < STALE_MS * 1e6);
    this.#forget(rows);
    if (fresh.length === 0) return false;
    for (const row of fresh) this.#seen.add(row.id);
    const first = Math.min(...fresh.map((row) => row.sentNs));
    const shift = nowMs * 1e6 - first;
    const planned = planFlights(fresh, 1).map((drawn) => ({
      ...drawn,
      startNs: drawn.startNs + shift,
      endNs: drawn.endNs + shift,
    }));
    for (const drawn of planned) this.#afterItsRequest(drawn);
    this.#plan = [...this.#plan.filter((drawn) => drawn.endNs > nowMs * 1e6), ...planned];
    return true;
  }

  /** What is drawn now; empty once all have landed. */
  flights(nowMs: number): Flight[] {
    return flightsOfPlan(this.#plan, nowMs * 1e6);
  }

  busy(nowMs: number): boolean {
    return this.#plan.some((drawn) => drawn.endNs > nowMs * 1e6);
  }

  clear(): void {
    this.#seen.clear();
    this.#plan = [];
  }

  /** An answer that came in a later snapshot still starts where its request was drawn to arrive. */
  #afterItsRequest(drawn: DrawnFlight): void {
    if (!drawn.row.type.endsWith('Reply')) return;
    const request = this.#plan.findLast(
      (earlier) => earlier.row.from === drawn.row.to && earlier.row.to === drawn.row.from,
    );
    if (!request || request.endNs <= drawn.startNs) return;
    const wait = request.endNs - drawn.startNs;
    drawn.startNs += wait;
    drawn.endNs += wait;
  }

  #forget(rows: readonly MessageRow[]): void {
    if (this.#seen.size < 2_000) return;
    const current = new Set(rows.map((row) => row.id));
    for (const id of this.#seen) if (!current.has(id)) this.#seen.delete(id);
  }
}
