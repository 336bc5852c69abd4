/** Single events of a trace with their sentences. */
import { describeEvent } from '../../model/describe.ts';
import { eventId } from '../../model/events.ts';
import type { EventId, TraceEvent } from '../../model/events.ts';
import type { EventDetail } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';
import { EVENT_COLUMNS, eventOf } from '../rows.ts';
import type { EventRow, Position } from '../rows.ts';

export function detailOf(event: TraceEvent): EventDetail {
  return { id: eventId(event), event, text: describeEvent(event) };
}

export function findEvent(trace: TraceConnection, id: EventId): EventDetail | null {
  const parts = parseEventId(id);
  if (parts === undefined) return null;
  const row = trace
    .statement(`SELECT ${EVENT_COLUMNS} FROM event WHERE source = ? AND incarnation = ? AND seq = ?`)
    .get(parts.source, parts.incarnation, parts.seq) as EventRow | undefined;
  return row === undefined ? null : detailOf(eventOf(row));
}

/** Undefined for a text that is no event's id. */
export function parseEventId(id: EventId): Omit<Position, 'atNs'> | undefined {
  const [, source, incarnation, seq] = /^(.+)\/(\d{1,15})\/(\d{1,15})$/.exec(id) ?? [];
  if (source === undefined) return undefined;
  return { source, incarnation: Number(incarnation), seq: Number(seq) };
}
