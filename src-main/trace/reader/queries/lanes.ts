import type { Nanoseconds } from '../../model/events.ts';
import type { LaneSegment } from '../../model/queries.ts';
import { byNumber } from '../../model/reducer.ts';
import type { TraceConnection } from '../connection.ts';
import { endNs } from './state-at.ts';

interface Window {
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
}

/** Segments of all nodes, clipped to the window; a node that was never started has none. */
export function lanes(trace: TraceConnection, window: Window): { segments: LaneSegment[] } {
  const isOpen = window.toNs > endNs(trace);
  const nodes = trace
    .statement(
      `WITH RECURSIVE node(id) AS (
        SELECT min(node) FROM lane UNION ALL
        SELECT (SELECT min(node) FROM lane WHERE node > id) FROM node WHERE id IS NOT NULL
      ) SELECT id FROM node WHERE id IS NOT NULL`,
    )
    .pluck()
    .all() as string[];
  const segments = nodes.flatMap((node) => segmentsOf(trace, node, window, isOpen));
  return { segments: segments.sort((a, b) => a.fromNs - b.fromNs || byNumber(a.node, b.node)) };
}

function segmentsOf(
  trace: TraceConnection,
  node: string,
  { fromNs, toNs }: Window,
  isOpen: boolean,
): LaneSegment[] {
  const rows = trace
    .statement(
      `SELECT from_ns AS fromNs, to_ns AS toNs, status, role, term FROM lane
      WHERE node = @node AND from_ns < @toNs
        AND from_ns >= coalesce((SELECT max(from_ns) FROM lane WHERE node = @node AND from_ns <= @fromNs), 0)
      ORDER BY from_ns`,
    )
    .all({ node, fromNs, toNs }) as Omit<LaneSegment, 'node'>[];
  const segments: LaneSegment[] = [];
  for (const row of rows) {
    const last = segments[segments.length - 1];
    // Only the lease changed: it is no part of a segment.
    if (last?.status === row.status && last.role === row.role && last.term === row.term) {
      last.toNs = row.toNs;
      continue;
    }
    segments.push({ node, ...row, fromNs: Math.max(row.fromNs, fromNs) });
  }
  const last = segments[segments.length - 1];
  if (last !== undefined && (last.toNs === null || last.toNs > toNs)) last.toNs = isOpen ? null : toNs;
  return segments;
}
