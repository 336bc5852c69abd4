/** The ground that lanes stand on: round moments and commit strips. */
import type { Palette } from './palette.ts';
import type { LaneRow, TimelineLayout } from './layout.ts';
import type { Tick } from './ticks.ts';
import type { Viewport } from './viewport.ts';
import { timeToX } from './viewport.ts';

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
