/** Where nodes stand: on an ellipse, the first at the top, the others clockwise, as large as the room allows. */

export interface Size {
  width: number;
  height: number;
}
export interface Point {
  x: number;
  y: number;
}
/** full: role, vote and commit on lines of their own; compact: two lines; mini: the least that can be read. */
export type BoxForm = 'full' | 'compact' | 'mini';

export interface TopologyLayout {
  form: BoxForm;
  box: Size;
  /** Centres, in the order of the nodes. */
  centres: Point[];
}

const BOX_REM: Record<BoxForm, Size> = {
  full: { width: 9, height: 5.25 },
  compact: { width: 7.5, height: 2.875 },
  mini: { width: 5.5, height: 2.875 },
};
/** Room around the ellipse for key caps, and the least gap between boxes; rem. */
const MARGIN_REM = 1.25;
const GAP_REM = 0.75;
/** No wider than looks like one cluster; rem. */
const RADIUS_REM_MAX = 21;

export function layoutTopology(count: number, room: Size, rem: number): TopologyLayout {
  for (const form of ['full', 'compact'] as const) {
    const layout = place(count, room, rem, form);
    if (!overlaps(layout.centres, layout.box, GAP_REM * rem) && fits(layout, room)) return layout;
  }
  return place(count, room, rem, 'mini');
}

function place(count: number, room: Size, rem: number, form: BoxForm): TopologyLayout {
  const box = { width: BOX_REM[form].width * rem, height: BOX_REM[form].height * rem };
  const reach = (length: number, side: number): number =>
    Math.max(0, Math.min((length - side) / 2 - MARGIN_REM * rem, RADIUS_REM_MAX * rem));
  const radius = { x: reach(room.width, box.width), y: reach(room.height, box.height) };
  const middle = { x: room.width / 2, y: room.height / 2 };
  const centres = Array.from({ length: count }, (_, at): Point => {
    if (count === 1) return middle;
    const angle = (2 * Math.PI * at) / count - Math.PI / 2;
    return {
      x: Math.round(middle.x + radius.x * Math.cos(angle)),
      y: Math.round(middle.y + radius.y * Math.sin(angle)),
    };
  });
  return { form, box, centres };
}

function overlaps(centres: readonly Point[], box: Size, gap: number): boolean {
  return centres.some((a, at) =>
    centres
      .slice(at + 1)
      .some((b) => Math.abs(a.x - b.x) < box.width + gap && Math.abs(a.y - b.y) < box.height + gap),
  );
}

function fits(layout: TopologyLayout, room: Size): boolean {
  return layout.box.width <= room.width && layout.box.height <= room.height;
}

/** The directed line from one box to another: leaves and enters at the borders, a little to the right of the middle line. */
export function linkLine(
  from: Point,
  to: Point,
  box: Size,
  offset: number,
  gap: number,
): { from: Point; to: Point } {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = Math.hypot(dx, dy) || 1;
  const unit = { x: dx / length, y: dy / length };
  const aside = { x: -unit.y * offset, y: unit.x * offset };
  const border = borderDistance(unit, box) + gap;
  const start = Math.min(border, length / 2);
  return {
    from: { x: from.x + unit.x * start + aside.x, y: from.y + unit.y * start + aside.y },
    to: { x: to.x - unit.x * start + aside.x, y: to.y - unit.y * start + aside.y },
  };
}

/** How far a box reaches from its centre in a direction. */
function borderDistance(unit: Point, box: Size): number {
  const byWidth = unit.x === 0 ? Infinity : box.width / 2 / Math.abs(unit.x);
  const byHeight = unit.y === 0 ? Infinity : box.height / 2 / Math.abs(unit.y);
  return Math.min(byWidth, byHeight);
}
