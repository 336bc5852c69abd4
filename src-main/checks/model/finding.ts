/** What a check reports, and how it points at events without holding on to them. */
import { eventId } from '../../trace/model/events.ts';
import type { EventHead, EventId, Nanoseconds } from '../../trace/model/events.ts';
import { RULE_BOOK } from './rule-book.ts';
import type { RuleId } from './rule-book.ts';

/** A rule that was broken: where, and the events that show it. */
export interface Finding {
  readonly rule: RuleId;
  readonly atNs: Nanoseconds;
  /** The event with which it shows. */
  readonly event: EventId;
  /** One plain sentence with the numbers and the source of the rule. */
  readonly text: string;
  /** The events that contradict each other, `event` last. */
  readonly events: readonly EventId[];
}

/** Enough to name an event and to say when it was. */
export type EventRef = Pick<EventHead, 'source' | 'incarnation' | 'seq' | 'atNs'>;

/** Copied, so that what keeps it does not keep the whole event. */
export function refOf({ source, incarnation, seq, atNs }: EventHead): EventRef {
  return { source, incarnation, seq, atNs };
}

/** Findings of one rule that are kept; more of the same teach nothing. */
const FINDINGS_MAX = 16;

export class Findings {
  readonly all: Finding[] = [];
  readonly #counts = new Map<RuleId, number>();

  /** How often the rule was broken, those not kept included. */
  count(rule: RuleId): number {
    return this.#counts.get(rule) ?? 0;
  }

  /** @param sentence without the full stop; @param others the events that `at` contradicts */
  report(rule: RuleId, sentence: string, at: EventRef, others: readonly (EventRef | undefined)[]): void {
    const count = this.count(rule) + 1;
    this.#counts.set(rule, count);
    if (count > FINDINGS_MAX) return;
    const event = eventId(at);
    const events: EventId[] = [];
    for (const other of others) {
      const id = other === undefined ? event : eventId(other);
      if (id !== event && !events.includes(id)) events.push(id);
    }
    events.push(event);
    const text = `${sentence} (${RULE_BOOK[rule].source}).`;
    this.all.push({ rule, atNs: at.atNs, event, text, events });
  }
}
