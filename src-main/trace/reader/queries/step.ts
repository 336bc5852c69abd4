/** The nearest moment of a kind before or after the cursor. */
import type { EventId, Nanoseconds } from '../../model/events.ts';
import type { QueryAnswer, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';
import { EVENT_COLUMNS, IN_ORDER, IN_REVERSE, eventOf } from '../rows.ts';
import type { EventRow } from '../rows.ts';
import { detailOf, findEvent, parseEventId } from './event-rows.ts';

type Step = NonNullable<QueryAnswer<'step'>>;

export function step(trace: TraceConnection, params: QueryParams<'step'>): Step | null {
  switch (params.kind) {
    case 'event':
      return stepEvents(trace, params, 'event_by_time', '');
    case 'message':
      return stepEvents(trace, params, 'event_by_kind', "kind = 'send' AND");
    case 'fault':
      return stepEvents(trace, params, 'event_by_kind', "kind = 'fault-started' AND");
    case 'election':
      return nearestEvent(
        trace,
        params,
        trace.statement('SELECT event FROM election').pluck().all() as EventId[],
      );
    case 'term':
      return nearestEvent(trace, params, termBeginnings(trace));
    case 'finding':
      return stepFindings(trace, params);
  }
}

function stepEvents(
  trace: TraceConnection,
  { atNs, id, direction }: QueryParams<'step'>,
  index: string,
  where: string,
): Step | null {
  const forward = direction === 'next';
  const at = id === undefined ? undefined : parseEventId(id);
  const beyond = forward ? '>' : '<';
  const order = forward ? IN_ORDER : IN_REVERSE;
  const select = `SELECT ${EVENT_COLUMNS} FROM event INDEXED BY ${index} WHERE ${where}`;
  const row = (
    at === undefined
      ? trace.statement(`${select} at_ns ${beyond} ? ${order} LIMIT 1`).get(atNs)
      : trace
          .statement(
            `${select} at_ns ${beyond}= ? AND (at_ns ${beyond} ? OR (source, incarnation, seq) ${beyond} (?, ?, ?)) ${order} LIMIT 1`,
          )
          .get(atNs, atNs, at.source, at.incarnation, at.seq)
  ) as EventRow | undefined;
  if (row === undefined) return null;
  const detail = detailOf(eventOf(row));
  return { atNs: detail.event.atNs, id: detail.id, text: detail.text };
}

/** Of these few events the nearest beyond the cursor. */
function nearestEvent(
  trace: TraceConnection,
  { atNs, id, direction }: QueryParams<'step'>,
  candidates: readonly EventId[],
): Step | null {
  const forward = direction === 'next';
  let nearest: Step | null = null;
  for (const candidate of candidates) {
    const detail = findEvent(trace, candidate);
    if (detail === null || candidate === id) continue;
    const { event, text } = detail;
    if (forward ? event.atNs <= atNs : event.atNs >= atNs) continue;
    if (nearest === null || (forward ? event.atNs < nearest.atNs : event.atNs > nearest.atNs)) {
      nearest = { atNs: event.atNs, id: candidate, text };
    }
  }
  return nearest;
}

/** The first event of each term: who entered it first. */
function termBeginnings(trace: TraceConnection): EventId[] {
  const rows = trace
    .statement(
      `SELECT source || '/' || incarnation || '/' || seq AS id, term FROM event
      WHERE kind = 'term' ORDER BY at_ns, source, incarnation, seq`,
    )
    .all();
  const first = new Map<number, EventId>();
  for (const { id, term } of rows as { id: EventId; term: number }[])
    if (!first.has(term)) first.set(term, id);
  return [...first.values()];
}

function stepFindings(trace: TraceConnection, { atNs, direction }: QueryParams<'step'>): Step | null {
  const forward = direction === 'next';
  const row = trace
    .statement(
      `SELECT key, at_ns, event, text FROM finding WHERE at_ns ${forward ? '>' : '<'} ?
      ORDER BY at_ns ${forward ? 'ASC' : 'DESC'}, key LIMIT 1`,
    )
    .get(atNs) as { key: number; at_ns: Nanoseconds; event: EventId | null; text: string } | undefined;
  return row === undefined
    ? null
    : { atNs: row.at_ns, id: row.event ?? `finding ${row.key}`, text: row.text };
}
