/** Lanes: hue is term, form is role and status. */
import type { LaneSegment, Role } from '../../../src-main/api/index.ts';
import type { LaneRow, TimelineLayout } from './layout.ts';
import type { Viewport } from './viewport.ts';
import { timeToX } from './viewport.ts';

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

/** The rectangles of the segments that touch the view, lane by lane in order of time. Never narrower than a pixel. */
export function laneRects(
  segments: readonly LaneSegment[],
  layout: TimelineLayout,
  view: Viewport,
  edgeNs: number,
): LaneRect[] {
  const rows = new Map(layout.lanes.map((lane) => [lane.node, lane]));
  const rects: LaneRect[] = [];
  for (const segment of segments) {
    const lane = rows.get(segment.node);
    if (!lane) continue;
    const left = timeToX(view, layout.plotPx, segment.fromNs);
    const right = timeToX(view, layout.plotPx, segment.toNs ?? Math.max(edgeNs, segment.fromNs));
    if (right < 0 || left > layout.plotPx) continue;
    const x = Math.max(left, 0);
    const form = formOf(segment);
    const height = form === 'leader' ? lane.leaderPx : lane.followerPx;
    rects.push({
      segment,
      form,
      x,
      width: Math.max(Math.min(right, layout.plotPx) - x, 1),
      y: lane.centerPx - height / 2,
      height,
      startsHere: left >= 0,
    });
  }
  return rects;
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
