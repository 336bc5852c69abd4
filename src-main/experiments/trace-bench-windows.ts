/** Windows at every zoom, and the questions that a timeline asks for one. */
import type { ReaderProcess } from '../cluster/reader-process.ts';
import type { Nanoseconds } from '../trace/model/events.ts';

export interface Zoom {
  /** Width of the viewport. */
  spanNs: Nanoseconds;
  samples: number;
  p50Ms: number;
  p95Ms: number;
}

interface Window {
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
}

const ZOOMS = 8;
const NARROWEST_NS = 20_000;
const WINDOWS_A_ZOOM = 20;

/** A viewport of a large screen, and how fine it is drawn. */
const PLOT_PX = 1_600;
const BAR_PX = 6;
const STRIP_PX = 2;
const MARK_PX = 8;
const MESSAGES_MAX = 960;
const OVERVIEW_BUCKETS = 400;

/** Eight zooms in even steps, from the whole run to microseconds, each at random places. */
export function windowsOf(
  durationNs: Nanoseconds,
  random: () => number,
): { spanNs: Nanoseconds; windows: Window[] }[] {
  const step = (NARROWEST_NS / durationNs) ** (1 / (ZOOMS - 1));
  return Array.from({ length: ZOOMS }, (_, zoom) => {
    const spanNs = Math.round(durationNs * step ** zoom);
    const windows = Array.from({ length: WINDOWS_A_ZOOM }, () => {
      const fromNs = Math.floor(random() * (durationNs - spanNs));
      return { fromNs, toNs: fromNs + spanNs };
    });
    return { spanNs, windows };
  });
}

/** Everything that is drawn of a window; but for the messages its neighbours at both sides are asked for too. */
export async function askWindow(
  trace: ReaderProcess,
  { fromNs, toNs }: Window,
  endNs: Nanoseconds,
): Promise<void> {
  const spanNs = toNs - fromNs;
  const whole = { fromNs: Math.max(0, fromNs - spanNs), toNs: Math.min(endNs + 1, toNs + spanNs) };
  const pxNs = spanNs / PLOT_PX;
  await Promise.all([
    trace.query('lanes', whole),
    trace.query('messages', { fromNs, toNs, limit: MESSAGES_MAX, heartbeats: true }),
    trace.query('elections', {}),
    trace.query('faults', {}),
    trace.query('operationBuckets', roundBuckets(whole, pxNs * BAR_PX)),
    trace.query('commits', roundBuckets(whole, pxNs * STRIP_PX)),
    trace.query('marks', roundBuckets(whole, pxNs * MARK_PX)),
    trace.query('density', { fromNs: 0, toNs: endNs + 1, buckets: OVERVIEW_BUCKETS }),
  ]);
}

const BUCKETS_MAX = 2_000;

/** Buckets of 1, 2 or 5 of a decade. */
function roundBuckets({ fromNs, toNs }: Window, leastNs: number): Window & { buckets: number } {
  const least = Math.max(leastNs, (toNs - fromNs) / (BUCKETS_MAX - 2), 1);
  const decade = 10 ** Math.floor(Math.log10(least));
  const widthNs = [1, 2, 5, 10].map((times) => times * decade).find((width) => width >= least) ?? least;
  const firstNs = Math.floor(fromNs / widthNs) * widthNs;
  const buckets = Math.min(Math.max(Math.ceil((toNs - firstNs) / widthNs), 1), BUCKETS_MAX);
  return { fromNs: firstNs, toNs: firstNs + buckets * widthNs, buckets };
}
