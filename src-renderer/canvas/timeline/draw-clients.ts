/** The clients' row: how many operations were acknowledged, and from close by each of them from call to reply. */
import type { OperationBucket, OperationRow } from '../../../src-main/api/index.ts';
import type { TimelineAxis } from './axis.ts';
import type { SilentStretch } from './clients.ts';
import { bucketScale, placeOperations } from './clients.ts';
import type { TimelineLayout } from './layout.ts';
import type { Palette } from './palette.ts';
import { textWidth } from '../text-width.ts';

/** Returns how many things it drew, as its neighbours do. */
export function drawClients(
  context: CanvasRenderingContext2D,
  given: {
    readonly buckets: readonly OperationBucket[];
    readonly stretches: readonly SilentStretch[];
    /** null where there are too many to be told apart. */
    readonly operations: readonly OperationRow[] | null;
  },
  layout: TimelineLayout,
  axis: TimelineAxis,
  palette: Palette,
): number {
  const { buckets, stretches, operations } = given;
  const shaded = drawSilences(context, stretches, layout, axis, palette);
  // Seen one by one, operations tell themselves that none of them is answered.
  if (operations) return shaded + drawOperations(context, operations, layout, axis, palette);
  const drawn = drawBuckets(context, buckets, layout, axis, palette);
  return shaded + drawn + writeSilences(context, stretches, layout, axis, palette);
}

function drawSilences(
  context: CanvasRenderingContext2D,
  stretches: readonly SilentStretch[],
  layout: TimelineLayout,
  axis: TimelineAxis,
  palette: Palette,
): number {
  const { topPx, heightPx } = layout.clients;
  context.fillStyle = palette.fault;
  context.globalAlpha = 0.1;
  for (const { fromNs, toNs } of stretches) {
    const left = Math.max(axis.x(fromNs), 0);
    context.fillRect(left, topPx + 4, Math.min(axis.x(toNs), layout.plotPx) - left, heightPx - 10);
  }
  context.globalAlpha = 1;
  return stretches.length;
}

function drawBuckets(
  context: CanvasRenderingContext2D,
  buckets: readonly OperationBucket[],
  layout: TimelineLayout,
  axis: TimelineAxis,
  palette: Palette,
): number {
  const { topPx, heightPx } = layout.clients;
  const base = topPx + heightPx - 8;
  const reach = heightPx - 14;
  const scale = bucketScale(buckets);
  let drawn = 0;
  context.fillStyle = palette.follower;
  for (const bucket of buckets) {
    if (bucket.acknowledged === 0) continue;
    const left = axis.x(bucket.fromNs);
    const right = axis.x(bucket.toNs);
    if (right < 0 || left > layout.plotPx) continue;
    const height = Math.max((bucket.acknowledged / scale) * reach, 1.5);
    context.fillRect(left, base - height, Math.max((right - left) * 0.62, 1), height);
    drawn++;
  }
  return drawn;
}

/** One thin bar an operation, in as many rows as overlap; what was refused or never answered in the colour of faults. */
function drawOperations(
  context: CanvasRenderingContext2D,
  operations: readonly OperationRow[],
  layout: TimelineLayout,
  axis: TimelineAxis,
  palette: Palette,
): number {
  const placed = placeOperations(operations, layout, axis);
  for (const { row, x, y, width, height } of placed) {
    context.fillStyle =
      row.outcome === 'ok' ? palette.follower : row.outcome === 'open' ? palette.down : palette.fault;
    context.fillRect(x, y, width, height);
  }
  return placed.length;
}

function writeSilences(
  context: CanvasRenderingContext2D,
  stretches: readonly SilentStretch[],
  layout: TimelineLayout,
  axis: TimelineAxis,
  palette: Palette,
): number {
  const { topPx, heightPx } = layout.clients;
  const font = palette.sans(12);
  let drawn = 0;
  context.textBaseline = 'middle';
  for (const { fromNs, toNs, text } of stretches) {
    const left = Math.max(axis.x(fromNs), 0);
    const right = Math.min(axis.x(toNs), layout.plotPx);
    const width = textWidth(context, font, text);
    if (width + 12 > right - left) continue;
    context.fillStyle = palette.t2;
    context.fillText(text, (left + right - width) / 2, topPx + heightPx / 2);
    drawn++;
  }
  return drawn;
}
