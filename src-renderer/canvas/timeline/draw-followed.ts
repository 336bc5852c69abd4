/** What is followed, above everything else of the scene: the rest fades, its messages stay, and its moments are marked on the lanes. */
import type { Followed, FollowedMoment, MomentTone } from '../../stores/followed-story.ts';
import { messageArrows } from './arrows.ts';
import type { TimelineAxis } from './axis.ts';
import { drawOneArrow } from './draw-messages.ts';
import type { TimelineLayout } from './layout.ts';
import type { Palette } from './palette.ts';
import { textWidth } from '../text-width.ts';

/** How much of the ground lies over what is not followed. */
const VEIL_ALPHA = 0.66;
const MARK_PX = 4;
const LABEL_GAP_PX = 7;
const LABEL_AWAY_PX = 8;

/** A moment where it is drawn. */
export interface PlacedMoment {
  readonly moment: FollowedMoment;
  readonly x: number;
  readonly y: number;
  /** Where its word may stand: above the bar of its lane, else below. */
  readonly labelYs: readonly number[];
}

/** Those within the plot, in order of time; of clients on their row. */
function placeMoments(
  moments: readonly FollowedMoment[],
  layout: TimelineLayout,
  axis: TimelineAxis,
): PlacedMoment[] {
  const lanes = new Map(layout.lanes.map((lane) => [lane.node, lane]));
  const placed: PlacedMoment[] = [];
  for (const moment of moments) {
    const lane = lanes.get(moment.node);
    const x = axis.x(moment.atNs, lane?.node);
    if (x < -MARK_PX || x > layout.plotPx + MARK_PX) continue;
    if (lane) {
      const away = lane.followerPx / 2 + LABEL_AWAY_PX;
      placed.push({ moment, x, y: lane.centerPx, labelYs: [lane.centerPx - away, lane.centerPx + away] });
    } else if (moment.node === 'load') {
      const y = layout.clients.topPx + layout.clients.heightPx / 2;
      placed.push({ moment, x, y, labelYs: [layout.clients.topPx + 4] });
    }
  }
  return placed;
}

/** The context is clipped to the plot. */
export function drawFollowed(
  context: CanvasRenderingContext2D,
  followed: Followed,
  layout: TimelineLayout,
  axis: TimelineAxis,
  palette: Palette,
): void {
  const bottom = layout.clients.topPx + layout.clients.heightPx;
  context.globalAlpha = VEIL_ALPHA;
  context.fillStyle = palette.s0;
  context.fillRect(0, layout.lanesPx, layout.plotPx, bottom - layout.lanesPx);
  context.globalAlpha = 1;
  for (const arrow of messageArrows(followed.rows, layout, axis)) {
    drawOneArrow(context, arrow, palette.s0, 4);
    drawOneArrow(context, arrow, arrow.end === 'cross' ? palette.fault : palette.accent, 1.75);
  }
  const placed = placeMoments(followed.moments, layout, axis);
  for (const { moment, x, y } of placed) drawMark(context, x, y, colourOf(moment.tone, palette), palette);
  drawLabels(context, placed, palette);
}

function colourOf(tone: MomentTone, palette: Palette): string {
  switch (tone) {
    case 'begun':
      return palette.accent;
    case 'ok':
      return palette.ok;
    case 'fault':
      return palette.fault;
    case 'plain':
      return palette.t1;
  }
}

function drawMark(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  colour: string,
  palette: Palette,
): void {
  context.beginPath();
  context.arc(x, y, MARK_PX, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = palette.s0;
  context.lineWidth = 1.5;
  context.stroke();
}

/** As many labels as fit beside each other on their lane; the marks are all there. */
function drawLabels(
  context: CanvasRenderingContext2D,
  placed: readonly PlacedMoment[],
  palette: Palette,
): void {
  context.font = palette.sans(12, 600);
  context.textBaseline = 'middle';
  const takenTo = new Map<number, number>();
  for (const { moment, x, labelYs } of placed) {
    const left = x - MARK_PX;
    const labelY = labelYs.find((y) => left >= (takenTo.get(y) ?? -Infinity));
    if (labelY === undefined) continue;
    const width = textWidth(context, palette.sans(12, 600), moment.label);
    context.fillStyle = palette.s0;
    context.fillRect(left - 2, labelY - 8, width + 4, 16);
    context.fillStyle = colourOf(moment.tone, palette);
    context.fillText(moment.label, left, labelY);
    takenTo.set(labelY, left + width + LABEL_GAP_PX);
  }
}
