/** Lanes: hue is term, form is role and status. */
import type { LaneSegment, Role } from '../../../src-main/api/index.ts';
import type { LaneRow, TimelineLayout } from './layout.ts';
import type { TimelineAxis } from './axis.ts';

export type LaneForm = Role | 'paused' | 'dead' | 'absent';

export interface LaneRect {
  readonly segment: LaneSegment;
  readonly form: LaneForm;
  /** Pixels from the plot's left edge, clipped to it. */
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly height: number;
  /** Whether its true beginning is within the view: only there a death gets its cross. */
  readonly startsHere: boolean;
}

export function formOf(segment: LaneSegment): LaneForm {
  switch (segment.status) {
    case 'absent':
    case 'starting':
      return 'absent';
    case 'killed':
    case 'stopped':
    case 'failed':
      return 'dead';
    case 'paused':
      return 'paused';
    case 'running':
      return segment.role;
  }
}

/** What is written on a bar: the form's name where it is not the usual one, and the term. */
export function labelOf(segment: LaneSegment): string {
  const form = formOf(segment);
  const term = `term ${segment.term}`;
  if (form === 'absent') return '';
  if (form === 'dead') return segment.status;
  return form === 'follower' ? term : `${form} · ${term}`;
}

/** A full sentence about a segment, for the tooltip and the inspector. */
export function sentenceOf(segment: LaneSegment): string {
  const form = formOf(segment);
  if (form === 'absent') return `${segment.node} is starting`;
  if (form === 'dead') return `${segment.node} ${segment.status}, last in term ${segment.term}`;
  if (form === 'paused') return `${segment.node} paused as ${segment.role} of term ${segment.term}`;
  return `${segment.node} ${segment.role} in term ${segment.term}`;
}

/** What a bar of less than a pixel yields to when both fall on the same one; the more telling form stays. */
const TELLING: Record<LaneForm, number> = {
  absent: 0,
  follower: 1,
  learner: 1,
  'pre-candidate': 2,
  candidate: 3,
  paused: 4,
  dead: 5,
  leader: 6,
};

/**
 * The rectangles of the segments that touch the view, lane by lane in order of time. Never narrower than a pixel; of several within one
 * pixel only the most telling is kept, so there are never more than the plot has pixels.
 */
export function laneRects(
  segments: readonly LaneSegment[],
  layout: TimelineLayout,
  axis: TimelineAxis,
  edgeNs: number,
): LaneRect[] {
  const rows = new Map(layout.lanes.map((lane) => [lane.node, lane]));
  const rects: LaneRect[] = [];
  /** The narrow rectangle that each lane had last: where it stands in `rects`. */
  const narrow = new Map<string, number>();
  for (const segment of segments) {
    const lane = rows.get(segment.node);
    if (!lane) continue;
    const left = axis.x(segment.fromNs, segment.node);
    const right = axis.x(segment.toNs ?? Math.max(edgeNs, segment.fromNs), segment.node);
    if (right < 0 || left > layout.plotPx) continue;
    const rect = rectOf(segment, lane, left, right, layout.plotPx);
    const at = narrow.get(segment.node);
    const before = at === undefined ? undefined : rects[at];
    if (rect.width > 1) narrow.delete(segment.node);
    else if (at !== undefined && before && rect.x < before.x + 1) {
      if (TELLING[rect.form] > TELLING[before.form]) rects[at] = { ...rect, x: before.x };
      continue;
    } else narrow.set(segment.node, rects.length);
    rects.push(rect);
  }
  return rects;
}

function rectOf(segment: LaneSegment, lane: LaneRow, left: number, right: number, plotPx: number): LaneRect {
  const x = Math.max(left, 0);
  const form = formOf(segment);
  const height = form === 'leader' ? lane.leaderPx : lane.followerPx;
  return {
    segment,
    form,
    x,
    width: Math.max(Math.min(right, plotPx) - x, 1),
    y: lane.centerPx - height / 2,
    height,
    startsHere: left >= 0,
  };
}

/** The segment that a node was in at a moment. */
export function segmentAt(
  segments: readonly LaneSegment[],
  lane: LaneRow,
  atNs: number,
): LaneSegment | undefined {
  return segments.find(
    ({ node, fromNs, toNs }) => node === lane.node && atNs >= fromNs && (toNs === null || atNs < toNs),
  );
}
