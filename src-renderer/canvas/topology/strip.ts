import type { Nanoseconds, OperationBucket } from '../../../src-main/api/index.ts';
import type { Tokens } from '../../stores/appearance.ts';
import type { Size } from './layout.ts';

/** A stretch of time in which something was broken. */
export interface FaultBand {
  label: string;
  fromNs: Nanoseconds;
  /** null: it lasts. */
  toNs: Nanoseconds | null;
}

export interface StripScene {
  size: Size;
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
  /** The cursor; open bands end here. */
  atNs: Nanoseconds;
  buckets: readonly OperationBucket[];
  bands: readonly FaultBand[];
}

/** Acknowledged operations a second. */
export function perSecond(bucket: OperationBucket): number {
  const s = (bucket.toNs - bucket.fromNs) / 1e9;
  return s > 0 ? bucket.acknowledged / s : 0;
}

/** Two lines over one time axis: throughput above, the 99th percentile below; broken stretches as bands behind both. */
export function drawStrip(context: CanvasRenderingContext2D, scene: StripScene, tokens: Tokens): void {
  const { size, buckets } = scene;
  const { colour, rem } = tokens;
  context.clearRect(0, 0, size.width, size.height);
  const x = (ns: Nanoseconds): number => ((ns - scene.fromNs) / (scene.toNs - scene.fromNs)) * size.width;
  drawBands(context, scene, x, tokens);
  const track = size.height / 2;
  const pad = 0.25 * rem;
  const labels = scene.bands.length > 0 ? 0.875 * rem : 0;
  drawLine(context, buckets, x, perSecond, { top: pad + labels, bottom: track - pad }, colour.follower);
  drawLine(
    context,
    buckets,
    x,
    (bucket) => bucket.p99Ms,
    { top: track + pad, bottom: size.height - pad },
    colour.leader,
  );
  context.lineWidth = 1;
  context.strokeStyle = colour.accent;
  const cursor = Math.min(size.width - 0.5, Math.round(x(scene.atNs)) + 0.5);
  context.beginPath();
  context.moveTo(cursor, 0);
  context.lineTo(cursor, size.height);
  context.stroke();
  context.strokeStyle = colour.line;
  for (const y of [track, size.height]) {
    context.beginPath();
    context.moveTo(0, Math.round(y) - 0.5);
    context.lineTo(size.width, Math.round(y) - 0.5);
    context.stroke();
  }
}

function drawBands(
  context: CanvasRenderingContext2D,
  scene: StripScene,
  x: (ns: Nanoseconds) => number,
  tokens: Tokens,
): void {
  const { colour, rem } = tokens;
  const { width, height } = scene.size;
  const seen = scene.bands
    .map((band) => ({
      label: band.label,
      left: Math.max(0, x(band.fromNs)),
      right: Math.min(width, x(band.toNs ?? scene.atNs)),
    }))
    .filter((band) => band.right > 0 && band.left < width && band.right >= band.left)
    .sort((a, b) => a.left - b.left);
  context.globalAlpha = 0.14;
  context.fillStyle = colour.fault;
  // Overlapping bands are filled once, so that two faults are no darker than one.
  let filledTo = 0;
  for (const band of seen) {
    const left = Math.max(band.left, filledTo);
    const right = Math.max(band.right, band.left + 1);
    if (right > left) context.fillRect(left, 0, right - left, height);
    filledTo = Math.max(filledTo, right);
  }
  context.globalAlpha = 1;
  context.font = `${0.75 * rem}px 'Inter Variable', sans-serif`;
  context.textBaseline = 'top';
  context.textAlign = 'left';
  let labelFrom = -Infinity;
  for (const band of seen) {
    if (band.left < labelFrom) continue;
    context.fillText(band.label, band.left + 0.25 * rem, 0.125 * rem);
    labelFrom = band.left + context.measureText(band.label).width + rem;
  }
}

/** A null value interrupts the line: there was nothing to measure. */
function drawLine(
  context: CanvasRenderingContext2D,
  buckets: readonly OperationBucket[],
  x: (ns: Nanoseconds) => number,
  valueOf: (bucket: OperationBucket) => number | null,
  room: { top: number; bottom: number },
  colour: string,
): void {
  const highest = Math.max(1e-9, ...buckets.map((bucket) => valueOf(bucket) ?? 0));
  context.strokeStyle = colour;
  context.lineWidth = 1.25;
  context.lineJoin = 'round';
  context.beginPath();
  let drawing = false;
  for (const bucket of buckets) {
    const value = valueOf(bucket);
    if (value === null) {
      drawing = false;
      continue;
    }
    const y = room.bottom - (value / highest) * (room.bottom - room.top);
    const at = x((bucket.fromNs + bucket.toNs) / 2);
    if (drawing) context.lineTo(at, y);
    else context.moveTo(at, y);
    drawing = true;
  }
  context.stroke();
}
