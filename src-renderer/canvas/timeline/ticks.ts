/** The ruler: which moments get a line and a label, from nanoseconds to days. */
import type { TimeScale } from './ruler.ts';
import { RUN_SCALE } from './ruler.ts';
import { decimalsFor } from './time.ts';
import type { Viewport } from './viewport.ts';
import { spanOf } from './viewport.ts';

export interface Tick {
  readonly atNs: number;
  readonly label: string;
}

const SECOND = 1_000_000_000;
/** Round stretches of time: 1, 2 and 5 of each decade up to a second, then what clocks have. */
export const STEPS_NS: readonly number[] = [
  ...[1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8].flatMap((decade) => [decade, 2 * decade, 5 * decade]),
  ...[1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400].map(
    (seconds) => seconds * SECOND,
  ),
];
/** A digit of the ruler's monospaced 12 px face, and the least room between two labels. */
const CHARACTER_PX = 7.3;
const LABEL_GAP_PX = 22;

/** The finest round step whose labels do not touch. */
export function chooseStep(view: Viewport, widthPx: number, scale: TimeScale = RUN_SCALE): number {
  const pxPerNs = widthPx / spanOf(view);
  for (const step of STEPS_NS) {
    const decimals = decimalsFor(step);
    const characters = Math.max(
      scale.write(Math.max(view.toNs, 0), decimals).length,
      scale.write(Math.max(view.fromNs, 0), decimals).length,
    );
    if (step * pxPerNs >= characters * CHARACTER_PX + LABEL_GAP_PX) return step;
  }
  return Math.ceil(spanOf(view) / (86_400 * SECOND)) * 86_400 * SECOND;
}

/** Moments within the view that read round on the scale, in order, from the run's first on. */
export function chooseTicks(view: Viewport, widthPx: number, scale: TimeScale = RUN_SCALE): Tick[] {
  if (widthPx <= 0) return [];
  const step = chooseStep(view, widthPx, scale);
  const decimals = decimalsFor(step);
  const ticks: Tick[] = [];
  const { zeroNs } = scale;
  for (let n = Math.ceil((Math.max(view.fromNs, 0) - zeroNs) / step); zeroNs + n * step < view.toNs; n++) {
    ticks.push({ atNs: zeroNs + n * step, label: scale.write(zeroNs + n * step, decimals) });
  }
  return ticks;
}

const BUCKETS_MAX = 2_000;

/** Buckets of a round width (1, 2 or 5 of a decade, at least `leastNs`) over a window, so that they keep still while the view moves. */
export function roundBuckets(
  window: Viewport,
  leastNs: number,
): { fromNs: number; toNs: number; buckets: number } {
  const least = Math.max(leastNs, spanOf(window) / (BUCKETS_MAX - 2), 1);
  const width = STEPS_NS.find((step) => step >= least) ?? Math.ceil(least / SECOND) * SECOND;
  const fromNs = Math.floor(window.fromNs / width) * width;
  const buckets = Math.min(Math.max(Math.ceil((window.toNs - fromNs) / width), 1), BUCKETS_MAX);
  return { fromNs, toNs: fromNs + buckets * width, buckets };
}
