/** Marks on the lanes: changes of membership, snapshots, transfers and lost leases. Pure but for the drawing at the end. */
import type { LaneMark, LaneMarkKind } from '../../../src-main/api/index.ts';
import type { TimelineAxis } from './axis.ts';
import type { TimelineLayout } from './layout.ts';
import type { Palette } from './palette.ts';

export interface PlacedMark {
  readonly mark: LaneMark;
  /** Its middle; pixels from the plot's left edge and the canvas' top. */
  readonly x: number;
  readonly y: number;
}

/** Half of a mark's width. */
const REACH_PX = 5;
/** A mark of another form that would be hidden stands so far beside the one before. */
const BESIDE_PX = 11;
/** No mark stands further than this from its moment. */
const ASIDE_PX_MAX = 2 * BESIDE_PX;

/**
 * Under the bars, on the line of the commit strip, where no message ends. What falls together on a lane covers what was before if it is
 * of the same form (a configuration that was adopted and is now committed), and stands beside it otherwise.
 */
export function placeMarks(
  marks: readonly LaneMark[],
  layout: TimelineLayout,
  axis: TimelineAxis,
): PlacedMark[] {
  const rows = new Map(layout.lanes.map((lane) => [lane.node, lane]));
  const placed: PlacedMark[] = [];
  const last = new Map<string, PlacedMark>();
  for (const mark of marks) {
    const lane = rows.get(mark.node);
    if (!lane) continue;
    const x = axis.x(mark.atNs, mark.node);
    if (x < -REACH_PX || x > layout.plotPx + REACH_PX) continue;
    const before = last.get(mark.node);
    const hidden =
      before !== undefined &&
      before.x + BESIDE_PX > x &&
      (before.x > x || formOf(before.mark.kind) !== formOf(mark.kind));
    const aside = hidden ? Math.min(before.x + BESIDE_PX, x + ASIDE_PX_MAX) : x;
    const one = { mark, x: aside, y: lane.stripPx };
    last.set(mark.node, one);
    placed.push(one);
  }
  return placed;
}

/** `configuration`, `snapshot`, `transfer` or `lease`. */
function formOf(kind: LaneMarkKind): string {
  return kind.slice(0, kind.indexOf('-'));
}

/** The mark under a point; the last drawn lies on top. */
export function hitMark(placed: readonly PlacedMark[], x: number, y: number): PlacedMark | undefined {
  return placed.findLast((one) => Math.abs(one.x - x) <= REACH_PX + 1 && Math.abs(one.y - y) <= REACH_PX + 1);
}

/** What a mark is called where there is no room for its sentence. */
export const MARK_WORDS: Record<LaneMarkKind, string> = {
  'configuration-adopted': 'configuration adopted',
  'configuration-committed': 'configuration committed',
  'configuration-rolled-back': 'configuration rolled back',
  'snapshot-saved': 'snapshot saved',
  'snapshot-installed': 'snapshot installed',
  'snapshot-abandoned': 'snapshot given up',
  'transfer-started': 'transfer begun',
  'transfer-ended': 'transfer ended',
  'lease-lost': 'lease lost',
};

/** Form tells what, as on the lanes: diamond membership, square snapshot, triangle transfer, ring lease; filled is done. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  placed: readonly PlacedMark[],
  palette: Palette,
): number {
  for (const { mark, x, y } of placed) drawMark(context, mark.kind, x, y, REACH_PX, palette);
  return placed.length;
}

export function drawMark(
  context: CanvasRenderingContext2D,
  kind: LaneMarkKind,
  x: number,
  y: number,
  reach: number,
  palette: Palette,
): void {
  const { colour, filled } = lookOf(kind, palette);
  context.beginPath();
  outline(context, kind, x, y, reach);
  context.fillStyle = filled ? colour : palette.s0;
  context.strokeStyle = palette.s0;
  context.lineWidth = 4;
  context.stroke();
  context.fill();
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.stroke();
}

function lookOf(kind: LaneMarkKind, palette: Palette): { colour: string; filled: boolean } {
  switch (kind) {
    case 'configuration-adopted':
      return { colour: palette.accent, filled: false };
    case 'configuration-committed':
      return { colour: palette.accent, filled: true };
    case 'snapshot-saved':
      return { colour: palette.learner, filled: false };
    case 'snapshot-installed':
      return { colour: palette.learner, filled: true };
    case 'transfer-started':
      return { colour: palette.leader, filled: false };
    case 'transfer-ended':
      return { colour: palette.leader, filled: true };
    case 'configuration-rolled-back':
    case 'snapshot-abandoned':
    case 'lease-lost':
      return { colour: palette.fault, filled: false };
  }
}

function outline(
  context: CanvasRenderingContext2D,
  kind: LaneMarkKind,
  x: number,
  y: number,
  reach: number,
): void {
  const form = formOf(kind);
  if (form === 'configuration') {
    context.moveTo(x, y - reach);
    context.lineTo(x + reach, y);
    context.lineTo(x, y + reach);
    context.lineTo(x - reach, y);
    context.closePath();
  } else if (form === 'snapshot') {
    context.rect(x - reach * 0.8, y - reach * 0.8, reach * 1.6, reach * 1.6);
  } else if (form === 'transfer') {
    context.moveTo(x - reach * 0.8, y - reach);
    context.lineTo(x + reach, y);
    context.lineTo(x - reach * 0.8, y + reach);
    context.closePath();
  } else {
    context.arc(x, y, reach * 0.85, 0, 2 * Math.PI);
  }
}
