/** The whole run in one strip. */
import type { DensityBucket, ElectionRow, FaultRow } from '../../../src-main/api/index.ts';
import type { Palette } from './palette.ts';
import { electionEndNs } from './spans.ts';
import { formatMoment } from './time.ts';
import type { Viewport } from './viewport.ts';
import { timeToX } from './viewport.ts';

export interface Overview {
  readonly gutterPx: number;
  readonly plotPx: number;
  readonly heightPx: number;
  readonly whole: Viewport;
  readonly view: Viewport;
  readonly atNs: number;
  readonly density: readonly DensityBucket[];
  readonly bucketNs: number;
  readonly faults: readonly FaultRow[];
  readonly elections: readonly ElectionRow[];
  readonly palette: Palette;
}

const BARS_TOP_PX = 10;
const BARS_BOTTOM_PX = 34;
const LABEL_PX = 44;

export function drawOverview(context: CanvasRenderingContext2D, overview: Overview): void {
  const { palette, whole, plotPx, gutterPx } = overview;
  context.textBaseline = 'middle';
  context.font = palette.sans(12);
  context.fillStyle = palette.t3;
  context.fillText('whole run', 16, (BARS_TOP_PX + BARS_BOTTOM_PX) / 2);
  context.save();
  context.translate(gutterPx, 0);
  drawDensity(context, overview);
  const x = (atNs: number): number => timeToX(whole, plotPx, atNs);
  context.fillStyle = palette.leader;
  for (const election of overview.elections) {
    const left = x(election.startedNs);
    context.fillRect(left, 2, Math.max(x(electionEndNs(election)) - left, 2), 2);
  }
  context.fillStyle = palette.fault;
  for (const fault of overview.faults) {
    const left = x(fault.fromNs);
    context.fillRect(left, 5, Math.max(x(fault.toNs ?? whole.toNs) - left, 2), 3);
  }
  const left = Math.max(x(overview.view.fromNs), 0);
  const width = Math.max(Math.min(x(overview.view.toNs), plotPx) - left, 3);
  context.fillStyle = palette.accent;
  context.globalAlpha = 0.2;
  context.fillRect(left, 1, width, BARS_BOTTOM_PX + 1);
  context.globalAlpha = 1;
  context.strokeStyle = palette.accent;
  context.lineWidth = 1;
  context.strokeRect(left + 0.5, 1.5, Math.max(width - 1, 2), BARS_BOTTOM_PX);
  context.fillRect(Math.min(x(overview.atNs), plotPx) - 0.75, 0, 1.5, BARS_BOTTOM_PX + 3);
  context.font = palette.mono(12);
  context.fillStyle = palette.t3;
  context.fillText('0', 0, LABEL_PX);
  const end = formatMoment(whole.toNs, 3);
  context.fillText(end, plotPx - context.measureText(end).width - 8, LABEL_PX);
  context.restore();
}

function drawDensity(context: CanvasRenderingContext2D, overview: Overview): void {
  const { density, palette, plotPx, whole } = overview;
  let most = 1;
  for (const bucket of density) most = Math.max(most, bucket.events);
  const width = Math.max((overview.bucketNs / whole.toNs) * plotPx * 0.7, 1);
  context.fillStyle = palette.down;
  for (const bucket of density) {
    if (bucket.events === 0) continue;
    // A square root, so that the quiet parts, where elections happen, do not vanish beside the busy ones.
    const height = Math.max(Math.sqrt(bucket.events / most) * (BARS_BOTTOM_PX - BARS_TOP_PX), 1.5);
    context.fillRect(timeToX(whole, plotPx, bucket.fromNs), BARS_BOTTOM_PX - height, width, height);
  }
}
