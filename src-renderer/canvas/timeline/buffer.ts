/**
 * What a timeline holds of a trace: windows three viewports wide, each at the zoom that it was asked for, so that a pan has something to
 * show before the answer comes and a zoom back shows at once. Pure.
 */
import { STEPS_NS } from './ticks.ts';
import type { Viewport } from './viewport.ts';
import { spanOf } from './viewport.ts';

/** What a look at the trace covered. */
export interface LoadedFor {
  /** Three viewports wide where the recording is; begins and ends between columns. */
  readonly window: Viewport;
  /** How much time a column of it has: a round number, so that columns keep still while the view moves. */
  readonly columnNs: number;
  /** How far the recording had come. */
  readonly edgeNs: number;
}

/** A column is so many pixels wide, or up to two and a half times that. */
const COLUMN_PX_MIN = 1.5;
const COLUMNS_MAX = 1_990;
/** A pan asks for more when less than this share of a viewport is left beside the view. */
const MARGIN = 0.35;

/** The round width of a column at this zoom. */
export function columnFor(view: Viewport, plotPx: number): number {
  const span = spanOf(view);
  const least = Math.max((span / Math.max(plotPx, 1)) * COLUMN_PX_MIN, (span * 3.1) / COLUMNS_MAX, 1);
  return STEPS_NS.find((step) => step >= least) ?? Math.ceil(least / 86_400e9) * 86_400e9;
}

/** The window to ask for around a view: whole columns, within the recording. */
export function wantedWindow(
  view: Viewport,
  columnNs: number,
  edgeNs: number,
): { fromNs: number; toNs: number; buckets: number } {
  const span = spanOf(view);
  const edge = Math.max(Math.ceil(edgeNs) + 1, 2);
  const fromNs = Math.floor(Math.max(Math.min(view.fromNs, edge) - span, 0) / columnNs) * columnNs;
  const wanted = Math.max(Math.min(view.toNs + span, edge), fromNs + 1);
  const buckets = Math.min(Math.max(Math.ceil((wanted - fromNs) / columnNs), 1), 2_000);
  return { fromNs, toNs: fromNs + buckets * columnNs, buckets };
}

/** Whether all that the recording has of the view was loaded. */
export function covers(loaded: LoadedFor, view: Viewport, edgeNs: number): boolean {
  const toNs = Math.min(view.toNs, edgeNs);
  if (Math.max(view.fromNs, 0) < loaded.window.fromNs) return false;
  return toNs <= loaded.window.toNs && toNs <= Math.max(loaded.edgeNs, loaded.window.fromNs);
}

/** Whether this is what the view should show: all of it, at its zoom. */
export function isRight(loaded: LoadedFor, view: Viewport, plotPx: number, edgeNs: number): boolean {
  return loaded.columnNs === columnFor(view, plotPx) && covers(loaded, view, edgeNs);
}

/** Whether another look at the trace is due: the loaded is not right, or soon will not be. */
export function isStale(loaded: LoadedFor | null, view: Viewport, plotPx: number, edgeNs: number): boolean {
  if (!loaded || !isRight(loaded, view, plotPx, edgeNs)) return true;
  const margin = spanOf(view) * MARGIN;
  const wider = { fromNs: Math.max(view.fromNs - margin, 0), toNs: view.toNs + margin };
  return !covers(loaded, wider, edgeNs) && edgeNs <= loaded.edgeNs;
}

/** How well something loaded stands in for what a view should show; larger is better. */
function fitness(loaded: LoadedFor, view: Viewport, plotPx: number, edgeNs: number): number {
  const zoom = Math.abs(Math.log(loaded.columnNs / columnFor(view, plotPx)));
  const fromNs = Math.max(view.fromNs, loaded.window.fromNs);
  const toNs = Math.min(view.toNs, loaded.window.toNs);
  const share = Math.max(toNs - fromNs, 0) / spanOf(view);
  return (covers(loaded, view, edgeNs) ? 1 : share * 0.8) - zoom * 0.1;
}

/** Of all that is held, what the view is best drawn from. */
export function bestFor<T extends { readonly loaded: LoadedFor }>(
  held: readonly T[],
  view: Viewport,
  plotPx: number,
  edgeNs: number,
): T | null {
  let best: T | null = null;
  let bestFitness = -Infinity;
  for (const one of held) {
    const fits = fitness(one.loaded, view, plotPx, edgeNs);
    if (fits > bestFitness) [best, bestFitness] = [one, fits];
  }
  return best;
}

/** How many messages a drawing of this width can tell apart. */
export function messageLimit(plotPx: number): number {
  return Math.min(Math.max(Math.round(plotPx * 0.6), 200), 1_200);
}
