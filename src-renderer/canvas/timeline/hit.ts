/** What lies under the pointer. */
import type { ElectionRow, FaultRow, LaneSegment, MessageRow } from '../../../src-main/api/index.ts';
import type { MessageArrow } from './arrows.ts';
import { hitMark } from './lane-marks.ts';
import type { PlacedMark } from './lane-marks.ts';
import { hitArrow } from './arrows.ts';
import type { TimelineLayout } from './layout.ts';
import { FAULT_ROWS_MAX, SPAN_ROW_PX, laneAt } from './layout.ts';
import { segmentAt } from './segments.ts';
import { electionEndNs } from './spans.ts';
import type { Viewport } from './viewport.ts';
import { timeToX, xToTime } from './viewport.ts';

export type Hit =
  | { readonly kind: 'message'; readonly message: MessageRow; readonly arrow: MessageArrow }
  | { readonly kind: 'election'; readonly election: ElectionRow }
  | { readonly kind: 'fault'; readonly fault: FaultRow }
  | { readonly kind: 'mark'; readonly placed: PlacedMark }
  | { readonly kind: 'segment'; readonly segment: LaneSegment }
  | { readonly kind: 'clients'; readonly atNs: number }
  | { readonly kind: 'ruler'; readonly atNs: number };

export interface Scene {
  readonly layout: TimelineLayout;
  readonly view: Viewport;
  readonly edgeNs: number;
  readonly arrows: readonly MessageArrow[];
  readonly segments: readonly LaneSegment[];
  readonly marks: readonly PlacedMark[];
  readonly elections: readonly ElectionRow[];
  readonly faults: readonly { readonly item: FaultRow; readonly row: number }[];
}

const REACH_PX = 3;

/** `x` from the plot's left edge, `y` from the canvas' top. */
export function hitTest(scene: Scene, x: number, y: number): Hit | undefined {
  const { layout, view } = scene;
  if (x < 0 || x > layout.plotPx) return undefined;
  const atNs = xToTime(view, layout.plotPx, x);
  if (y < layout.electionsPx) return { kind: 'ruler', atNs };
  const within = (fromNs: number, toNs: number): boolean =>
    x >= timeToX(view, layout.plotPx, fromNs) - REACH_PX &&
    x <= timeToX(view, layout.plotPx, toNs) + REACH_PX;
  if (y < layout.faultsPx) {
    const election = [...scene.elections].reverse().find((row) => within(row.startedNs, electionEndNs(row)));
    return election && { kind: 'election', election };
  }
  if (y < layout.lanesPx) {
    const wanted = Math.floor((y - layout.faultsPx) / SPAN_ROW_PX);
    const found = [...scene.faults]
      .reverse()
      .find(
        ({ item, row }) =>
          Math.min(row, FAULT_ROWS_MAX - 1, layout.faultRows - 1) === wanted &&
          within(item.fromNs, item.toNs ?? Math.max(scene.edgeNs, view.toNs)),
      );
    return found && { kind: 'fault', fault: found.item };
  }
  if (y >= layout.clients.topPx) return { kind: 'clients', atNs };
  const placed = hitMark(scene.marks, x, y);
  if (placed) return { kind: 'mark', placed };
  const arrow = hitArrow(scene.arrows, x, y);
  if (arrow) return { kind: 'message', message: arrow.row, arrow };
  const lane = laneAt(layout, y);
  if (!lane || Math.abs(y - lane.centerPx) > lane.leaderPx / 2 + 2) return undefined;
  const segment = segmentAt(scene.segments, lane, atNs);
  return segment && { kind: 'segment', segment };
}
