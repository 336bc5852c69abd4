/**
 * The whole drawing as a function of what it shows: the Timeline calls it for its canvas, a report for a picture of a moment, a comparison
 * once a run. Knows no store.
 */
import type { LaneSegment } from '../../../src-main/api/index.ts';
import type { Followed } from '../../stores/followed-story.ts';
import type { MessageArrow } from './arrows.ts';
import { messageArrows } from './arrows.ts';
import type { TimelineAxis } from './axis.ts';
import { timeAxis } from './axis.ts';
import type { LogicalClocks } from './causal.ts';
import { causalAxis, stepTicks } from './causal.ts';
import type { SilentStretch } from './clients.ts';
import { silentStretches } from './clients.ts';
import { stripRects } from './commits.ts';
import { drawClients } from './draw-clients.ts';
import { drawFollowed } from './draw-followed.ts';
import { drawGutter } from './draw-gutter.ts';
import type { GutterWords } from './draw-gutter.ts';
import { drawLaneBars, drawLaneLabels } from './draw-lanes.ts';
import { drawArrows } from './draw-messages.ts';
import type { PlacedTick } from './draw-plot.ts';
import { drawRuler, placeTicks } from './draw-plot.ts';
import { drawElections, drawFaultShade, drawFaults, drawFindings } from './draw-spans.ts';
import { drawLeases, drawStrips } from './draw-strips.ts';
import { drawHaze } from './haze.ts';
import type { PlacedMark } from './lane-marks.ts';
import { drawMarks, placeMarks } from './lane-marks.ts';
import type { TimelineLayout } from './layout.ts';
import type { TimelineData } from './look.ts';
import type { Palette } from './palette.ts';
import type { TimeScale } from './ruler.ts';
import type { LaneRect } from './segments.ts';
import { laneRects } from './segments.ts';
import type { StackedFault } from './spans.ts';
import { chooseTicks } from './ticks.ts';
import type { Viewport } from './viewport.ts';

/** A look at a run, placed on the plot: what is drawn, and what the pointer can meet. */
export interface TimelinePicture {
  readonly layout: TimelineLayout;
  readonly view: Viewport;
  readonly axis: TimelineAxis;
  readonly data: TimelineData | null;
  /** Where open things end: what was loaded, not what has been recorded since. */
  readonly edgeNs: number;
  readonly ticks: readonly PlacedTick[];
  readonly bars: readonly LaneRect[];
  readonly arrows: readonly MessageArrow[];
  readonly marks: readonly PlacedMark[];
  readonly faults: readonly StackedFault[];
  readonly stretches: readonly SilentStretch[];
  /** What is brought out of all the rest. */
  readonly followed?: Followed | null;
}

/** Further than any recording goes. */
const FAR_NS = 1e16;

/** What one painting put on the canvas. */
export interface Painted {
  /** Lanes that have a bar. */
  readonly lanes: number;
  /** Bars, cells, lines, heads, crosses, marks and labels. */
  readonly primitives: number;
}

export interface PictureGiven {
  readonly layout: TimelineLayout;
  readonly view: Viewport;
  readonly data: TimelineData | null;
  readonly edgeNs: number;
  readonly scale: TimeScale;
  /** Set: columns are steps of these clocks, counted from the scale's zero or from `cursorNs`. */
  readonly clocks: LogicalClocks | null;
  readonly cursorNs: number;
  readonly faults: readonly StackedFault[];
}

export function placePicture(given: PictureGiven): TimelinePicture {
  const { layout, view, data, edgeNs, scale, clocks, faults } = given;
  const axis = clocks ? causalAxis(clocks, view, layout.plotPx) : timeAxis(view, layout.plotPx);
  const stepZeroNs = scale.mode === 'relative' ? scale.zeroNs : given.cursorNs;
  return {
    layout,
    view,
    axis,
    data,
    edgeNs,
    ticks: clocks
      ? stepTicks(clocks, view, layout.plotPx, stepZeroNs)
      : placeTicks(chooseTicks(view, layout.plotPx, scale), axis),
    bars: laneRects(clocks ? unclipped(data) : (data?.segments ?? []), layout, axis, edgeNs),
    arrows: messageArrows(data?.messages ?? [], layout, axis),
    marks: placeMarks(data?.marks ?? [], layout, axis),
    faults,
    stretches: silentStretches(data?.buckets ?? [], data?.elections ?? []),
  };
}

/**
 * The lanes as if what was loaded had no ends: in causal order the others may be far ahead of a lane, or behind it, and a lane that did
 * nothing meanwhile is where it was.
 */
function unclipped(data: TimelineData | null): LaneSegment[] {
  if (!data) return [];
  const { fromNs, toNs } = data.loaded.window;
  return data.segments.map((segment) => ({
    ...segment,
    fromNs: segment.fromNs <= fromNs ? -FAR_NS : segment.fromNs,
    toNs: segment.toNs !== null && segment.toNs >= toNs ? FAR_NS : segment.toNs,
  }));
}

/** `context` counts pixels of the drawing from its top left corner; the ground has been cleared. */
export function paintTimeline(
  context: CanvasRenderingContext2D,
  picture: TimelinePicture,
  names: GutterWords,
  palette: Palette,
): Painted {
  const { layout, axis, data, edgeNs, bars } = picture;
  let primitives = drawGutter(context, layout, names, palette);
  context.save();
  context.translate(layout.gutterPx, 0);
  context.beginPath();
  context.rect(0, 0, layout.plotPx, layout.heightPx);
  context.clip();
  primitives += drawRuler(context, layout, picture.ticks, palette);
  if (data) {
    primitives += drawFaultShade(context, data.faults, layout, axis, edgeNs, palette);
    if (data.haze && axis.arrangement === 'time')
      primitives += drawHaze(context, data.haze, layout, axis, palette);
    for (const lane of layout.lanes) {
      const strip = stripRects(data.commits.get(lane.node) ?? [], lane.node, axis);
      primitives += drawStrips(context, lane, layout.plotPx, strip, palette);
    }
    primitives += drawLaneBars(context, bars, palette);
    primitives += drawLeases(context, data.leases, layout, axis, edgeNs, palette);
    primitives += drawArrows(context, picture.arrows, palette);
    primitives += drawLaneLabels(context, bars, palette);
    primitives += drawMarks(context, picture.marks, palette);
    primitives += drawElections(context, data.elections, layout, axis, palette);
    primitives += drawFaults(context, picture.faults, layout, axis, palette);
    primitives += drawFindings(context, data.findings, layout, axis, palette);
    const { buckets, operations } = data;
    const { stretches } = picture;
    primitives += drawClients(context, { buckets, stretches, operations }, layout, axis, palette);
  }
  if (picture.followed) drawFollowed(context, picture.followed, layout, axis, palette);
  context.restore();
  return { lanes: new Set(bars.map(({ segment }) => segment.node)).size, primitives };
}
