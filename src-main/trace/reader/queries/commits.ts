import type { QueryAnswer, QueryParams } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';

/** The commit index that each node came to in each bucket; null where it stood still. */
export function commits(trace: TraceConnection, params: QueryParams<'commits'>): QueryAnswer<'commits'> {
  const { fromNs, toNs, buckets } = params;
  const nodes = new Map<string, (number | null)[]>();
  if (toNs > fromNs) {
    const rows = trace
      .statement(
        `SELECT source AS node, CAST((at_ns - @fromNs) / @widthNs AS INTEGER) AS bucket,
          max(json_extract(body, '$.to')) AS reached
        FROM event WHERE kind = 'commit' AND at_ns >= @fromNs AND at_ns < @toNs GROUP BY node, bucket`,
      )
      .all({ fromNs, toNs, widthNs: (toNs - fromNs) / buckets });
    for (const { node, bucket, reached } of rows as { node: string; bucket: number; reached: number }[]) {
      const indexes = nodes.get(node) ?? Array.from({ length: buckets }, () => null);
      indexes[Math.min(bucket, buckets - 1)] = reached;
      nodes.set(node, indexes);
    }
  }
  return { nodes: [...nodes].map(([node, indexes]) => ({ node, indexes })) };
}
