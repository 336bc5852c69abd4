/** The Timeline around a marked moment as a picture: in light colours whatever the window's, twice as fine as it is shown. */
import type { BookmarkRow, TraceInfo } from '../../src-main/api/index.ts';
import { messageArrows } from '../canvas/timeline/arrows.ts';
import { silentStretches } from '../canvas/timeline/clients.ts';
import { commitSteps, stripRects } from '../canvas/timeline/commits.ts';
import { drawGutter, gutterWords } from '../canvas/timeline/draw-gutter.ts';
import { drawLaneBars, drawLaneLabels } from '../canvas/timeline/draw-lanes.ts';
import { drawArrows } from '../canvas/timeline/draw-messages.ts';
import { drawCursor } from '../canvas/timeline/draw-overlay.ts';
import { drawCommitStrip, drawRuler } from '../canvas/timeline/draw-plot.ts';
import { drawClients, drawElections, drawFaultShade, drawFaults } from '../canvas/timeline/draw-spans.ts';
import { drawMarks, placeMarks } from '../canvas/timeline/lane-marks.ts';
import { GUTTER_PX, layoutTimeline } from '../canvas/timeline/layout.ts';
import type { TimelineLayout } from '../canvas/timeline/layout.ts';
import type { Palette } from '../canvas/timeline/palette.ts';
import { laneRects } from '../canvas/timeline/segments.ts';
import { stackSpans } from '../canvas/timeline/spans.ts';
import { chooseTicks, roundBuckets } from '../canvas/timeline/ticks.ts';
import { formatCursor, formatMoment } from '../canvas/timeline/time.ts';
import type { Viewport } from '../canvas/timeline/viewport.ts';
import { clampViewport, spanOf } from '../canvas/timeline/viewport.ts';
import type { AskRun, Picture } from './report-data.ts';

const WIDTH_PX = 896;
const SCALE = 2;
const LANE_PX = 62;
/** Ruler, elections, one row of faults, clients. */
const AROUND_LANES_PX = 132;
const MESSAGES_MAX = 400;
/** Shown on either side of a moment that was marked without a view of the Timeline. */
const AROUND_NS = 1e9;
/** A wider view shows no moment any more. */
const CLOSE_NS_MAX = 4e9;

export async function paintMoment(
  ask: AskRun,
  palette: Palette,
  bookmark: BookmarkRow,
  info: TraceInfo,
): Promise<Picture | null> {
  const view = viewAround(bookmark, info);
  const look = await lookAt(ask, view, bookmark.atNs, info);
  const faults = stackSpans(
    look.faults,
    ({ fromNs }) => fromNs,
    ({ toNs }) => toNs ?? Infinity,
  );
  const layout = layoutTimeline({
    widthPx: WIDTH_PX,
    heightPx: AROUND_LANES_PX + info.nodes.length * LANE_PX,
    nodes: info.nodes,
    faultRows: faults.reduce((rows, { row }) => Math.max(rows, row + 1), 1),
  });
  const canvas = document.createElement('canvas');
  canvas.width = layout.widthPx * SCALE;
  canvas.height = layout.heightPx * SCALE;
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) return null;
  await document.fonts.ready;
  context.scale(SCALE, SCALE);
  context.fillStyle = palette.s0;
  context.fillRect(0, 0, layout.widthPx, layout.heightPx);
  drawGutter(context, layout, gutterWords(look.state.nodes, look.state.clients), palette);
  context.translate(layout.gutterPx, 0);
  context.beginPath();
  context.rect(0, 0, layout.plotPx, layout.heightPx);
  context.clip();
  drawPlot(context, look, layout, view, info.durationNs, palette);
  const atNs = bookmark.atNs;
  drawCursor(context, layout, view, atNs, formatCursor(atNs, spanOf(view) / layout.plotPx), palette);
  return {
    dataUrl: canvas.toDataURL('image/png'),
    widthPx: layout.widthPx,
    heightPx: layout.heightPx,
    text: `The Timeline from ${formatMoment(view.fromNs, 4)} to ${formatMoment(view.toNs, 4)}, the moment marked at ${formatMoment(atNs, 4)}.`,
  };
}

/** What was shown when the moment was marked, where it holds the moment closely; else a second on either side. */
function viewAround({ atNs, fromNs, toNs }: BookmarkRow, { durationNs }: TraceInfo): Viewport {
  const shown =
    fromNs !== null && toNs !== null && fromNs <= atNs && atNs <= toNs && toNs - fromNs <= CLOSE_NS_MAX;
  const wanted = shown ? { fromNs, toNs } : { fromNs: atNs - AROUND_NS, toNs: atNs + AROUND_NS };
  return clampViewport(wanted, durationNs);
}

type Look = Awaited<ReturnType<typeof lookAt>>;

async function lookAt(ask: AskRun, view: Viewport, atNs: number, { durationNs }: TraceInfo) {
  const plotPx = WIDTH_PX - GUTTER_PX;
  const fromNs = Math.max(0, Math.floor(view.fromNs));
  const window = { fromNs, toNs: Math.max(fromNs + 1, Math.min(Math.ceil(view.toNs), durationNs + 1)) };
  const wide = (px: number) => roundBuckets(window, (spanOf(view) / plotPx) * px);
  const strips = wide(2);
  const [lanes, messages, elections, faults, operations, commits, marks, state] = await Promise.all([
    ask('lanes', window),
    ask('messages', { ...window, limit: MESSAGES_MAX, heartbeats: false }),
    ask('elections', {}),
    ask('faults', {}),
    ask('operationBuckets', wide(6)),
    ask('commits', strips),
    ask('marks', wide(8)),
    ask('stateAt', { atNs }),
  ]);
  return {
    segments: lanes.segments,
    messages: messages.rows,
    elections: elections.elections,
    faults: faults.faults,
    buckets: operations.buckets,
    commits: new Map(commits.nodes.map(({ node, indexes }) => [node, commitSteps(indexes, strips)])),
    marks: marks.marks,
    state,
  };
}

function drawPlot(
  context: CanvasRenderingContext2D,
  look: Look,
  layout: TimelineLayout,
  view: Viewport,
  edgeNs: number,
  palette: Palette,
): void {
  const faults = stackSpans(
    look.faults,
    ({ fromNs }) => fromNs,
    ({ toNs }) => toNs ?? Infinity,
  );
  drawRuler(context, layout, view, chooseTicks(view, layout.plotPx), palette);
  drawFaultShade(context, look.faults, layout, view, edgeNs, palette);
  drawElections(context, look.elections, layout, view, palette);
  drawFaults(context, faults, layout, view, edgeNs, palette);
  for (const lane of layout.lanes) {
    const strip = stripRects(look.commits.get(lane.node) ?? [], view, layout.plotPx);
    drawCommitStrip(context, lane, layout.plotPx, strip, palette);
  }
  const bars = laneRects(look.segments, layout, view, edgeNs);
  drawLaneBars(context, bars, palette);
  drawArrows(context, messageArrows(look.messages, layout, view), palette);
  drawLaneLabels(context, bars, palette);
  drawMarks(context, placeMarks(look.marks, layout, view), palette);
  const stretches = silentStretches(look.buckets, look.elections);
  drawClients(context, look.buckets, stretches, layout, view, palette);
}
