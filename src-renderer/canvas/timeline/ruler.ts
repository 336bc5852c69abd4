/** How the ruler reads: since the run's start, since a chosen moment, or as a clock on the wall. Pure. */
import { decimalsFor, formatMoment } from './time.ts';
import type { Viewport } from './viewport.ts';

export type RulerMode = 'absolute' | 'relative' | 'wall';

export const RULER_MODES = ['absolute', 'relative', 'wall'] as const satisfies readonly RulerMode[];
export const RULER_WORDS: Record<RulerMode, string> = {
  absolute: "time since the run's start",
  relative: 'time before and after a moment',
  wall: 'wall clock time (UTC)',
};

/** A way to write moments. */
export interface TimeScale {
  readonly mode: RulerMode;
  /** The moment of the run that reads as zero; before the run's start for a clock on the wall. */
  readonly zeroNs: number;
  /** What the numbers are, in a word or two. */
  readonly name: string;
  /** A moment of the run, with so many decimals of a second. */
  write(atNs: number, decimals: number): string;
}

const SECOND = 1_000_000_000;
const DAY_MS = 86_400_000;
const UNITS = [
  { name: 's', ns: SECOND, decimals: 0 },
  { name: 'ms', ns: 1e6, decimals: 3 },
  { name: 'µs', ns: 1e3, decimals: 6 },
  { name: 'ns', ns: 1, decimals: 9 },
] as const;

export const RUN_SCALE: TimeScale = {
  mode: 'absolute',
  zeroNs: 0,
  name: 'run time',
  write: formatMoment,
};

/** `+1.5 ms`, `−200 µs`, in one unit for the whole view: that of its moment furthest from the origin. */
export function relativeScale(originNs: number, view: Viewport): TimeScale {
  const furthestNs = Math.max(Math.abs(view.fromNs - originNs), Math.abs(view.toNs - originNs));
  const unit = UNITS.find(({ ns }) => furthestNs >= ns) ?? UNITS[3];
  return {
    mode: 'relative',
    zeroNs: originNs,
    name: 'since zero',
    write(atNs, decimals) {
      const sinceNs = atNs - originNs;
      const digits = Math.max(0, Math.min(decimals, 9) - unit.decimals);
      const size = Math.abs(sinceNs);
      const text =
        size >= 60 * SECOND
          ? formatMoment(size, Math.max(decimals, 0))
          : `${(size / unit.ns).toFixed(digits)} ${unit.name}`;
      if (/^[0.]+ /.test(text)) return `0 ${unit.name}`;
      return `${sinceNs < 0 ? '−' : '+'}${text}`;
    },
  };
}

/** `09:00:02.477` in Coordinated Universal Time, as logs of several machines are compared in. */
export function wallScale(startedAt: string): TimeScale {
  const startedMs = Date.parse(startedAt);
  const sinceMidnightMs = Number.isNaN(startedMs) ? 0 : ((startedMs % DAY_MS) + DAY_MS) % DAY_MS;
  const zeroNs = -sinceMidnightMs * 1e6;
  return {
    mode: 'wall',
    zeroNs,
    name: 'UTC',
    write: (atNs, decimals) => formatClock(atNs - zeroNs, decimals),
  };
}

/** A time of day; hours begin again after 24. Rounded once, as an integer, so that no carry is lost. */
function formatClock(sinceMidnightNs: number, decimals: number): string {
  const perSecond = 10 ** decimals;
  const ticks = Math.round(sinceMidnightNs / 10 ** (9 - decimals));
  const seconds = Math.floor(ticks / perSecond);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = `${two(Math.floor(seconds / 3_600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return decimals === 0 ? clock : `${clock}.${String(ticks - seconds * perSecond).padStart(decimals, '0')}`;
}

export function scaleFor(
  mode: RulerMode,
  given: { view: Viewport; originNs: number; startedAt: string | null },
): TimeScale {
  if (mode === 'relative') return relativeScale(given.originNs, given.view);
  if (mode === 'wall' && given.startedAt !== null) return wallScale(given.startedAt);
  return RUN_SCALE;
}

/** A moment as precise as one pixel of the view (at least a millisecond, at most a nanosecond). */
export function writeMoment(scale: TimeScale, atNs: number, nsPerPx: number): string {
  return scale.write(atNs, Math.max(3, decimalsFor(nsPerPx)));
}
