/** The Timeline around a marked moment as a picture: in light colours whatever the window's, twice as fine as it is shown. */
import type { BookmarkRow, TraceInfo } from '../../src-main/api/index.ts';
import { gutterWords } from '../canvas/timeline/draw-gutter.ts';
import { drawCursor } from '../canvas/timeline/draw-overlay.ts';
import { GUTTER_PX, layoutTimeline } from '../canvas/timeline/layout.ts';
import { askFacts, askTimeline } from '../canvas/timeline/look.ts';
import { paintTimeline, placePicture } from '../canvas/timeline/paint.ts';
import type { Palette } from '../canvas/timeline/palette.ts';
import { RUN_SCALE, writeMoment } from '../canvas/timeline/ruler.ts';
import { stackSpans } from '../canvas/timeline/spans.ts';
import { formatMoment } from '../canvas/timeline/time.ts';
import type { Viewport } from '../canvas/timeline/viewport.ts';
import { clampViewport, spanOf } from '../canvas/timeline/viewport.ts';
import type { AskRun, Picture } from './report-data.ts';

const WIDTH_PX = 896;
const SCALE = 2;
const LANE_PX = 62;
/** Ruler, elections, one row of faults, clients. */
const AROUND_LANES_PX = 132;
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
  const { nodes, durationNs: edgeNs } = info;
  const { atNs } = bookmark;
  const view = viewAround(bookmark, info);
  const facts = await askFacts(ask);
  const wish = { view, plotPx: WIDTH_PX - GUTTER_PX, nodes, edgeNs, heartbeats: false };
  const data = await askTimeline(ask, facts, wish);
  const state = await ask('stateAt', { atNs });
  const faults = stackSpans(
    data.faults,
    ({ fromNs }) => fromNs,
    ({ toNs }) => toNs ?? Infinity,
  );
  const layout = layoutTimeline({
    widthPx: WIDTH_PX,
    heightPx: AROUND_LANES_PX + nodes.length * LANE_PX,
    nodes,
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
  const picture = placePicture({
    layout,
    view,
    data,
    edgeNs,
    scale: RUN_SCALE,
    clocks: null,
    cursorNs: atNs,
    faults,
  });
  const names = { ...gutterWords(state.nodes, state.clients), ruler: RUN_SCALE.name };
  paintTimeline(context, picture, names, palette);
  context.translate(layout.gutterPx, 0);
  const text = writeMoment(RUN_SCALE, atNs, spanOf(view) / layout.plotPx);
  drawCursor(context, layout, picture.axis, { atNs, text, ticks: picture.ticks }, palette);
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
