import type { EventId, Nanoseconds } from '../../trace/model/events.ts';

/** A rule that a run has broken. */
export interface RunFinding {
  readonly rule: string;
  readonly atNs: Nanoseconds;
  readonly text: string;
  /** The events that show it. */
  readonly events: readonly EventId[];
}
