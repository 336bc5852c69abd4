/** The state of the cluster at a moment: the nearest keyframe and the events behind it. */
import type { NodeId } from '../../../consensus/replica.ts';
import { isNode } from '../../model/events.ts';
import type { Nanoseconds } from '../../model/events.ts';
import { byNumber, initialState, reduce } from '../../model/reducer.ts';
import type { ClusterState } from '../../model/state.ts';
import type { TraceConnection } from '../connection.ts';
import { readKeyframe, readStateEvents } from '../rows.ts';

/** After every event up to and including `atNs`. */
export function stateAt(trace: TraceConnection, atNs: Nanoseconds): ClusterState {
  const keyframe = readKeyframe(trace.database, atNs);
  const state = keyframe?.state ?? initialState(nodesOf(trace));
  const from = keyframe ?? { atNs: 0, source: '', incarnation: 0, seq: 0 };
  for (const event of readStateEvents(trace.database, from, atNs)) reduce(state, event);
  state.atNs = atNs;
  return state;
}

/** Those with which the run began. */
export function nodesOf(trace: TraceConnection): NodeId[] {
  return JSON.parse(trace.statement('SELECT nodes FROM run').pluck().get() as string) as NodeId[];
}

/** Those with which the run began and those that came later. */
export function allNodes(trace: TraceConnection): NodeId[] {
  const nodes = new Set(nodesOf(trace));
  const started = trace
    .statement("SELECT DISTINCT source FROM event INDEXED BY event_by_kind WHERE kind = 'node-started'")
    .pluck()
    .all() as NodeId[];
  const spawned = trace
    .statement(
      "SELECT DISTINCT body ->> '$.node' FROM event INDEXED BY event_by_kind WHERE kind = 'process-spawned'",
    )
    .pluck()
    .all() as NodeId[];
  for (const node of [...started, ...spawned]) if (isNode(node)) nodes.add(node);
  return [...nodes].sort(byNumber);
}

/** When the newest event happened. */
export function endNs(trace: TraceConnection): Nanoseconds {
  return trace.statement('SELECT duration_ns FROM run').pluck().get() as number;
}
