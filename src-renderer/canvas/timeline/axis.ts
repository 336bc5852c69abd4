/** From moments to pixels and back, for whatever the columns of a timeline stand for. Pure. */
import type { MessageRow, NodeId } from '../../../src-main/api/index.ts';
import type { Viewport } from './viewport.ts';
import { timeToX, xToTime } from './viewport.ts';

/** time: a pixel is so many nanoseconds; causal: a column is a step of the logical clocks (Lamport 1978). */
export type Arrangement = 'time' | 'causal';

/** Everything on the drawing stands where its axis says. `x` counts pixels from the plot's left edge. */
export interface TimelineAxis {
  readonly arrangement: Arrangement;
  readonly widthPx: number;
  /** Where a moment stands on a node's lane; without a node, where it stands for what belongs to no lane. */
  x(atNs: number, node?: NodeId): number;
  /** The moment at a point of a node's lane, or of what belongs to no lane. */
  timeAt(x: number, node?: NodeId): number;
  /** Where a copy of a message was sent, on its sender's lane. */
  sentX(row: MessageRow): number;
  /** Where it ended, at `endNs`, on its receiver's lane. */
  endX(row: MessageRow, endNs: number): number;
}

export function timeAxis(view: Viewport, widthPx: number): TimelineAxis {
  return {
    arrangement: 'time',
    widthPx,
    x: (atNs) => timeToX(view, widthPx, atNs),
    timeAt: (x) => xToTime(view, widthPx, x),
    sentX: (row) => timeToX(view, widthPx, row.sentNs),
    endX: (_row, endNs) => timeToX(view, widthPx, endNs),
  };
}
