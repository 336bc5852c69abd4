import type { Nanoseconds } from '../../model/events.ts';
import { operationBucket } from '../../model/latency.ts';
import type { OperationBucket, OperationRow, QueryAnswer, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';

const ROWS_MAX = 50_000;

/** No operation lasts longer: the client gives up. Those without any end are looked for by themselves. */
const LASTS_NS_MAX = 120_000_000_000;

const TOUCHES = `(invoked_ns >= @back AND invoked_ns < @to AND completed_ns >= @from)
  OR (completed_ns IS NULL AND invoked_ns < @to)`;

/** Those that touch the window, in order of invocation. */
export function operations(
  trace: TraceConnection,
  params: QueryParams<'operations'>,
): QueryAnswer<'operations'> {
  const { fromNs: from, toNs: to } = params;
  const window = { from, to, back: Math.max(0, from - LASTS_NS_MAX) };
  const rows = trace
    .statement(
      `SELECT id, client, call, op_key AS key, value, invoked_ns AS invokedNs, completed_ns AS completedNs, outcome,
        log_index AS "index", node, result, error
      FROM operation WHERE ${TOUCHES} ORDER BY invoked_ns LIMIT @limit`,
    )
    .all({ ...window, limit: Math.min(params.limit, ROWS_MAX) }) as OperationRow[];
  const total = trace
    .statement(`SELECT count(*) FROM operation WHERE ${TOUCHES}`)
    .pluck()
    .get(window) as number;
  return { operations: rows, total };
}

export function operationBuckets(
  trace: TraceConnection,
  { fromNs, toNs, buckets }: QueryParams<'operationBuckets'>,
): { buckets: OperationBucket[] } {
  if (toNs <= fromNs) return { buckets: [] };
  const widthNs = (toNs - fromNs) / buckets;
  const counts = Array.from({ length: buckets }, () => ({ invoked: 0, failed: 0, unknown: 0 }));
  const latenciesNs: number[][] = Array.from({ length: buckets }, () => []);
  const bucketOf = (atNs: Nanoseconds): number =>
    Math.min(buckets - 1, Math.floor((atNs - fromNs) / widthNs));

  const invoked = trace
    .statement('SELECT invoked_ns FROM operation WHERE invoked_ns >= ? AND invoked_ns < ?')
    .pluck();
  for (const atNs of invoked.iterate(fromNs, toNs) as Iterable<number>) {
    const bucket = counts[bucketOf(atNs)];
    if (bucket) bucket.invoked++;
  }
  const completed = trace
    .statement(
      `SELECT completed_ns, outcome, invoked_ns FROM operation INDEXED BY operation_by_completion
      WHERE completed_ns >= ? AND completed_ns < ?`,
    )
    .raw();
  for (const row of completed.iterate(fromNs, toNs)) {
    const [atNs, outcome, invokedNs] = row as [number, string, number | null];
    const at = bucketOf(atNs);
    const bucket = counts[at];
    if (outcome === 'ok') latenciesNs[at]?.push(atNs - (invokedNs ?? atNs));
    else if (bucket && outcome === 'fail') bucket.failed++;
    else if (bucket) bucket.unknown++;
  }
  return {
    buckets: counts.map((count, at) => {
      const span = {
        fromNs: Math.round(fromNs + at * widthNs),
        toNs: Math.round(fromNs + (at + 1) * widthNs),
      };
      return operationBucket(span, count, latenciesNs[at] ?? []);
    }),
  };
}
