/** What changes often, on a canvas of its own above the scene: cursor, hovered and selected things, a stretch being selected. */
import type { Palette } from './palette.ts';
import type { TimelineAxis } from './axis.ts';
import type { MessageArrow } from './arrows.ts';
import type { PlacedTick } from './draw-plot.ts';
import { drawOneArrow } from './draw-messages.ts';
import type { LaneRow, TimelineLayout } from './layout.ts';
import { SPAN_BAR_PX } from './layout.ts';
import { textWidth } from '../text-width.ts';

const FLAG_HEIGHT_PX = 18;

/**
 * The cursor's line over everything and its flag, with the moment, in the ruler. Where lanes have times of their own, the line goes from
 * lane to lane: it is what each of them had come to.
 */
export function drawCursor(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  axis: TimelineAxis,
  cursor: { readonly atNs: number; readonly text: string; readonly ticks: readonly PlacedTick[] },
  palette: Palette,
): void {
  const x = axis.x(cursor.atNs);
  const bottom = layout.clients.topPx + layout.clients.heightPx;
  if (axis.arrangement === 'causal') drawCut(context, layout, axis, cursor.atNs, palette);
  if (x < -1 || x > layout.plotPx + 1) return;
  context.fillStyle = palette.accent;
  const [top, height] = axis.arrangement === 'causal' ? [20, layout.lanesPx - 20] : [20, bottom - 20];
  context.fillRect(Math.round(x) - 0.75, top, 1.5, height);
  const font = palette.mono(12, 600);
  context.textBaseline = 'middle';
  const width = textWidth(context, font, cursor.text) + 14;
  // The flag stays whole at both ends of the plot, and no half label looks out from behind it.
  const left = Math.min(Math.max(x - width / 2, 0), layout.plotPx - width);
  const tickFont = palette.mono(12);
  context.fillStyle = palette.s0;
  for (const tick of cursor.ticks) {
    const at = tick.x + 4;
    if (at > left + width + 4 || at < left - 160) continue;
    const labelWidth = textWidth(context, tickFont, tick.label);
    if (at + labelWidth > left - 4) context.fillRect(at - 2, 4, labelWidth + 6, 16);
  }
  context.font = font;
  context.fillStyle = palette.accent;
  context.beginPath();
  context.roundRect(left, 4, width, FLAG_HEIGHT_PX, 3);
  context.fill();
  context.fillStyle = palette.onTerm;
  context.fillText(cursor.text, left + 7, 4 + FLAG_HEIGHT_PX / 2 + 0.5);
}

function drawCut(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  axis: TimelineAxis,
  atNs: number,
  palette: Palette,
): void {
  context.strokeStyle = palette.accent;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const lane of layout.lanes) {
    const x = axis.x(atNs, lane.node);
    context.lineTo(x, lane.topPx + 2);
    context.lineTo(x, lane.topPx + lane.pitchPx - 2);
  }
  context.stroke();
}

/** A stretch being chosen by dragging with Shift held. */
export function drawStretch(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  x1: number,
  x2: number,
  text: string,
  palette: Palette,
): void {
  const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
  const bottom = layout.clients.topPx + layout.clients.heightPx;
  context.fillStyle = palette.accent;
  context.globalAlpha = 0.16;
  context.fillRect(left, 0, right - left, bottom);
  context.globalAlpha = 1;
  context.fillRect(left, 0, 1, bottom);
  context.fillRect(right - 1, 0, 1, bottom);
  context.font = palette.mono(12, 600);
  context.fillText(text, left + 6, layout.lanesPx + 10);
}

export function drawArrowMark(
  context: CanvasRenderingContext2D,
  arrow: MessageArrow,
  selected: boolean,
  palette: Palette,
): void {
  drawOneArrow(context, arrow, palette.s0, selected ? 6 : 5);
  drawOneArrow(context, arrow, selected ? palette.accent : palette.t1, selected ? 2.5 : 2);
}

/** A frame around a span or a bar. */
export function drawBoxMark(
  context: CanvasRenderingContext2D,
  box: { x: number; y: number; width: number; height: number },
  selected: boolean,
  palette: Palette,
): void {
  context.strokeStyle = selected ? palette.accent : palette.t2;
  context.lineWidth = selected ? 2 : 1;
  context.strokeRect(box.x - 0.5, box.y - 0.5, Math.max(box.width, 3) + 1, box.height + 1);
}

export function spanBox(
  axis: TimelineAxis,
  fromNs: number,
  toNs: number,
  y: number,
): { x: number; y: number; width: number; height: number } {
  const x = axis.x(fromNs);
  return { x, y, width: Math.min(axis.x(toNs), axis.widthPx + 4) - x, height: SPAN_BAR_PX };
}

/** Where the selected event happened: a diamond on its node's lane. */
export function drawEventMark(
  context: CanvasRenderingContext2D,
  lane: LaneRow,
  x: number,
  palette: Palette,
): void {
  const reach = 6;
  context.beginPath();
  context.moveTo(x, lane.centerPx - reach);
  context.lineTo(x + reach, lane.centerPx);
  context.lineTo(x, lane.centerPx + reach);
  context.lineTo(x - reach, lane.centerPx);
  context.closePath();
  context.fillStyle = palette.accent;
  context.fill();
  context.strokeStyle = palette.s0;
  context.lineWidth = 1.5;
  context.stroke();
}
