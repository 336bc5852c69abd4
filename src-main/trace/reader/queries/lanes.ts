import type { EventKind, Nanoseconds } from '../../model/events.ts';
import type { LaneSegment, LeaseStretch } from '../../model/queries.ts';
import { reduce } from '../../model/reducer.ts';
import type { NodeState } from '../../model/state.ts';
import type { TraceConnection } from '../connection.ts';
import { readEventsOfKinds } from '../rows.ts';
import { endNs, stateAt } from './state-at.ts';

/** The kinds that can change a node's status, role, term or lease. */
const LANE_KINDS: ReadonlySet<EventKind> = new Set<EventKind>([
  'run-started',
  'process-spawned',
  'process-ready',
  'process-exited',
  'process-paused',
  'process-resumed',
  'node-started',
  'node-stopped',
  'role',
  'term',
  'vote',
  'lease',
]);

/** Segments of all nodes, clipped to the window; a node that was never started has none. */
export function lanes(
  trace: TraceConnection,
  { fromNs, toNs }: { fromNs: Nanoseconds; toNs: Nanoseconds },
): { segments: LaneSegment[]; leases: LeaseStretch[] } {
  const state = stateAt(trace, fromNs);
  const segments: LaneSegment[] = [];
  const current = new Map<string, LaneSegment>();
  const leases: LeaseStretch[] = [];
  const held = new Map<string, Nanoseconds>();
  for (const node of state.nodes) {
    open(node, fromNs);
    follow(node, fromNs);
  }
  for (const event of readEventsOfKinds(trace.database, LANE_KINDS, fromNs + 1, toNs)) {
    reduce(state, event);
    for (const node of state.nodes) {
      follow(node, event.atNs);
      const segment = current.get(node.id);
      if (
        segment &&
        segment.status === node.status &&
        segment.role === node.role &&
        segment.term === node.term
      )
        continue;
      if (segment) close(segment, event.atNs);
      open(node, event.atNs);
    }
  }
  const recordedNs = endNs(trace);
  for (const segment of current.values()) close(segment, toNs > recordedNs ? null : toNs);
  for (const [node, sinceNs] of held)
    leases.push({ node, fromNs: sinceNs, toNs: toNs > recordedNs ? null : toNs });
  return { segments: segments.sort((a, b) => a.fromNs - b.fromNs), leases };

  function open({ id, status, role, term }: NodeState, atNs: Nanoseconds): void {
    current.set(id, { node: id, fromNs: atNs, toNs: null, status, role, term });
  }

  function follow({ id, lease }: NodeState, atNs: Nanoseconds): void {
    const sinceNs = held.get(id);
    if (lease && sinceNs === undefined) held.set(id, atNs);
    else if (!lease && sinceNs !== undefined) {
      held.delete(id);
      leases.push({ node: id, fromNs: sinceNs, toNs: atNs });
    }
  }

  /** Changes of one moment leave no segment between them. */
  function close(segment: LaneSegment, atNs: Nanoseconds | null): void {
    if (segment.status === 'absent' || segment.fromNs === atNs) return;
    segments.push({ ...segment, toNs: atNs });
  }
}
