/** Under a lane's bar: how its log came on, and on the bar: how long a leader held its lease. */
import type { LeaseStretch } from '../../../src-main/api/index.ts';
import type { TimelineAxis } from './axis.ts';
import type { LaneRow, TimelineLayout } from './layout.ts';
import type { Palette } from './palette.ts';

/** The part of the strip in which a node's commit index rose. Returns how many things it drew. */
export function drawStrips(
  context: CanvasRenderingContext2D,
  lane: LaneRow,
  widthPx: number,
  steps: readonly { x: number; width: number }[],
  palette: Palette,
): number {
  context.fillStyle = palette.s3;
  context.fillRect(0, lane.stripPx - 1, widthPx, 2);
  context.fillStyle = palette.t3;
  for (const { x, width } of steps) context.fillRect(x, lane.stripPx - 1.5, Math.max(width, 1), 3);
  return steps.length + 1;
}

const LEASE_PX = 3;

/** A line along the top of the leader's bar, for as long as it held the lease. */
export function drawLeases(
  context: CanvasRenderingContext2D,
  leases: readonly LeaseStretch[],
  layout: TimelineLayout,
  axis: TimelineAxis,
  edgeNs: number,
  palette: Palette,
): number {
  const rows = new Map(layout.lanes.map((lane) => [lane.node, lane]));
  context.fillStyle = palette.accent;
  let drawn = 0;
  for (const { node, fromNs, toNs } of leases) {
    const lane = rows.get(node);
    if (!lane) continue;
    const left = Math.max(axis.x(fromNs, node), 0);
    const right = Math.min(axis.x(toNs ?? edgeNs, node), layout.plotPx);
    if (right < 0 || left > layout.plotPx) continue;
    context.fillRect(left, lane.centerPx - lane.leaderPx / 2 - LEASE_PX, Math.max(right - left, 1), LEASE_PX);
    drawn++;
  }
  return drawn;
}
