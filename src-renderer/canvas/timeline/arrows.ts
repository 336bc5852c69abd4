/** Messages as arrows from where they were sent to where they ended, and which of them is under the pointer. */
import type { MessageRow } from '../../../src-main/api/index.ts';
import type { TimelineAxis } from './axis.ts';
import type { TimelineLayout } from './layout.ts';

export type MessageStyle =
  | 'vote'
  | 'vote-reply'
  | 'pre-vote'
  | 'pre-vote-reply'
  | 'hand-over'
  | 'entries'
  | 'append-reply'
  | 'heartbeat'
  | 'snapshot'
  | 'snapshot-reply'
  | 'read'
  | 'other';

const STYLES: Record<string, MessageStyle> = {
  RequestVote: 'vote',
  RequestVoteReply: 'vote-reply',
  PreVote: 'pre-vote',
  PreVoteReply: 'pre-vote-reply',
  TimeoutNow: 'hand-over',
  AppendEntriesReply: 'append-reply',
  InstallSnapshot: 'snapshot',
  InstallSnapshotReply: 'snapshot-reply',
  ReadIndex: 'read',
  ReadIndexReply: 'read',
};

export interface MessageArrow {
  readonly row: MessageRow;
  readonly style: MessageStyle;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  /** arrow: taken in by the receiver; cross: ended without that; open: under way at the end of the recording. */
  readonly end: 'arrow' | 'cross' | 'open';
}

/** How far a copy gets that never left its sender's side, and how much of the way one that nobody saw arrive. */
const DROPPED_PX = 26;
const LOST_SHARE = 0.85;
const FLIGHT_NS_DEFAULT = 100_000;
/** A lost message leans at least so far, or it would be taken for a tick. */
const LEAN_PX_MIN = 4;

export function styleOf({ type, entries }: MessageRow): MessageStyle {
  if (type === 'AppendEntries') return entries > 0 ? 'entries' : 'heartbeat';
  return STYLES[type] ?? 'other';
}

/** When a message ended, as far as the trace can tell: taken in, else arrived, else not known. */
export function endOf(row: MessageRow): number | null {
  return row.deliveredNs ?? row.arrivedNs;
}

/** The median flight of the messages that arrived, for drawing those that did not. */
export function usualFlightNs(rows: readonly MessageRow[]): number {
  const flights: number[] = [];
  for (const row of rows) {
    const endNs = endOf(row);
    if (endNs !== null) flights.push(endNs - row.sentNs);
  }
  flights.sort((a, b) => a - b);
  return flights[flights.length >> 1] ?? FLIGHT_NS_DEFAULT;
}

export function messageArrows(
  rows: readonly MessageRow[],
  layout: TimelineLayout,
  axis: TimelineAxis,
): MessageArrow[] {
  const lanes = new Map(layout.lanes.map((lane) => [lane.node, lane]));
  const flightNs = usualFlightNs(rows);
  const arrows: MessageArrow[] = [];
  for (const row of rows) {
    const from = lanes.get(row.from);
    const to = lanes.get(row.to);
    if (!from || !to || from === to) continue;
    const down = to.centerPx > from.centerPx ? 1 : -1;
    const endNs = endOf(row);
    const x1 = axis.sentX(row);
    const y1 = from.centerPx + (down * from.followerPx) / 2;
    const goalY = to.centerPx - (down * to.followerPx) / 2;
    const goalX =
      endNs === null
        ? Math.max(axis.x(row.sentNs + flightNs, row.from), x1 + LEAN_PX_MIN)
        : axis.endX(row, endNs);
    const share = endNs !== null ? 1 : shareOfWay(row, Math.abs(goalY - y1));
    const x2 = x1 + (goalX - x1) * share;
    if (Math.max(x1, x2) < 0 || Math.min(x1, x2) > layout.plotPx) continue;
    const end = row.fate === 'delivered' ? 'arrow' : row.fate === 'under-way' ? 'open' : 'cross';
    arrows.push({ row, style: styleOf(row), x1, y1, x2, y2: y1 + (goalY - y1) * share, end });
  }
  return arrows;
}

function shareOfWay(row: MessageRow, wayPx: number): number {
  return row.fate === 'dropped' ? Math.min(1, DROPPED_PX / Math.max(wayPx, 1)) : LOST_SHARE;
}

/** The arrow nearest to a point, if one is within `reachPx`; of equally near ones the more telling type. */
export function hitArrow(
  arrows: readonly MessageArrow[],
  x: number,
  y: number,
  reachPx = 6,
): MessageArrow | undefined {
  let best: MessageArrow | undefined;
  let bestDistance = reachPx;
  for (const arrow of arrows) {
    const weight = arrow.style === 'heartbeat' || arrow.style === 'append-reply' ? 1.5 : 0;
    const distance = distanceToLine(arrow, x, y) + weight;
    if (distance < bestDistance) [best, bestDistance] = [arrow, distance];
  }
  return best;
}

function distanceToLine({ x1, y1, x2, y2 }: MessageArrow, x: number, y: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(Math.max(((x - x1) * dx + (y - y1) * dy) / length, 0), 1);
  return Math.hypot(x - x1 - share * dx, y - y1 - share * dy);
}
