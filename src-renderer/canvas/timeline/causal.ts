/**
 * Time as the nodes could know it: logical clocks (Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", 1978) over
 * the loaded part of a run. Every event has a column: one further than what its node did before, and at least one further than the sending
 * of the message that it received. What stands in one column is concurrent. Pure.
 */
import type { LaneSegment, MessageId, MessageRow, NodeId } from '../../../src-main/api/index.ts';
import type { TimelineAxis } from './axis.ts';
import { Curve } from './curve.ts';
import type { Viewport } from './viewport.ts';

export interface LogicalClocks {
  /** Each node's way from time to columns. */
  readonly lanes: ReadonlyMap<NodeId, Curve>;
  /** The mean of all nodes, for what belongs to none of them. */
  readonly cluster: Curve;
  readonly sent: ReadonlyMap<MessageId, number>;
  readonly ended: ReadonlyMap<MessageId, number>;
}

interface Moment {
  readonly node: NodeId;
  readonly atNs: number;
  /** Set for the two ends of a message. */
  readonly send?: MessageId;
  readonly receipt?: MessageId;
}

interface LaneClock {
  readonly times: number[];
  readonly columns: number[];
}

export function logicalClocks(given: {
  readonly nodes: readonly NodeId[];
  readonly messages: readonly MessageRow[];
  readonly segments: readonly LaneSegment[];
  /** What else changes a lane at a moment. */
  readonly marks?: readonly { readonly node: NodeId; readonly atNs: number }[];
  readonly window: Viewport;
}): LogicalClocks {
  const moments = momentsOf(given).sort((a, b) => a.atNs - b.atNs);
  const clocks = new Clocks(given.nodes);
  for (let first = 0; first < moments.length;) {
    let end = first + 1;
    while (moments[end]?.atNs === moments[first]?.atNs && end < moments.length) end++;
    clocks.advance(moments.slice(first, end));
    first = end;
  }
  const fromNs = Math.min(given.window.fromNs, moments[0]?.atNs ?? Infinity);
  const toNs = Math.max(given.window.toNs, moments.at(-1)?.atNs ?? -Infinity, fromNs + 1);
  const lanes = clocks.curves(fromNs, toNs);
  return {
    lanes,
    cluster: meanOf([...lanes.values()], fromNs, toNs),
    sent: clocks.sent,
    ended: clocks.ended,
  };
}

function momentsOf({
  nodes,
  messages,
  segments,
  marks = [],
  window,
}: Parameters<typeof logicalClocks>[0]): Moment[] {
  const known = new Set(nodes);
  const moments: Moment[] = [];
  for (const row of messages) {
    if (!known.has(row.from) || !known.has(row.to)) continue;
    moments.push({ node: row.from, atNs: row.sentNs, send: row.id });
    const endNs = row.deliveredNs ?? row.arrivedNs;
    if (endNs !== null) moments.push({ node: row.to, atNs: Math.max(endNs, row.sentNs), receipt: row.id });
  }
  for (const { node, fromNs } of segments) {
    if (known.has(node) && fromNs > window.fromNs) moments.push({ node, atNs: fromNs });
  }
  for (const { node, atNs } of marks) if (known.has(node)) moments.push({ node, atNs });
  return moments;
}

class Clocks {
  readonly sent = new Map<MessageId, number>();
  readonly ended = new Map<MessageId, number>();
  readonly #lanes: Map<NodeId, LaneClock>;

  constructor(nodes: readonly NodeId[]) {
    this.#lanes = new Map(nodes.map((node) => [node, { times: [], columns: [] }]));
  }

  /** Everything of one moment. What was received in it may be what is sent on in it, and never the other way round. */
  advance(moments: readonly Moment[]): void {
    let waiting = [...moments];
    while (waiting.length > 0) {
      const ready = this.#ready(waiting);
      for (const moment of ready) this.#place(moment);
      const placed = new Set(ready);
      waiting = waiting.filter((moment) => !placed.has(moment));
    }
  }

