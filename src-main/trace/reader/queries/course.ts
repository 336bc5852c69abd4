/** The course of a run, stretch by stretch: what two runs are compared by. */
import { CourseDigest, courseKey, courseKinds } from '../../model/course.ts';
import type { CourseStep } from '../../model/course.ts';
import { describeEvent } from '../../model/describe.ts';
import { eventId } from '../../model/events.ts';
import type { EventId } from '../../model/events.ts';
import type { QueryAnswer, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';
import { EVENT_COLUMNS, eventOf } from '../rows.ts';
import type { EventRow } from '../rows.ts';
import { parseEventId } from './event-rows.ts';

/** Reads along the source's own numbering and keeps nothing of what it has counted, however long the stretch. */
export function course(trace: TraceConnection, params: QueryParams<'course'>): QueryAnswer<'course'> {
  const { source, scope, fromNs, limit } = params;
  const after = params.after === undefined ? undefined : parseEventId(params.after);
  const kinds = courseKinds(scope);
  const rows = trace.database
    .prepare(
      `SELECT ${EVENT_COLUMNS} FROM event INDEXED BY event_by_id
      WHERE source = ? AND (incarnation, seq) > (?, ?) AND at_ns >= ?
        AND kind IN (${kinds.map(() => '?').join(', ')}) ORDER BY incarnation, seq`,
    )
    .iterate(source, after?.incarnation ?? 0, after?.seq ?? 0, fromNs, ...kinds) as Iterable<EventRow>;
  const digest = new CourseDigest();
  const steps: CourseStep[] = [];
  let count = 0;
  let last: EventId | null = null;
  let more = false;
  for (const row of rows) {
    const event = eventOf(row);
    const key = courseKey(event, scope);
    if (key === undefined) continue;
    if (count === limit) {
      more = true;
      break;
    }
    count++;
    digest.add(key);
    last = eventId(event);
    if (params.steps) steps.push({ id: last, atNs: event.atNs, key, text: describeEvent(event) });
  }
  return { count, digest: digest.text, last, more, steps };
}
