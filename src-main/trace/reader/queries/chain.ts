import type { EventId, MessageId } from '../../model/events.ts';
import type { EventDetail, MessageRow, QueryAnswer, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';
import { EVENT_COLUMNS, IN_ORDER, eventOf } from '../rows.ts';
import type { EventRow } from '../rows.ts';
import { detailOf, findEvent } from './event-rows.ts';
import { messageById } from './messages.ts';

const LENGTH_MAX = 1_000;

/** At most `limit` causes (the nearest) and `limit` effects (the earliest found, breadth first). */
export function chain(trace: TraceConnection, params: QueryParams<'chain'>): QueryAnswer<'chain'> {
  const limit = Math.min(params.limit, LENGTH_MAX);
  const causes = causesOf(trace, params.id, limit);
  const effects = effectsOf(trace, params.id, limit);
  return { causes, effects, messages: messagesOf(trace, [...causes, ...effects]) };
}

function messagesOf(trace: TraceConnection, events: readonly EventDetail[]): MessageRow[] {
  const ids = new Set<MessageId>();
  for (const { id, event } of events) {
    if (event.kind === 'send') ids.add(id);
    else if ('message' in event) ids.add(event.message);
  }
  return [...ids].map((id) => messageById(trace, id)).filter((row) => row !== null);
}

/** A trace from somebody else may hold a circle of causes; no event is followed twice. */
function causesOf(trace: TraceConnection, id: EventId, limit: number): EventDetail[] {
  const causes: EventDetail[] = [];
  const seen = new Set<EventId>();
  let next: EventId | undefined = id;
  while (next !== undefined && causes.length <= limit && !seen.has(next)) {
    seen.add(next);
    const detail = findEvent(trace, next);
    if (detail === null) break;
    causes.push(detail);
    next = detail.event.cause;
  }
  return causes.reverse();
}

function effectsOf(trace: TraceConnection, id: EventId, limit: number): EventDetail[] {
  const caused = trace.statement(`SELECT ${EVENT_COLUMNS} FROM event WHERE cause = ? ${IN_ORDER} LIMIT ?`);
  const effects: EventDetail[] = [];
  const seen = new Set<EventId>([id]);
  const waiting: EventId[] = [id];
  for (let next = waiting.shift(); next !== undefined && effects.length < limit; next = waiting.shift()) {
    for (const row of caused.all(next, limit - effects.length) as EventRow[]) {
      const detail = detailOf(eventOf(row));
      if (seen.has(detail.id)) continue;
      seen.add(detail.id);
      effects.push(detail);
      waiting.push(detail.id);
    }
  }
  return effects.sort((a, b) => a.event.atNs - b.event.atNs);
}
