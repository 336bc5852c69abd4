/** The lanes and the ruler: everything whose place is a node or a round moment. */
import type { Palette } from './palette.ts';
import type { LaneRow, TimelineLayout } from './layout.ts';
import type { LaneRect } from './segments.ts';
import { labelOf } from './segments.ts';
import type { Tick } from './ticks.ts';
import type { Viewport } from './viewport.ts';
import { timeToX } from './viewport.ts';

const LABEL_INSET_PX = 8;

/** Round moments: a label in the ruler and a faint line down to the clients' row. */
export function drawRuler(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  view: Viewport,
  ticks: readonly Tick[],
  palette: Palette,
): void {
  context.font = palette.mono(12);
  context.textBaseline = 'middle';
  context.fillStyle = palette.t3;
  context.strokeStyle = palette.line;
  context.lineWidth = 1;
  context.beginPath();
  for (const tick of ticks) {
    const x = Math.round(timeToX(view, layout.plotPx, tick.atNs)) + 0.5;
    context.moveTo(x, layout.lanesPx);
    context.lineTo(x, layout.clients.topPx + layout.clients.heightPx);
    const width = context.measureText(tick.label).width;
    if (x + 4 + width < layout.plotPx) context.fillText(tick.label, x + 4, 14);
    context.moveTo(x, 20);
    context.lineTo(x, 26);
  }
  context.globalAlpha = 0.7;
  context.stroke();
  context.globalAlpha = 1;
}

export function drawLanes(
  context: CanvasRenderingContext2D,
  rects: readonly LaneRect[],
  palette: Palette,
): void {
  context.textBaseline = 'middle';
  for (const rect of rects) drawSegment(context, rect, palette);
}

function drawSegment(context: CanvasRenderingContext2D, rect: LaneRect, palette: Palette): void {
  const { form, segment, x, y, width, height } = rect;
  const middle = y + height / 2;
  if (form === 'absent') return;
  if (form === 'dead') {
    context.strokeStyle = palette.down;
    context.lineWidth = 1.5;
    context.setLineDash([2, 4]);
    line(context, x, middle, x + width, middle);
    context.setLineDash([]);
    if (rect.startsHere) drawCross(context, x, middle, 4.5, palette.fault);
    label(context, rect, x + 14, palette.t3, palette, 400);
    return;
  }
  const fills = palette.term(segment.term);
  const right = Math.max(1, width - (width > 3 ? 1 : 0));
  if (form === 'leader') {
    context.fillStyle = fills.solid.fill;
    box(context, x, y, right, height);
    if (width > 26) drawStar(context, x + LABEL_INSET_PX + 6, middle, 6.5, fills.solid.ink);
    label(context, rect, x + LABEL_INSET_PX + 18, fills.solid.ink, palette, 600);
    return;
  }
  context.fillStyle = fills.tint.fill;
  box(context, x, y, right, height);
  if (form === 'candidate') {
    hatch(context, x, y, right, height, fills.hue, 7, 3);
    outline(context, x, y, right, height, fills.hue);
    plate(context, rect, x + LABEL_INSET_PX, fills.tint.fill, palette);
  } else if (form === 'paused') {
    bars(context, x, y, right, height, palette);
    outline(context, x, y, right, height, palette.down);
    plate(context, rect, x + LABEL_INSET_PX, fills.tint.fill, palette);
  } else if (form === 'learner') {
    dots(context, x, y, right, height, palette.learner);
  }
  label(context, rect, x + LABEL_INSET_PX, fills.tint.ink, palette, 400);
}

/** The part of the strip in which a node's commit index rose. `steps` are [from, to) in pixels. */
export function drawCommitStrip(
  context: CanvasRenderingContext2D,
  lane: LaneRow,
  widthPx: number,
  steps: readonly { x: number; width: number }[],
  palette: Palette,
): void {
  context.fillStyle = palette.s3;
  context.fillRect(0, lane.stripPx - 1, widthPx, 2);
  context.fillStyle = palette.t3;
  for (const { x, width } of steps) context.fillRect(x, lane.stripPx - 1.5, Math.max(width, 1), 3);
}

/** Writes a segment's label if all of it fits, else as much of it as says something, else nothing. */
function label(
  context: CanvasRenderingContext2D,
  rect: LaneRect,
  x: number,
  ink: string,
  palette: Palette,
  weight: number,
): void {
  const room = rect.x + rect.width - x - 4;
  const text = fitting(context, rect, room, palette, weight);
  if (text === undefined) return;
  context.fillStyle = ink;
  context.fillText(text, x, rect.y + rect.height / 2 + 0.5);
}

function fitting(
  context: CanvasRenderingContext2D,
  rect: LaneRect,
  room: number,
  palette: Palette,
  weight: number,
): string | undefined {
  if (room < 8) return undefined;
  context.font = palette.sans(12, weight);
  const { term } = rect.segment;
  const shorter = rect.form === 'dead' ? [] : [`term ${term}`, String(term)];
  return [labelOf(rect.segment), ...shorter].find((text) => context.measureText(text).width <= room);
}

/** A quiet ground under a label that stands on a pattern. */
function plate(
  context: CanvasRenderingContext2D,
  rect: LaneRect,
  x: number,
  fill: string,
  palette: Palette,
): void {
  const text = fitting(context, rect, rect.x + rect.width - x - 4, palette, 400);
  if (text === undefined) return;
  context.fillStyle = fill;
  box(context, x - 4, rect.y + 2, context.measureText(text).width + 8, rect.height - 4);
}

function box(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  if (width < 4) {
    context.fillRect(x, y, width, height);
    return;
  }
  context.beginPath();
  context.roundRect(x, y, width, height, 2);
  context.fill();
}

function outline(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
): void {
  if (width < 3) return;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
}

function hatch(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
  everyPx: number,
  linePx: number,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = linePx;
  context.beginPath();
  // The pattern hangs on the plot, not on the bar, so that it does not swim while the view moves by whole bars.
  for (let at = x - height - (x % everyPx); at < x + width; at += everyPx) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
}

function bars(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  palette: Palette,
): void {
  context.fillStyle = palette.down;
  for (let at = x; at < x + width - 2; at += 10) context.fillRect(at, y, 4, height);
}

function dots(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
): void {
  context.fillStyle = colour;
  for (let at = x + 4; at < x + width - 2; at += 7) context.fillRect(at, y + height / 2 - 1, 2, 2);
}

export function drawCross(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  reach: number,
  colour: string,
): void {
  context.strokeStyle = colour;
  context.lineWidth = 1.75;
  context.beginPath();
  context.moveTo(x - reach, y - reach);
  context.lineTo(x + reach, y + reach);
  context.moveTo(x + reach, y - reach);
  context.lineTo(x - reach, y + reach);
  context.stroke();
}

export function drawStar(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  colour: string,
): void {
  context.fillStyle = colour;
  context.beginPath();
  for (let point = 0; point < 10; point++) {
    const angle = (point * Math.PI) / 5 - Math.PI / 2;
    const reach = point % 2 === 0 ? radius : radius * 0.45;
    context.lineTo(x + Math.cos(angle) * reach, y + Math.sin(angle) * reach);
  }
  context.fill();
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
