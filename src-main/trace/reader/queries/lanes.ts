import type { Nanoseconds } from '../../model/events.ts';
import type { LaneSegment, LeaseStretch } from '../../model/queries.ts';
import { byNumber } from '../../model/reducer.ts';
import type { TraceConnection } from '../connection.ts';
import { endNs } from './state-at.ts';

interface Window {
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
}

/** A row of `lane`: within it neither status, role and term nor the lease changed. */
type Stretch = LaneSegment & { lease: number };

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
    const stretches = stretchesOf(trace, node, window, isOpen);
    for (const segment of segmentsOf(stretches)) segments.push(segment);
    for (const lease of leasesOf(stretches)) leases.push(lease);
  }
  return { segments: segments.sort((a, b) => a.fromNs - b.fromNs || byNumber(a.node, b.node)), leases };
}

function stretchesOf(
  trace: TraceConnection,
  node: string,
  { fromNs, toNs }: Window,
  isOpen: boolean,
): Stretch[] {
  const rows = trace
    .statement(
      `SELECT from_ns AS fromNs, to_ns AS toNs, status, role, term, lease FROM lane
      WHERE node = @node AND from_ns < @toNs
        AND from_ns >= coalesce((SELECT max(from_ns) FROM lane WHERE node = @node AND from_ns <= @fromNs), 0)
      ORDER BY from_ns`,
    )
    .all({ node, fromNs, toNs }) as Omit<Stretch, 'node'>[];
  const stretches = rows.map((row) => ({ node, ...row, fromNs: Math.max(row.fromNs, fromNs) }));
  const last = stretches[stretches.length - 1];
  if (last !== undefined && (last.toNs === null || last.toNs > toNs)) last.toNs = isOpen ? null : toNs;
  return stretches;
}

function segmentsOf(stretches: readonly Stretch[]): LaneSegment[] {
  const segments: LaneSegment[] = [];
  for (const { lease: _lease, ...segment } of stretches) {
    const last = segments[segments.length - 1];
    // Only the lease changed: it is no part of a segment.
    if (last?.status === segment.status && last.role === segment.role && last.term === segment.term)
      last.toNs = segment.toNs;
    else segments.push(segment);
  }
  return segments;
}

function leasesOf(stretches: readonly Stretch[]): LeaseStretch[] {
  const leases: LeaseStretch[] = [];
  for (const { node, fromNs, toNs, lease } of stretches) {
    if (lease !== 1) continue;
    const last = leases[leases.length - 1];
    if (last?.toNs === fromNs) last.toNs = toNs;
    else leases.push({ node, fromNs, toNs });
  }
  return leases;
}
