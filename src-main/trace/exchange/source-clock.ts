/** Numbers and times for events of a file that has none of its own, or gives each line a wall clock. The order of the lines stays. */
import type { EventId, EventPayload, Nanoseconds } from '../model/events.ts';
import type { ReplayedSpools } from './replayed-spools.ts';

/** Between two lines that carry no time. */
const STEP_NS = 1_000_000;
const NS_MAX = 2 ** 52;

export class SourceClock {
  /** Whether the lines carry times. */
  timed = false;
  readonly #spools: ReplayedSpools;
  readonly #incarnations = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  #firstSeconds: number | undefined;
  #nowNs: Nanoseconds = 0;
  #lines = 0;

  constructor(spools: ReplayedSpools) {
    this.#spools = spools;
  }

  /** Wall clock of the first line, ISO 8601, where the lines carry times since 1970. */
  get startedAt(): string | undefined {
    if (this.#firstSeconds === undefined) return undefined;
    return new Date(this.#firstSeconds * 1_000).toISOString();
  }

  /** A line begins. @param seconds since 1970, if it says so */
  line(seconds: unknown): void {
    this.#lines++;
    if (typeof seconds === 'number' && seconds > 0 && seconds < 1e11) {
      this.#firstSeconds ??= seconds;
      this.timed = true;
      this.#moveTo(Math.round((seconds - this.#firstSeconds) * 1e9));
    } else this.#moveTo(this.#lines === 1 ? 0 : this.#nowNs + STEP_NS);
  }

  /** A line begins that is so long after the start. */
  lineAt(atNs: Nanoseconds): void {
    this.#lines++;
    this.timed = true;
    this.#moveTo(atNs);
  }

  /** The source starts, or starts again. */
  begin(source: string): void {
    this.#incarnations.set(source, (this.#incarnations.get(source) ?? 0) + 1);
    this.#numbers.set(source, 0);
  }

  record(source: string, payload: EventPayload, cause: EventId | null = null): EventId {
    if (!this.#incarnations.has(source)) this.begin(source);
    const incarnation = this.#incarnations.get(source) ?? 1;
    const seq = (this.#numbers.get(source) ?? 0) + 1;
    this.#numbers.set(source, seq);
    const json = JSON.stringify(payload);
    // One nanosecond an event: events of one moment would be put in another order, by the names of their sources.
    const atNs = this.#nowNs++;
    this.#spools.take({ source, incarnation, seq, atNs, step: this.#lines, cause, json });
    return `${source}/${incarnation}/${seq}`;
  }

  /** Clocks of lines may go back a little; the order of the lines does not. */
  #moveTo(atNs: Nanoseconds): void {
    if (atNs < NS_MAX) this.#nowNs = Math.max(this.#nowNs, atNs);
  }
}
