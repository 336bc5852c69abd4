/** Elections and faults above the lanes, and the clients' row below them. */
import type { ElectionRow, FaultRow, OperationBucket } from '../../../src-main/api/index.ts';
import type { Palette } from './palette.ts';
import type { SilentStretch } from './clients.ts';
import { bucketScale } from './clients.ts';
import type { TimelineLayout } from './layout.ts';
import { FAULT_ROWS_MAX, SPAN_BAR_PX, SPAN_ROW_PX } from './layout.ts';
import { electionEndNs, electionSum, electionTitle, faultTitle } from './spans.ts';
import type { Viewport } from './viewport.ts';
import { timeToX } from './viewport.ts';

const INSET_PX = 8;

export function drawElections(
  context: CanvasRenderingContext2D,
  elections: readonly ElectionRow[],
  layout: TimelineLayout,
  view: Viewport,
  palette: Palette,
): void {
  const y = layout.electionsPx;
  context.textBaseline = 'middle';
  for (const [position, election] of elections.entries()) {
    const left = timeToX(view, layout.plotPx, election.startedNs);
    const right = timeToX(view, layout.plotPx, electionEndNs(election));
    const next = elections[position + 1];
    const limit = next ? timeToX(view, layout.plotPx, next.startedNs) : layout.plotPx;
    if (right < 0) continue;
    if (left > layout.plotPx) break;
    const width = Math.max(right - left, 2);
    context.fillStyle = palette.s3;
    context.beginPath();
    context.roundRect(left, y, width, SPAN_BAR_PX, 2);
    context.fill();
    context.fillStyle = palette.leader;
    context.fillRect(left, y, 2, SPAN_BAR_PX);
    const start = Math.max(left, 0) + INSET_PX;
    const shownRight = Math.min(Math.max(right, left + 2), layout.plotPx);
    const [title, sum] = [electionTitle(election), electionSum(election)];
    const [sans, mono] = [palette.sans(12), palette.mono(12)];
    const inside = write(context, title, start, y, shownRight, palette.t1, sans);
    // Beside the bar: the sum; and the title too, where the bar is too small to hold it.
    const outside = inside ? sum : `${title}  ${sum}`;
    const from = Math.max(shownRight, 0) + INSET_PX;
    const room = Math.min(limit, layout.plotPx);
    if (write(context, outside, from, y, room, palette.t2, mono)) continue;
    if (!inside) {
      write(context, title, from, y, room, palette.t2, sans);
      continue;
    }
    context.font = sans;
    write(context, sum, start + context.measureText(title).width + 14, y, shownRight, palette.t2, mono);
  }
}

export function drawFaults(
  context: CanvasRenderingContext2D,
  faults: readonly { item: FaultRow; row: number }[],
  layout: TimelineLayout,
  view: Viewport,
  edgeNs: number,
  palette: Palette,
): void {
  context.textBaseline = 'middle';
  for (const { item, row } of faults) {
    const left = timeToX(view, layout.plotPx, item.fromNs);
    const right = timeToX(view, layout.plotPx, item.toNs ?? Math.max(edgeNs, view.toNs));
    if (right < 0 || left > layout.plotPx) continue;
    const y = layout.faultsPx + Math.min(row, FAULT_ROWS_MAX - 1, layout.faultRows - 1) * SPAN_ROW_PX;
    context.fillStyle = palette.fault;
    context.globalAlpha = 0.16;
    context.fillRect(left, y, Math.max(right - left, 2), SPAN_BAR_PX);
    context.globalAlpha = 1;
    context.fillRect(left, y, 2, SPAN_BAR_PX);
    const start = Math.max(left, 0) + INSET_PX;
    write(
      context,
      faultTitle(item),
      start,
      y,
      Math.min(right, layout.plotPx),
      palette.fault,
      palette.sans(12),
    );
  }
}

/** Faults also tint the lanes that they act on, faintly, so that cause and effect meet. */
export function drawFaultShade(
  context: CanvasRenderingContext2D,
  faults: readonly FaultRow[],
  layout: TimelineLayout,
  view: Viewport,
  edgeNs: number,
  palette: Palette,
): void {
  context.fillStyle = palette.fault;
  context.globalAlpha = 0.06;
  for (const fault of faults) {
    const left = timeToX(view, layout.plotPx, fault.fromNs);
    const right = timeToX(view, layout.plotPx, fault.toNs ?? edgeNs);
    if (right < 0 || left > layout.plotPx) continue;
    for (const lane of layout.lanes) {
      if (!fault.targets.includes(lane.node)) continue;
      context.fillRect(left, lane.topPx + 1, Math.max(right - left, 1), lane.pitchPx - 2);
    }
  }
  context.globalAlpha = 1;
}

export function drawClients(
  context: CanvasRenderingContext2D,
  buckets: readonly OperationBucket[],
  stretches: readonly SilentStretch[],
  layout: TimelineLayout,
  view: Viewport,
  palette: Palette,
): void {
  const { topPx, heightPx } = layout.clients;
  const base = topPx + heightPx - 8;
  const reach = heightPx - 14;
  context.fillStyle = palette.fault;
  context.globalAlpha = 0.1;
  for (const { fromNs, toNs } of stretches) {
    const left = timeToX(view, layout.plotPx, fromNs);
    context.fillRect(left, topPx + 4, timeToX(view, layout.plotPx, toNs) - left, heightPx - 10);
  }
  context.globalAlpha = 1;
  const scale = bucketScale(buckets);
  context.beginPath();
  for (const bucket of buckets) {
    if (bucket.acknowledged === 0) continue;
    const left = timeToX(view, layout.plotPx, bucket.fromNs);
    const right = timeToX(view, layout.plotPx, bucket.toNs);
    if (right < 0 || left > layout.plotPx) continue;
    const height = Math.max((bucket.acknowledged / scale) * reach, 1.5);
    context.rect(left, base - height, Math.max((right - left) * 0.62, 1), height);
  }
  context.fillStyle = palette.follower;
  context.fill();
  for (const { fromNs, toNs, text } of stretches) {
    const left = Math.max(timeToX(view, layout.plotPx, fromNs), 0);
    const right = Math.min(timeToX(view, layout.plotPx, toNs), layout.plotPx);
    context.font = palette.sans(12);
    const width = context.measureText(text).width;
    if (width + 12 > right - left) continue;
    context.fillStyle = palette.t2;
    context.fillText(text, (left + right - width) / 2, topPx + heightPx / 2);
  }
}

/** Writes text on a span row if it fits before `limit`; says whether it did. */
function write(
  context: CanvasRenderingContext2D,
  text: string,
  x: number,
  rowPx: number,
  limit: number,
  ink: string,
  font: string,
): boolean {
  context.font = font;
  if (x + context.measureText(text).width > limit - 4) return false;
  context.fillStyle = ink;
  context.fillText(text, x, rowPx + SPAN_BAR_PX / 2 + 0.5);
  return true;
}
