/** How moments and durations are written: `2.47753 s`, `1:04:09.5`, `14.2 ms`, `0.094 ms`. */

const SECOND = 1_000_000_000;

/** Digits behind the second's point that tell two moments `stepNs` apart from each other. */
export function decimalsFor(stepNs: number): number {
  if (stepNs >= SECOND) return 0;
  return Math.min(9, Math.max(0, 9 - Math.floor(Math.log10(Math.max(stepNs, 1)) + 1e-9)));
}

/** A moment since the run's start with so many decimals of a second; from a minute on as `m:ss`, from an hour as `h:mm:ss`. */
export function formatMoment(atNs: number, decimals = 5): string {
  const unit = 10 ** (9 - decimals);
  // Rounded once, as an integer, so that no carry is lost between the parts (59.9999996 s is 1:00.00000).
  const ticks = Math.round(Math.max(atNs, 0) / unit);
  const perSecond = 10 ** decimals;
  const seconds = Math.floor(ticks / perSecond);
  const fraction = decimals > 0 ? '.' + String(ticks - seconds * perSecond).padStart(decimals, '0') : '';
  if (seconds < 60) return `${seconds}${fraction} s`;
  const tail = String(seconds % 60).padStart(2, '0') + fraction;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${tail}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${tail}`;
}

/** The cursor's moment, as precise as one pixel of the view (at least a millisecond, at most a nanosecond). */
export function formatCursor(atNs: number, nsPerPx: number): string {
  return formatMoment(atNs, Math.max(3, decimalsFor(nsPerPx)));
}

/** A duration with three significant digits and its unit. */
export function formatDuration(ns: number): string {
  const size = Math.abs(ns);
  if (size < 1_000) return `${Math.round(ns)} ns`;
  if (size < 10_000) return `${significant(ns / 1_000)} µs`;
  if (size < 999.5e6) return `${significant(ns / 1e6)} ms`;
  if (size < 60 * SECOND) return `${significant(ns / SECOND)} s`;
  if (size < 3_600 * SECOND)
    return `${Math.floor(ns / (60 * SECOND))} min ${Math.round((ns / SECOND) % 60)} s`;
  return `${Math.floor(ns / (3_600 * SECOND))} h ${Math.round((ns / (60 * SECOND)) % 60)} min`;
}

/** Milliseconds with three significant digits, without their unit. */
export function formatMs(ms: number): string {
  return Math.abs(ms) < 0.0005 ? '0' : significant(ms);
}

function significant(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return groupThousands(Math.round(value));
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return value.toFixed(3);
}

/** `12,031`. */
export function groupThousands(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
