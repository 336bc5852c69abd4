/** What happened on a lane besides roles and messages. */
import type { LaneMark, LaneMarkKind, QueryAnswer, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';
import { EVENT_COLUMNS, eventOf } from '../rows.ts';
import type { EventRow } from '../rows.ts';
import { detailOf } from './event-rows.ts';

/** Kind and stage as the events say them -> the mark. */
const MARKS = {
  'configuration adopted': 'configuration-adopted',
  'configuration committed': 'configuration-committed',
  'configuration rolled-back': 'configuration-rolled-back',
  'snapshot saved': 'snapshot-saved',
  'snapshot installed': 'snapshot-installed',
  'snapshot abandoned': 'snapshot-abandoned',
  'transfer started': 'transfer-started',
  'transfer ended': 'transfer-ended',
  'lease 0': 'lease-lost',
} as const satisfies Record<string, LaneMarkKind>;

const SAID = Object.keys(MARKS)
  .map((said) => `'${said}'`)
  .join(', ');

/** The first of each bucket stands for the others of its kind and node. */
export function marks(
  trace: TraceConnection,
  { fromNs, toNs, buckets }: QueryParams<'marks'>,
): QueryAnswer<'marks'> {
  if (toNs <= fromNs) return { marks: [] };
  const rows = trace
    .statement(
      `SELECT ${EVENT_COLUMNS}, kind || ' ' || coalesce(body ->> '$.stage', body ->> '$.held') AS said,
        CAST((at_ns - @fromNs) / @widthNs AS INTEGER) AS bucket, count(*) AS count, min(at_ns) AS first_ns
      FROM event INDEXED BY event_by_kind
      WHERE kind IN ('configuration', 'snapshot', 'transfer', 'lease') AND at_ns >= @fromNs AND at_ns < @toNs
        AND said IN (${SAID}) GROUP BY source, said, bucket ORDER BY first_ns, source, seq`,
    )
    .all({ fromNs, toNs, widthNs: (toNs - fromNs) / buckets }) as (EventRow & {
    said: keyof typeof MARKS;
    count: number;
  })[];
  return {
    marks: rows.map(({ said, count, ...row }): LaneMark => {
      const { id, event, text } = detailOf(eventOf(row));
      return { node: event.source, kind: MARKS[said], atNs: event.atNs, id, text, count };
    }),
  };
}
