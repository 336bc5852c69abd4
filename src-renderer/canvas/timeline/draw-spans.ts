/** Elections, faults and findings above the lanes. Each function returns how many things it drew. */
import type { ElectionRow, FaultRow, FindingRow } from '../../../src-main/api/index.ts';
import type { TimelineAxis } from './axis.ts';
import type { Palette } from './palette.ts';
import type { TimelineLayout } from './layout.ts';
import { FAULT_ROWS_MAX, SPAN_BAR_PX, SPAN_ROW_PX } from './layout.ts';
import { electionEndNs, electionSum, electionTitle, faultTitle } from './spans.ts';
import { textWidth } from '../text-width.ts';

const INSET_PX = 8;
/** Spans that begin within so many pixels of the one before look like one and are drawn once. */
const APART_PX = 1.5;

export function drawElections(
  context: CanvasRenderingContext2D,
  elections: readonly ElectionRow[],
  layout: TimelineLayout,
  axis: TimelineAxis,
  palette: Palette,
): number {
  const y = layout.electionsPx;
  let drawn = 0;
  let lastX = -Infinity;
  context.textBaseline = 'middle';
  for (const [position, election] of elections.entries()) {
    const left = axis.x(election.startedNs);
    const right = axis.x(electionEndNs(election));
    if (right < 0) continue;
    if (left > layout.plotPx) break;
    const width = Math.max(right - left, 2);
    if (width <= 2 && left < lastX + APART_PX) continue;
    lastX = left;
    context.fillStyle = palette.s3;
    context.fillRect(left, y, width, SPAN_BAR_PX);
    context.fillStyle = palette.leader;
    context.fillRect(left, y, 2, SPAN_BAR_PX);
    drawn += 2;
    const next = elections[position + 1];
    const limit = Math.min(next ? axis.x(next.startedNs) : Infinity, layout.plotPx);
    if (limit - left > 12 || width > 12)
      drawn += writeElection(context, election, { left, right, y, limit }, layout.plotPx, palette);
  }
  return drawn;
}

/** The title in the bar and the sum beside it, as far as there is room. */
function writeElection(
  context: CanvasRenderingContext2D,
  election: ElectionRow,
  place: { left: number; right: number; y: number; limit: number },
  plotPx: number,
  palette: Palette,
): number {
  const { left, right, y, limit } = place;
  const start = Math.max(left, 0) + INSET_PX;
  const shownRight = Math.min(Math.max(right, left + 2), plotPx);
  const [title, sum] = [electionTitle(election), electionSum(election)];
  const [sans, mono] = [palette.sans(12), palette.mono(12)];
  const inside = write(context, title, start, y, shownRight, palette.t1, sans);
  // Beside the bar: the sum; and the title too, where the bar is too small to hold it.
  const outside = inside ? sum : `${title}  ${sum}`;
  const from = Math.max(shownRight, 0) + INSET_PX;
  if (write(context, outside, from, y, limit, palette.t2, mono)) return inside ? 2 : 1;
  if (!inside) return Number(write(context, title, from, y, limit, palette.t2, sans));
  const behind = start + textWidth(context, sans, title) + 14;
  return 1 + Number(write(context, sum, behind, y, shownRight, palette.t2, mono));
}

export function drawFaults(
  context: CanvasRenderingContext2D,
  faults: readonly { item: FaultRow; row: number }[],
  layout: TimelineLayout,
  axis: TimelineAxis,
  palette: Palette,
): number {
  let drawn = 0;
  const lastX = new Map<number, number>();
  context.textBaseline = 'middle';
  for (const { item, row } of faults) {
    const left = axis.x(item.fromNs);
    // A fault that lasts is drawn to the plot's edge.
    const right = Math.min(item.toNs === null ? Infinity : axis.x(item.toNs), layout.plotPx);
    if (right < 0 || left > layout.plotPx) continue;
    const shownRow = Math.min(row, FAULT_ROWS_MAX - 1, layout.faultRows - 1);
    if (right - left <= 2 && left < (lastX.get(shownRow) ?? -Infinity) + APART_PX) continue;
    lastX.set(shownRow, left);
    const y = layout.faultsPx + shownRow * SPAN_ROW_PX;
    context.fillStyle = palette.fault;
    context.globalAlpha = 0.16;
    context.fillRect(Math.max(left, -4), y, Math.max(right - Math.max(left, -4), 2), SPAN_BAR_PX);
    context.globalAlpha = 1;
    context.fillRect(left, y, 2, SPAN_BAR_PX);
    drawn += 2;
    const start = Math.max(left, 0) + INSET_PX;
    if (right - start > 20)
      drawn += Number(write(context, faultTitle(item), start, y, right, palette.fault, palette.sans(12)));
  }
  return drawn;
}

/** Faults also tint the lanes that they act on, faintly, so that cause and effect meet. */
export function drawFaultShade(
  context: CanvasRenderingContext2D,
  faults: readonly FaultRow[],
  layout: TimelineLayout,
  axis: TimelineAxis,
  edgeNs: number,
  palette: Palette,
): number {
  let drawn = 0;
  context.fillStyle = palette.fault;
  context.globalAlpha = 0.06;
  for (const fault of faults) {
    for (const lane of layout.lanes) {
      if (!fault.targets.includes(lane.node)) continue;
      const left = Math.max(axis.x(fault.fromNs, lane.node), 0);
      const right = Math.min(axis.x(fault.toNs ?? edgeNs, lane.node), layout.plotPx);
      if (right < 0 || left > layout.plotPx) continue;
      context.fillRect(left, lane.topPx + 1, Math.max(right - left, 1), lane.pitchPx - 2);
      drawn++;
    }
  }
  context.globalAlpha = 1;
  return drawn;
}

/** A rule that was broken: a flag under the ruler and a line through all lanes. */
export function drawFindings(
  context: CanvasRenderingContext2D,
  findings: readonly FindingRow[],
  layout: TimelineLayout,
  axis: TimelineAxis,
  palette: Palette,
): number {
  let drawn = 0;
  let lastX = -Infinity;
  context.fillStyle = palette.violation;
  for (const { atNs } of findings) {
    const x = Math.round(axis.x(atNs));
    if (x < -8 || x > layout.plotPx + 8 || x < lastX + APART_PX) continue;
    lastX = x;
    context.globalAlpha = 0.55;
    context.fillRect(x - 0.5, layout.lanesPx, 1, layout.clients.topPx - layout.lanesPx);
    context.globalAlpha = 1;
    context.beginPath();
    context.moveTo(x - 6, layout.lanesPx - 4);
    context.lineTo(x + 6, layout.lanesPx - 4);
    context.lineTo(x, layout.lanesPx + 7);
    context.fill();
    drawn += 2;
  }
  return drawn;
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
  if (x + textWidth(context, font, text) > limit - 4) return false;
  context.fillStyle = ink;
  context.fillText(text, x, rowPx + SPAN_BAR_PX / 2 + 0.5);
  return true;
}
