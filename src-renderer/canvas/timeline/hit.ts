/** What lies under the pointer. */
import type {
  ElectionRow,
  FaultRow,
  FindingRow,
  LaneSegment,
  MessageRow,
  OperationRow,
} from '../../../src-main/api/index.ts';
import type { MessageArrow } from './arrows.ts';
import { placeOperations } from './clients.ts';
import { hitMark } from './lane-marks.ts';
import type { PlacedMark } from './lane-marks.ts';
import { hitArrow } from './arrows.ts';
import type { TimelineData } from './look.ts';
import type { TimelinePicture } from './paint.ts';
import { FAULT_ROWS_MAX, SPAN_ROW_PX, laneAt } from './layout.ts';
import { segmentAt } from './segments.ts';
import { electionEndNs } from './spans.ts';

export type Hit =
  | { readonly kind: 'message'; readonly message: MessageRow; readonly arrow: MessageArrow }
  | { readonly kind: 'election'; readonly election: ElectionRow }
  | { readonly kind: 'fault'; readonly fault: FaultRow }
  | { readonly kind: 'mark'; readonly placed: PlacedMark }
  | { readonly kind: 'segment'; readonly segment: LaneSegment }
  | { readonly kind: 'finding'; readonly finding: FindingRow }
  | { readonly kind: 'operation'; readonly operation: OperationRow }
  | { readonly kind: 'clients'; readonly atNs: number }
  | { readonly kind: 'ruler'; readonly atNs: number };

/** As much of a picture as the pointer can meet. */
export type Scene = Pick<TimelinePicture, 'layout' | 'axis' | 'arrows' | 'marks' | 'faults'> & {
  readonly data: Pick<TimelineData, 'segments' | 'elections' | 'findings' | 'operations'> | null;
};

const REACH_PX = 3;
/** Half of a finding's flag. */
const FLAG_PX = 7;

/** `x` from the plot's left edge, `y` from the canvas' top. */
export function hitTest(scene: Scene, x: number, y: number): Hit | undefined {
  const { layout, axis, data } = scene;
  if (x < 0 || x > layout.plotPx) return undefined;
  const atNs = axis.timeAt(x);
  if (y < layout.electionsPx) return { kind: 'ruler', atNs };
  const within = (fromNs: number, toNs: number): boolean =>
    x >= axis.x(fromNs) - REACH_PX && x <= axis.x(toNs) + REACH_PX;
  if (y < layout.faultsPx) {
    const election = data?.elections.findLast((row) => within(row.startedNs, electionEndNs(row)));
    return election && { kind: 'election', election };
  }
  const finding =
    Math.abs(y - layout.lanesPx) < FLAG_PX
      ? data?.findings.findLast((row) => Math.abs(axis.x(row.atNs) - x) <= FLAG_PX)
      : undefined;
  if (finding) return { kind: 'finding', finding };
  if (y < layout.lanesPx) {
    const wanted = Math.floor((y - layout.faultsPx) / SPAN_ROW_PX);
    const found = scene.faults.findLast(
      ({ item, row }) =>
        Math.min(row, FAULT_ROWS_MAX - 1, layout.faultRows - 1) === wanted &&
        within(item.fromNs, item.toNs ?? Infinity),
    );
    return found && { kind: 'fault', fault: found.item };
  }
  if (y >= layout.clients.topPx) {
    const operation = data?.operations ? hitOperation(scene, data.operations, x, y) : undefined;
    return operation ? { kind: 'operation', operation } : { kind: 'clients', atNs };
  }
  const placed = hitMark(scene.marks, x, y);
  if (placed) return { kind: 'mark', placed };
  const arrow = hitArrow(scene.arrows, x, y);
  if (arrow) return { kind: 'message', message: arrow.row, arrow };
  const lane = laneAt(layout, y);
  if (!lane || Math.abs(y - lane.centerPx) > lane.leaderPx / 2 + 2) return undefined;
  const segment = segmentAt(data?.segments ?? [], lane, axis.timeAt(x, lane.node));
  return segment && { kind: 'segment', segment };
}

function hitOperation(
  scene: Scene,
  operations: readonly OperationRow[],
  x: number,
  y: number,
): OperationRow | undefined {
  return placeOperations(operations, scene.layout, scene.axis).findLast(
    (one) => x >= one.x - 1 && x <= one.x + one.width + 1 && y >= one.y - 1 && y <= one.y + one.height + 1,
  )?.row;
}
