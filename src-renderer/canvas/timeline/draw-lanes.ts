/** The bars of the lanes, and after the messages are drawn over them, what is written on the bars. */
import { drawCross, drawStar } from './draw-marks.ts';
import type { Palette } from './palette.ts';
import type { LaneRect } from './segments.ts';
import { labelOf } from './segments.ts';
import { textWidth } from '../text-width.ts';

const LABEL_INSET_PX = 8;
/** A leader's star and the room behind it. */
const STAR_PX = 18;
/** From the cross of a death to the word. */
const DEATH_PX = 14;

/** Returns how many bars it drew. */
export function drawLaneBars(
  context: CanvasRenderingContext2D,
  rects: readonly LaneRect[],
  palette: Palette,
): number {
  context.textBaseline = 'middle';
  for (const rect of rects) drawBar(context, rect, palette);
  return rects.length;
}

function drawBar(context: CanvasRenderingContext2D, rect: LaneRect, palette: Palette): void {
  const { form, segment, x, y, width, height } = rect;
  if (form === 'absent') return;
  if (form === 'dead') {
    drawBaseline(context, rect, palette);
    return;
  }
  const fills = palette.term(segment.term);
  const right = Math.max(1, width - (width > 3 ? 1 : 0));
  context.fillStyle = form === 'leader' ? fills.solid.fill : fills.tint.fill;
  box(context, x, y, right, height);
  if (form === 'candidate') {
    hatch(context, x, y, right, height, fills.hue, 7, 3);
    outline(context, x, y, right, height, fills.hue);
  } else if (form === 'pre-candidate') {
    // It has not entered the term that it asks about: hatched more thinly than a candidate.
    hatch(context, x, y, right, height, fills.hue, 7, 1);
    outline(context, x, y, right, height, fills.hue);
  } else if (form === 'paused') {
    bars(context, x, y, right, height, palette);
    outline(context, x, y, right, height, palette.down);
  } else if (form === 'learner') {
    dots(context, x, y, right, height, palette.learner);
  }
}

/** A dead node has no bar: a hollow baseline, which goes on behind its word. */
function drawBaseline(context: CanvasRenderingContext2D, rect: LaneRect, palette: Palette): void {
  const middle = rect.y + rect.height / 2;
  const text = fittingLabel(context, rect, palette)?.text;
  const from =
    text === undefined ? rect.x : rect.x + DEATH_PX + 6 + textWidth(context, palette.sans(12), text);
  if (from >= rect.x + rect.width) return;
  context.strokeStyle = palette.down;
  context.lineWidth = 1.5;
  context.setLineDash([2, 4]);
  context.beginPath();
  context.moveTo(from, middle);
  context.lineTo(rect.x + rect.width, middle);
  context.stroke();
  context.setLineDash([]);
}

/** Returns how many labels and signs it drew. */
export function drawLaneLabels(
  context: CanvasRenderingContext2D,
  rects: readonly LaneRect[],
  palette: Palette,
): number {
  context.textBaseline = 'middle';
  let drawn = 0;
  for (const rect of rects) drawn += drawLabel(context, rect, palette);
  return drawn;
}

function drawLabel(context: CanvasRenderingContext2D, rect: LaneRect, palette: Palette): number {
  const { form, segment, x, y, width, height } = rect;
  const middle = y + height / 2;
  const fills = palette.term(segment.term);
  if (form === 'dead' && rect.startsHere)
    drawCross(context, x, middle, 4.5, segment.status === 'stopped' ? palette.down : palette.fault);
  if (form === 'leader' && width > 26)
    drawStar(context, x + LABEL_INSET_PX + 6, middle, 6.5, fills.solid.ink);
  const label = fittingLabel(context, rect, palette);
  const signs = Number(form === 'dead' && rect.startsHere) + Number(form === 'leader' && width > 26);
  if (!label) return signs;
  if (form === 'candidate' || form === 'pre-candidate' || form === 'paused' || form === 'learner') {
    // A quiet ground under a label that stands on a pattern.
    context.fillStyle = fills.tint.fill;
    box(context, label.x - 4, y + 2, textWidth(context, palette.sans(12), label.text) + 8, height - 4);
  }
  context.fillStyle = form === 'dead' ? palette.t3 : form === 'leader' ? fills.solid.ink : fills.tint.ink;
  context.font = palette.sans(12, form === 'leader' ? 600 : 400);
  context.fillText(label.text, label.x, middle + 0.5);
  return signs + 1;
}

/** A bar's label if all of it fits, else as much of it as says something, else nothing. */
function fittingLabel(
  context: CanvasRenderingContext2D,
  rect: LaneRect,
  palette: Palette,
): { text: string; x: number } | undefined {
  const { form, segment } = rect;
  const inset = form === 'dead' ? DEATH_PX : form === 'leader' ? LABEL_INSET_PX + STAR_PX : LABEL_INSET_PX;
  const room = rect.width - inset - 4;
  if (room < 8) return undefined;
  const font = palette.sans(12, form === 'leader' ? 600 : 400);
  const shorter = form === 'dead' ? [] : [`term ${segment.term}`, String(segment.term)];
  const text = [labelOf(segment), ...shorter].find((words) => textWidth(context, font, words) <= room);
  return text === undefined || text === '' ? undefined : { text, x: rect.x + inset };
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