  #ready(waiting: readonly Moment[]): readonly Moment[] {
    const receipts = waiting.filter(({ receipt }) => receipt !== undefined && this.sent.has(receipt));
    if (receipts.length > 0) return receipts;
    const changes = waiting.filter(({ send, receipt }) => send === undefined && receipt === undefined);
    if (changes.length > 0) return changes;
    const expecting = new Set(waiting.filter(({ receipt }) => receipt !== undefined).map(({ node }) => node));
    const sends = waiting.filter(({ send }) => send !== undefined);
    const free = sends.filter(({ node }) => !expecting.has(node));
    if (free.length > 0) return free;
    // Messages without any flight time in a ring: somebody has to have begun.
    return sends.length > 0 ? sends.filter(({ node }) => node === sends[0]?.node) : waiting;
  }

  #place({ node, atNs, send, receipt }: Moment): void {
    const lane = this.#lanes.get(node);
    if (lane === undefined) return;
    const last = lane.times.length - 1;
    const before = lane.columns[last] ?? 0;
    const isSame = lane.times[last] === atNs;
    const least = receipt === undefined ? 0 : (this.sent.get(receipt) ?? 0) + 1;
    const column = Math.max(isSame ? before : before + 1, least);
    if (isSame) lane.columns[last] = column;
    else {
      lane.times.push(atNs);
      lane.columns.push(column);
    }
    if (send !== undefined) this.sent.set(send, column);
    if (receipt !== undefined) this.ended.set(receipt, column);
  }

  curves(fromNs: number, toNs: number): Map<NodeId, Curve> {
    let most = 0;
    for (const { columns } of this.#lanes.values()) most = Math.max(most, columns.at(-1) ?? 0);
    const curves = new Map<NodeId, Curve>();
    for (const [node, { times, columns }] of this.#lanes) {
      const isLed = times[0] !== undefined && times[0] <= fromNs;
      const isEnded = times.length > 0 && (times.at(-1) ?? 0) >= toNs;
      curves.set(
        node,
        new Curve(
          [...(isLed ? [] : [fromNs]), ...times, ...(isEnded ? [] : [toNs])],
          [...(isLed ? [] : [0]), ...columns, ...(isEnded ? [] : [most + 1])],
        ),
      );
    }
    return curves;
  }
}

/** Rises wherever one of the curves does, so that it can be read both ways. */
function meanOf(curves: readonly Curve[], fromNs: number, toNs: number): Curve {
  if (curves.length === 0) return new Curve([fromNs, toNs], [0, 1]);
  const times = [...new Set(curves.flatMap(({ xs }) => [...xs]))].sort((a, b) => a - b);
  return new Curve(
    times,
    times.map((atNs) => curves.reduce((sum, curve) => sum + curve.y(atNs), 0) / curves.length),
  );
}

/** Columns as wide as the view makes them: the stretch of time in view fills the plot. */
export function causalAxis(clocks: LogicalClocks, view: Viewport, widthPx: number): TimelineAxis {
  const { cluster, lanes, sent, ended } = clocks;
  const from = cluster.y(view.fromNs);
  const pxPerColumn = widthPx / Math.max(cluster.y(view.toNs) - from, 1e-9);
  const toX = (column: number): number => (column - from) * pxPerColumn;
  const curveOf = (node: NodeId | undefined): Curve =>
    (node === undefined ? undefined : lanes.get(node)) ?? cluster;
  return {
    arrangement: 'causal',
    widthPx,
    x: (atNs, node) => toX(curveOf(node).y(atNs)),
    timeAt: (x, node) => curveOf(node).x(from + x / pxPerColumn),
    sentX: (row) => toX(sent.get(row.id) ?? curveOf(row.from).y(row.sentNs)),
    endX: (row, endNs) => toX(ended.get(row.id) ?? curveOf(row.to).y(endNs)),
  };
}

const STEP_PX_MIN = 56;

/** Round numbers of steps before and after a moment, wherever there is room for them. */
export function stepTicks(
  clocks: LogicalClocks,
  view: Viewport,
  widthPx: number,
  zeroNs: number,
): { x: number; label: string }[] {
  const { cluster } = clocks;
  const from = cluster.y(view.fromNs);
  const to = cluster.y(view.toNs);
  const pxPerColumn = widthPx / Math.max(to - from, 1e-9);
  const decade = 10 ** Math.floor(Math.log10(Math.max(STEP_PX_MIN / pxPerColumn, 1)));
  const step =
    [1, 2, 5, 10].map((by) => by * decade).find((by) => by * pxPerColumn >= STEP_PX_MIN) ?? 10 * decade;
  const zero = Math.round(cluster.y(zeroNs));
  const ticks: { x: number; label: string }[] = [];
  for (let n = Math.ceil((from - zero) / step); zero + n * step < to; n++) {
    const steps = n * step;
    const label = steps === 0 ? '0' : steps < 0 ? `−${-steps}` : `+${steps}`;
    ticks.push({ x: (zero + steps - from) * pxPerColumn, label });
  }
  return ticks;
}
