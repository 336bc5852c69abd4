/** The commit strip under a lane: where the node's commit index rose. */
import type { LogIndex, NodeId } from '../../../src-main/api/index.ts';
import type { TimelineAxis } from './axis.ts';

/** Neighbouring buckets with commits, joined. */
export interface CommitStep {
  readonly fromNs: number;
  readonly toNs: number;
  /** The commit index at its end. */
  readonly index: LogIndex;
}

export function commitSteps(
  indexes: readonly (LogIndex | null)[],
  window: { fromNs: number; toNs: number; buckets: number },
): CommitStep[] {
  const width = (window.toNs - window.fromNs) / window.buckets;
  const steps: CommitStep[] = [];
  for (const [position, index] of indexes.entries()) {
    if (index === null) continue;
    const fromNs = window.fromNs + position * width;
    const last = steps.at(-1);
    if (last && last.toNs === fromNs)
      steps[steps.length - 1] = { fromNs: last.fromNs, toNs: fromNs + width, index };
    else steps.push({ fromNs, toNs: fromNs + width, index });
  }
  return steps;
}

/** The steps of a node as pixels of the plot, clipped to it. */
export function stripRects(
  steps: readonly CommitStep[],
  node: NodeId,
  axis: TimelineAxis,
): { x: number; width: number }[] {
  const rects: { x: number; width: number }[] = [];
  for (const { fromNs, toNs } of steps) {
    const left = Math.max(axis.x(fromNs, node), 0);
    const right = Math.min(axis.x(toNs, node), axis.widthPx);
    if (right > left) rects.push({ x: left, width: right - left });
  }
  return rects;
}
