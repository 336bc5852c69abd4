import type { Nanoseconds } from '../../model/events.ts';
import type { LaneSegment, LeaseStretch } from '../../model/queries.ts';
import { byNumber } from '../../model/reducer.ts';
import type { TraceConnection } from '../connection.ts';
import { endNs } from './state-at.ts';

interface Window {
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
}

interface LaneRow extends Omit<LaneSegment, 'node'> {
  lease: number;
}

/** Segments and leases of all nodes, clipped to the window; a node that was never started has none. */
export function lanes(
  trace: TraceConnection,
  window: Window,
): { segments: LaneSegment[]; leases: LeaseStretch[] } {
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
  const segments: LaneSegment[] = [];
  const leases: LeaseStretch[] = [];
  for (const node of nodes) {
    const rows = rowsOf(trace, node, window);
    segments.push(...segmentsOf(node, rows, window, isOpen));
    leases.push(...leasesOf(node, rows, window, isOpen));
  }
  return { segments: segments.sort((a, b) => a.fromNs - b.fromNs || byNumber(a.node, b.node)), leases };
}

function rowsOf(trace: TraceConnection, node: string, { fromNs, toNs }: Window): LaneRow[] {
  return trace
    .statement(
      `SELECT from_ns AS fromNs, to_ns AS toNs, status, role, term, lease FROM lane
      WHERE node = @node AND from_ns < @toNs
        AND from_ns >= coalesce((SELECT max(from_ns) FROM lane WHERE node = @node AND from_ns <= @fromNs), 0)
      ORDER BY from_ns`,
    )
    .all({ node, fromNs, toNs }) as LaneRow[];
}

function segmentsOf(node: string, rows: readonly LaneRow[], window: Window, isOpen: boolean): LaneSegment[] {
  const segments: LaneSegment[] = [];
  for (const { fromNs, toNs, status, role, term } of rows) {
    const last = segments[segments.length - 1];
    // Only the lease changed: it is no part of a segment.
    if (last?.status === status && last.role === role && last.term === term) {
      last.toNs = toNs;
      continue;
    }
    segments.push({ node, fromNs: Math.max(fromNs, window.fromNs), toNs, status, role, term });
  }
  const last = segments[segments.length - 1];
  if (last !== undefined) last.toNs = clippedEnd(last.toNs, window, isOpen);
  return segments;
}

function leasesOf(node: string, rows: readonly LaneRow[], window: Window, isOpen: boolean): LeaseStretch[] {
  const leases: LeaseStretch[] = [];
  let held: LeaseStretch | undefined;
  for (const { fromNs, toNs, lease } of rows) {
    if (lease === 0) held = undefined;
    else if (held !== undefined) held.toNs = toNs;
    else leases.push((held = { node, fromNs: Math.max(fromNs, window.fromNs), toNs }));
  }
  if (held !== undefined) held.toNs = clippedEnd(held.toNs, window, isOpen);
  return leases;
}

function clippedEnd(toNs: Nanoseconds | null, window: Window, isOpen: boolean): Nanoseconds | null {
  if (toNs !== null && toNs <= window.toNs) return toNs;
  return isOpen ? null : window.toNs;
}
