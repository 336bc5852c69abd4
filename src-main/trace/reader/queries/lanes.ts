import type { Nanoseconds } from '../../model/events.ts';
import type { LaneSegment, LeaseStretch, QueryAnswer } from '../../model/queries.ts';
import { byNumber } from '../../model/reducer.ts';
import type { TraceConnection } from '../connection.ts';
import { endNs } from './state-at.ts';

interface Window {
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
}

type StoredLane = LaneSegment & { lease: number };

/** Segments and leases of all nodes, clipped to the window; a node that was never started has none. */
export function lanes(trace: TraceConnection, window: Window): QueryAnswer<'lanes'> {
  const isOpen = window.toNs > endNs(trace);
  const segments: LaneSegment[] = [];
  const leases: LeaseStretch[] = [];
  for (const node of nodesWithLanes(trace)) {
    let segment: LaneSegment | undefined;
    let lease: LeaseStretch | undefined;
    for (const row of clippedRows(trace, node, window, isOpen)) {
      const { fromNs, toNs, status, role, term } = row;
      // Where only the lease changed, the segment goes on, and the other way round.
      if (segment?.status === status && segment.role === role && segment.term === term) segment.toNs = toNs;
      else segments.push((segment = { node, fromNs, toNs, status, role, term }));
      if (row.lease === 0) lease = undefined;
      else if (lease !== undefined) lease.toNs = toNs;
      else leases.push((lease = { node, fromNs, toNs }));
    }
  }
  return { segments: segments.sort((a, b) => a.fromNs - b.fromNs || byNumber(a.node, b.node)), leases };
}

/** Each found in the index by the one before. */
function nodesWithLanes(trace: TraceConnection): string[] {
  return trace
    .statement(
      `WITH RECURSIVE node(id) AS (
        SELECT min(node) FROM lane UNION ALL
        SELECT (SELECT min(node) FROM lane WHERE node > id) FROM node WHERE id IS NOT NULL
      ) SELECT id FROM node WHERE id IS NOT NULL`,
    )
    .pluck()
    .all() as string[];
}

function clippedRows(
  trace: TraceConnection,
  node: string,
  { fromNs, toNs }: Window,
  isOpen: boolean,
): StoredLane[] {
  const rows = trace
    .statement(
      `SELECT node, from_ns AS fromNs, to_ns AS toNs, status, role, term, lease FROM lane
      WHERE node = @node AND from_ns < @toNs
        AND from_ns >= coalesce((SELECT max(from_ns) FROM lane WHERE node = @node AND from_ns <= @fromNs), 0)
      ORDER BY from_ns`,
    )
    .all({ node, fromNs, toNs }) as StoredLane[];
  const [first] = rows;
  const last = rows[rows.length - 1];
  if (first !== undefined && first.fromNs < fromNs) first.fromNs = fromNs;
  if (last !== undefined && (last.toNs === null || last.toNs > toNs)) last.toNs = isOpen ? null : toNs;
  return rows;
}
