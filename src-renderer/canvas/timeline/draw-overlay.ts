/** What changes often, on a canvas of its own above the scene: cursor, hovered and selected things, a stretch being selected. */
import type { Palette } from './palette.ts';
import type { MessageArrow } from './arrows.ts';
import { drawOneArrow } from './draw-messages.ts';
import type { LaneRow, TimelineLayout } from './layout.ts';
import { SPAN_BAR_PX } from './layout.ts';
import { chooseTicks } from './ticks.ts';
import type { Viewport } from './viewport.ts';
import { timeToX } from './viewport.ts';

const FLAG_HEIGHT_PX = 18;

/** The cursor's line over everything and its flag, with the moment, in the ruler. */
export function drawCursor(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  view: Viewport,
  atNs: number,
  text: string,
  palette: Palette,
): void {
  const x = timeToX(view, layout.plotPx, atNs);
  if (x < -1 || x > layout.plotPx + 1) return;
  context.fillStyle = palette.accent;
  context.fillRect(Math.round(x) - 0.75, 20, 1.5, layout.clients.topPx + layout.clients.heightPx - 20);
  context.font = palette.mono(12, 600);
  context.textBaseline = 'middle';
  const width = context.measureText(text).width + 14;
  // The flag stays whole at both ends of the plot, and no half label looks out from behind it.
  const left = Math.min(Math.max(x - width / 2, 0), layout.plotPx - width);
  context.font = palette.mono(12);
  context.fillStyle = palette.s0;
  for (const tick of chooseTicks(view, layout.plotPx)) {
    const at = timeToX(view, layout.plotPx, tick.atNs) + 4;
    const labelWidth = context.measureText(tick.label).width;
    if (at < left + width + 4 && at + labelWidth > left - 4) context.fillRect(at - 2, 4, labelWidth + 6, 16);
  }
  context.font = palette.mono(12, 600);
  context.fillStyle = palette.accent;
  context.beginPath();
  context.roundRect(left, 4, width, FLAG_HEIGHT_PX, 3);
  context.fill();
  context.fillStyle = palette.onTerm;
  context.fillText(text, left + 7, 4 + FLAG_HEIGHT_PX / 2 + 0.5);
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
  layout: TimelineLayout,
  view: Viewport,
  fromNs: number,
  toNs: number,
  y: number,
): { x: number; y: number; width: number; height: number } {
  const x = timeToX(view, layout.plotPx, fromNs);
  return { x, y, width: timeToX(view, layout.plotPx, toNs) - x, height: SPAN_BAR_PX };
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
