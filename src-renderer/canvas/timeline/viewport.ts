/**
 * The stretch of the run that a timeline shows, and the arithmetic between time and pixels. Pure: everything that moves the
 * view (wheel, drag, keys, following the live edge) is a function from a viewport to a viewport.
 */

/** Half-open, in nanoseconds since the run's start; fractions are allowed between a zoom and the next query. */
export interface Viewport {
  readonly fromNs: number;
  readonly toNs: number;
}

/** The closest look: one microsecond across the whole width. */
export const SPAN_NS_MIN = 1_000;
/** How far past the end of the recording the view may go, as a share of its own width. */
const PAST_END = 0.1;
/** A run that has recorded next to nothing still gets a ruler. */
const RUN_NS_MIN = 1_000_000;

export function spanOf(view: Viewport): number {
  return view.toNs - view.fromNs;
}

export function timeToX(view: Viewport, widthPx: number, atNs: number): number {
  return ((atNs - view.fromNs) / spanOf(view)) * widthPx;
}

export function xToTime(view: Viewport, widthPx: number, x: number): number {
  return view.fromNs + (x / widthPx) * spanOf(view);
}

/** The whole run, with a little room behind its end. */
export function fitRun(endNs: number): Viewport {
  return { fromNs: 0, toNs: Math.max(endNs * 1.02, RUN_NS_MIN) };
}

/** The nearest viewport of (as far as possible) the same width that lies within the run. */
export function clampViewport(view: Viewport, endNs: number): Viewport {
  const whole = fitRun(endNs);
  const span = Math.min(Math.max(spanOf(view), SPAN_NS_MIN), spanOf(whole));
  const center = (view.fromNs + view.toNs) / 2;
  const edge = Math.max(whole.toNs, endNs + span * PAST_END);
  // A view that is narrower or wider than allowed keeps its middle; one that hangs over an end slides back.
  const wanted = span === spanOf(view) ? view.fromNs : center - span / 2;
  const fromNs = Math.min(Math.max(wanted, 0), Math.max(0, edge - span));
  return { fromNs, toNs: fromNs + span };
}

/** Shows `factor` times as much (below 1: zooms in) while the moment `atNs` keeps its place on the screen. */
export function zoomAt(view: Viewport, atNs: number, factor: number, endNs: number): Viewport {
  const spanMax = spanOf(fitRun(endNs));
  const span = Math.min(Math.max(spanOf(view) * factor, SPAN_NS_MIN), spanMax);
  const share = (atNs - view.fromNs) / spanOf(view);
  const fromNs = atNs - share * span;
  return clampViewport({ fromNs, toNs: fromNs + span }, endNs);
}

export function panBy(view: Viewport, deltaNs: number, endNs: number): Viewport {
  return clampViewport({ fromNs: view.fromNs + deltaNs, toNs: view.toNs + deltaNs }, endNs);
}

/** A viewport around a stretch of time, with `margin` of its length on either side. */
export function frame(fromNs: number, toNs: number, margin: number, endNs: number): Viewport {
  const room = Math.max((toNs - fromNs) * margin, SPAN_NS_MIN / 2);
  return clampViewport({ fromNs: fromNs - room, toNs: toNs + room }, endNs);
}

/**
 * The viewport unchanged while the moment is comfortably inside it; else moved so that the moment stands at a third (moving forward)
 * or at two thirds (moving backward).
 */
export function keepInView(view: Viewport, atNs: number, forward: boolean, endNs: number): Viewport {
  const share = (atNs - view.fromNs) / spanOf(view);
  if (share >= 0.04 && share <= 0.92) return view;
  const fromNs = atNs - spanOf(view) * (forward ? 0.33 : 0.67);
  return clampViewport({ fromNs, toNs: fromNs + spanOf(view) }, endNs);
}

/** How far across the view a playing cursor comes before the view moves along with it. */
const GLIDE_SHARE = 0.7;

/** The viewport moved just so far that a playing cursor does not come closer to the side it plays towards. */
export function glide(view: Viewport, atNs: number, forward: boolean, endNs: number): Viewport {
  const span = spanOf(view);
  const share = (atNs - view.fromNs) / span;
  const limit = forward ? GLIDE_SHARE : 1 - GLIDE_SHARE;
  if (forward ? share <= limit : share >= limit) return view;
  const fromNs = atNs - span * limit;
  return clampViewport({ fromNs, toNs: fromNs + span }, endNs);
}

/** The same width, ending at the live edge with a little room. */
export function followEdge(view: Viewport, edgeNs: number): Viewport {
  const span = Math.min(spanOf(view), Math.max(edgeNs * 1.02, RUN_NS_MIN));
  const toNs = Math.max(edgeNs + span * 0.02, span);
  return { fromNs: toNs - span, toNs };
}

export function contains(view: Viewport, atNs: number): boolean {
  return atNs >= view.fromNs && atNs < view.toNs;
}
