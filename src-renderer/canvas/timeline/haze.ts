/** Messages too many to be told apart: between two lanes a column is as dense as what went over it. Pure but for the drawing at the end. */
import type { MessageClass, NodeId, QueryAnswer } from '../../../src-main/api/index.ts';
import type { TimelineAxis } from './axis.ts';
import type { TimelineLayout } from './layout.ts';
import type { Palette } from './palette.ts';

/** Cells of one look, all drawn alike. */
export interface HazeGroup {
  readonly class: MessageClass | 'lost';
  /** From 1 to `LEVELS`. */
  readonly level: number;
  /** Columns, counted from the haze's beginning, and the gap below which lane; both as long. */
  readonly columns: Uint16Array;
  readonly gaps: Uint8Array;
}

export interface Haze {
  readonly fromNs: number;
  readonly columnNs: number;
  readonly groups: readonly HazeGroup[];
}

const LEVELS = 5;
const ALPHA: readonly number[] = [0, 0.14, 0.22, 0.32, 0.44, 0.6];
const CLASSES: readonly MessageClass[] = ['heartbeats', 'entries', 'elections'];

/** How much went over each gap between two lanes, column by column: a message crosses every gap between its ends. */
export function buildHaze(
  answer: Pick<QueryAnswer<'traffic'>, 'haze'>,
  nodes: readonly NodeId[],
  window: { fromNs: number; toNs: number; buckets: number },
): Haze {
  const { buckets } = window;
  const gaps = Math.max(nodes.length - 1, 0);
  const groups: HazeGroup[] = [];
  const place = new Map(nodes.map((node, at) => [node, at]));
  const lost = new Float64Array(buckets * gaps);
  for (const of of CLASSES) {
    const weight = new Float64Array(buckets * gaps);
    for (const link of answer.haze) {
      const [a, b] = [place.get(link.from), place.get(link.to)];
      if (link.class !== of || a === undefined || b === undefined) continue;
      for (const [at, bucket] of link.buckets.entries()) {
        const count = link.counts[at] ?? 0;
        for (let gap = Math.min(a, b); gap < Math.max(a, b); gap++) add(weight, bucket * gaps + gap, count);
        // What was lost is marked beside the lane that it never reached.
        if ((link.lost[at] ?? 0) > 0) add(lost, bucket * gaps + Math.min(a < b ? b - 1 : b, gaps - 1), 1);
      }
    }
    groups.push(...grouped(of, weight, gaps));
  }
  groups.push(...grouped('lost', lost, gaps));
  return { fromNs: window.fromNs, columnNs: (window.toNs - window.fromNs) / buckets, groups };
}

function add(weights: Float64Array, at: number, count: number): void {
  weights[at] = (weights[at] ?? 0) + count;
}

/** A logarithm, because between a heartbeat and a burst lie three decades. */
function grouped(of: HazeGroup['class'], weight: Float64Array, gaps: number): HazeGroup[] {
  let most = 0;
  for (const value of weight) most = Math.max(most, value);
  if (most === 0) return [];
  const columns: number[][] = Array.from({ length: LEVELS + 1 }, () => []);
  const rows: number[][] = Array.from({ length: LEVELS + 1 }, () => []);
  for (const [at, value] of weight.entries()) {
    if (value === 0) continue;
    const level = Math.max(1, Math.ceil((LEVELS * Math.log1p(value)) / Math.log1p(most)));
    columns[level]?.push(Math.floor(at / gaps));
    rows[level]?.push(at % gaps);
  }
  return columns.flatMap((cells, level) =>
    cells.length === 0
      ? []
      : [{ class: of, level, columns: Uint16Array.from(cells), gaps: Uint8Array.from(rows[level] ?? []) }],
  );
}

/** Returns how many cells it drew. */
export function drawHaze(
  context: CanvasRenderingContext2D,
  haze: Haze,
  layout: TimelineLayout,
  axis: TimelineAxis,
  palette: Palette,
): number {
  const tops = layout.lanes.map((lane) => Math.round(lane.centerPx + lane.followerPx / 2));
  const bottoms = layout.lanes.slice(1).map((lane) => Math.round(lane.centerPx - lane.followerPx / 2));
  const originPx = axis.x(haze.fromNs);
  const columnPx = axis.x(haze.fromNs + haze.columnNs) - originPx;
  const gapPx = columnPx > 3 ? 1 : 0;
  let drawn = 0;
  for (const group of haze.groups) {
    const { columns, gaps } = group;
    context.fillStyle = colourOf(group.class, palette);
    context.globalAlpha = group.class === 'lost' ? 0.9 : (ALPHA[group.level] ?? 1);
    for (let cell = 0; cell < columns.length; cell++) {
      const left = originPx + (columns[cell] ?? 0) * columnPx;
      if (left + columnPx < 0 || left > layout.plotPx) continue;
      const x = Math.round(left);
      const width = Math.max(Math.round(left + columnPx) - x - gapPx, 1);
      const gap = gaps[cell] ?? 0;
      const top = tops[gap] ?? 0;
      const bottom = bottoms[gap] ?? top;
      if (group.class === 'lost') context.fillRect(x, bottom - 5, Math.max(width, 2), 4);
      else context.fillRect(x, top, width, bottom - top);
      drawn++;
    }
  }
  context.globalAlpha = 1;
  return drawn;
}

function colourOf(of: HazeGroup['class'], palette: Palette): string {
  switch (of) {
    case 'elections':
      return palette.candidate;
    case 'entries':
      return palette.follower;
    case 'heartbeats':
      return palette.t3;
    case 'lost':
      return palette.fault;
  }
}
