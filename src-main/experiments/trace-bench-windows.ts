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

/** A viewport of a large screen, and how fine it is drawn: as `src-renderer/canvas/timeline` does. */
const PLOT_PX = 1_600;
const COLUMN_PX_MIN = 1.5;
const COLUMNS_MAX = 1_990;
const BAR_COLUMNS = 3;
const MESSAGES_MAX = 2_880;
const OPERATIONS_NS_MAX = 1_000_000_000;
const OPERATIONS_MAX = 500;

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

/** Everything that is asked for a window, which is three viewports wide. What is of the run as a whole is asked for once, not here. */
export async function askWindow(
  trace: ReaderProcess,
  { fromNs, toNs }: Window,
  endNs: Nanoseconds,
): Promise<void> {
  const spanNs = toNs - fromNs;
  const three = { fromNs: Math.max(0, fromNs - spanNs), toNs: Math.min(endNs + 1, toNs + spanNs) };
  const columnNs = roundWidth(Math.max((spanNs / PLOT_PX) * COLUMN_PX_MIN, (spanNs * 3.1) / COLUMNS_MAX, 1));
  const columns = bucketsOf(three, columnNs);
  const window = { fromNs: columns.fromNs, toNs: columns.toNs };
  const bars = bucketsOf(window, columnNs * BAR_COLUMNS);
  await Promise.all([
    trace.query('lanes', window),
    trace.query('traffic', { ...columns, limit: MESSAGES_MAX, heartbeats: true }),
    trace.query('operationBuckets', bars),
    trace.query('commits', columns),
    trace.query('marks', bars),
    spanNs <= OPERATIONS_NS_MAX ? trace.query('operations', { ...window, limit: OPERATIONS_MAX }) : undefined,
  ]);
}

/** 1, 2 or 5 of a decade. */
function roundWidth(leastNs: number): Nanoseconds {
  const decade = 10 ** Math.floor(Math.log10(leastNs));
  return [1, 2, 5, 10].map((times) => times * decade).find((width) => width >= leastNs) ?? leastNs;
}

function bucketsOf({ fromNs, toNs }: Window, widthNs: Nanoseconds): Window & { buckets: number } {
  const firstNs = Math.floor(fromNs / widthNs) * widthNs;
  const buckets = Math.min(Math.max(Math.ceil((toNs - firstNs) / widthNs), 1), COLUMNS_MAX);
  return { fromNs: firstNs, toNs: firstNs + buckets * widthNs, buckets };
}
