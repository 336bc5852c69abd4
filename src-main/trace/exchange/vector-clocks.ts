/** Vector clocks over the events of a trace: who could know of what (Fidge, Mattern). */
import type { EventId, SourceId, TraceEvent } from '../model/events.ts';
import { eventId } from '../model/events.ts';

export type VectorClock = ReadonlyMap<SourceId, number>;

/** Causes that are remembered; of a cause that is older than so many others, its effects do not know any more. */
const CAUSES_MAX = 200_000;

export class VectorClocks {
  readonly #now = new Map<SourceId, Map<SourceId, number>>();
  /** Clock of each event that another source's may follow from. */
  readonly #causes = new Map<EventId, VectorClock>();

  /** The clock of the event, which is the next of its source. */
  next(event: TraceEvent): VectorClock {
    const { source, cause } = event;
    let clock = this.#now.get(source);
    if (clock === undefined) this.#now.set(source, (clock = new Map()));
    const before = cause === undefined ? undefined : this.#causes.get(cause);
    if (before !== undefined && !cause?.startsWith(`${source}/`)) {
      for (const [other, time] of before) if (time > (clock.get(other) ?? 0)) clock.set(other, time);
    }
    clock.set(source, (clock.get(source) ?? 0) + 1);
    if (mayCause(event)) this.#remember(eventId(event), new Map(clock));
    return clock;
  }

  #remember(id: EventId, clock: VectorClock): void {
    this.#causes.set(id, clock);
    if (this.#causes.size <= CAUSES_MAX) return;
    const oldest = this.#causes.keys().next();
    if (!oldest.done) this.#causes.delete(oldest.value);
  }
}

/** Whether an event of another source may name this one as its cause. */
function mayCause({ kind }: TraceEvent): boolean {
  return kind === 'send' || kind === 'invoke' || kind === 'operator' || kind === 'answer';
}
