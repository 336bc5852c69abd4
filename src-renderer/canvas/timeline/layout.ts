/** Where everything on the timeline stands vertically. Pure; pixels from the canvas' top. */
import type { NodeId } from '../../../src-main/api/index.ts';

/** Left column with the names of the rows. */
export const GUTTER_PX = 124;
export const RULER_PX = 28;
export const SPAN_ROW_PX = 20;
export const SPAN_BAR_PX = 16;
export const FAULT_ROWS_MAX = 3;
const CLIENTS_PX = 44;
const LANE_PITCH_MAX = 112;
/** Below this a lane's names would touch; the timeline scrolls instead. */
const LANE_PITCH_MIN = 36;
const BOTTOM_PX = 8;

export interface LaneRow {
  readonly node: NodeId;
  readonly topPx: number;
  readonly pitchPx: number;
  /** Middle of the bars. */
  readonly centerPx: number;
  readonly leaderPx: number;
  readonly followerPx: number;
  /** Middle of the commit strip. */
  readonly stripPx: number;
}

export interface TimelineLayout {
  readonly widthPx: number;
  /** Of the whole drawing; more than the visible height where lanes do not fit. */
  readonly heightPx: number;
  readonly gutterPx: number;
  /** Width of the part that shows time. */
  readonly plotPx: number;
  readonly electionsPx: number;
  readonly faultsPx: number;
  readonly faultRows: number;
  readonly lanesPx: number;
  readonly lanes: readonly LaneRow[];
  readonly clients: { readonly topPx: number; readonly heightPx: number };
}

/** `faultRows`: how many rows the faults of the whole run need, so that the layout keeps still while the view moves. */
export function layoutTimeline(size: {
  widthPx: number;
  heightPx: number;
  nodes: readonly NodeId[];
  faultRows: number;
}): TimelineLayout {
  const faultRows = Math.min(Math.max(size.faultRows, 1), FAULT_ROWS_MAX);
  const electionsPx = RULER_PX;
  const faultsPx = electionsPx + SPAN_ROW_PX;
  const lanesPx = faultsPx + faultRows * SPAN_ROW_PX + 4;
  const count = Math.max(size.nodes.length, 1);
  const free = size.heightPx - lanesPx - CLIENTS_PX - BOTTOM_PX;
  const pitchPx = Math.floor(Math.min(Math.max(free / count, LANE_PITCH_MIN), LANE_PITCH_MAX));
  // The strip and the air around it take their part first; a leader is twice as high as a follower.
  const leaderPx = 2 * Math.floor(Math.min(pitchPx - 16, Math.max(44, pitchPx / 2)) / 2);
  const followerPx = Math.max(14, leaderPx / 2);
  const lanes = size.nodes.map((node, position) => {
    const topPx = lanesPx + position * pitchPx;
    const centerPx = topPx + 4 + leaderPx / 2;
    return {
      node,
      topPx,
      pitchPx,
      centerPx,
      leaderPx,
      followerPx,
      stripPx: Math.round(centerPx + leaderPx / 2 + Math.min(9, (pitchPx - leaderPx) / 2 - 1)),
    };
  });
  const clientsPx = lanesPx + count * pitchPx;
  return {
    widthPx: size.widthPx,
    heightPx: Math.max(size.heightPx, clientsPx + CLIENTS_PX + BOTTOM_PX),
    gutterPx: GUTTER_PX,
    plotPx: Math.max(1, size.widthPx - GUTTER_PX),
    electionsPx,
    faultsPx,
    faultRows,
    lanesPx,
    lanes,
    clients: { topPx: clientsPx, heightPx: CLIENTS_PX },
  };
}

export function laneAt(layout: TimelineLayout, y: number): LaneRow | undefined {
  return layout.lanes.find((lane) => y >= lane.topPx && y < lane.topPx + lane.pitchPx);
}
