/** The ground that lanes stand on: round moments or steps. */
import type { TimelineAxis } from './axis.ts';
import type { Palette } from './palette.ts';
import type { TimelineLayout } from './layout.ts';
import { textWidth } from '../text-width.ts';
import type { Tick } from './ticks.ts';

/** A round place on the ruler, in pixels of the plot. */
export interface PlacedTick {
  readonly x: number;
  readonly label: string;
}

export function placeTicks(ticks: readonly Tick[], axis: TimelineAxis): PlacedTick[] {
  return ticks.map(({ atNs, label }) => ({ x: axis.x(atNs), label }));
}

/** A label in the ruler and a faint line down to the clients' row for each tick. Returns how many things it drew. */
export function drawRuler(
  context: CanvasRenderingContext2D,
  layout: TimelineLayout,
  ticks: readonly PlacedTick[],
  palette: Palette,
): number {
  const font = palette.mono(12);
  context.textBaseline = 'middle';
  context.fillStyle = palette.line;
  context.globalAlpha = 0.7;
  for (const { x } of ticks) {
    const left = Math.round(x);
    context.fillRect(
      left,
      layout.lanesPx,
      1,
      layout.clients.topPx + layout.clients.heightPx - layout.lanesPx,
    );
    context.fillRect(left, 20, 1, 6);
  }
  context.globalAlpha = 1;
  context.fillStyle = palette.t3;
  for (const { x, label } of ticks) {
    if (x + 4 + textWidth(context, font, label) < layout.plotPx) context.fillText(label, x + 4, 14);
  }
  return ticks.length * 3;
}
