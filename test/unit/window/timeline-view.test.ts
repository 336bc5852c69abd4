import { describe, expect, it } from 'vitest';
import {
  bestFor,
  columnFor,
  isRight,
  isStale,
  wantedWindow,
} from '../../../src-renderer/canvas/timeline/buffer.ts';
import type { LoadedFor } from '../../../src-renderer/canvas/timeline/buffer.ts';
import {
  RUN_SCALE,
  relativeScale,
  wallScale,
  writeMoment,
} from '../../../src-renderer/canvas/timeline/ruler.ts';
import { chooseTicks, roundBuckets } from '../../../src-renderer/canvas/timeline/ticks.ts';
import {
  formatCursor,
  formatDuration,
  formatMoment,
  groupThousands,
} from '../../../src-renderer/canvas/timeline/time.ts';
import {
  SPAN_NS_MIN,
  clampViewport,
  fitRun,
  followEdge,
  frame,
  glide,
  keepInView,
  panBy,
  spanOf,
  timeToX,
  xToTime,
  zoomAt,
} from '../../../src-renderer/canvas/timeline/viewport.ts';

const SECOND = 1e9;
const RUN = 8 * SECOND;

describe('the viewport', () => {
  it('maps time to pixels and back', () => {
    const view = { fromNs: 2 * SECOND, toNs: 4 * SECOND };
    expect(timeToX(view, 1_000, 3 * SECOND)).toBe(500);
    expect(xToTime(view, 1_000, 250)).toBe(2.5 * SECOND);
  });

  it('keeps the moment under the pointer where it is while zooming', () => {
    let view = fitRun(RUN);
    const at = 2.4775 * SECOND;
    const x = timeToX(view, 900, at);
    for (let step = 0; step < 12; step++) {
      view = zoomAt(view, at, 0.6, RUN);
      expect(timeToX(view, 900, at)).toBeCloseTo(x, 3);
    }
  });

  it('goes from the whole run down to one microsecond and no further', () => {
    let view = fitRun(RUN);
    for (let step = 0; step < 100; step++) view = zoomAt(view, 3 * SECOND, 0.5, RUN);
    expect(spanOf(view)).toBeCloseTo(SPAN_NS_MIN, 3);
    for (let step = 0; step < 100; step++) view = zoomAt(view, 3 * SECOND, 2, RUN);
    expect(view).toEqual(fitRun(RUN));
  });

  it('does not pan out of the recording', () => {
    const view = { fromNs: SECOND, toNs: 2 * SECOND };
    expect(panBy(view, -5 * SECOND, RUN)).toEqual({ fromNs: 0, toNs: SECOND });
    const late = panBy(view, 100 * SECOND, RUN);
    expect(spanOf(late)).toBe(SECOND);
    expect(late.fromNs).toBeLessThan(RUN);
  });

  it('frames a stretch with a margin on both sides', () => {
    expect(frame(2 * SECOND, 3 * SECOND, 0.5, RUN)).toEqual({ fromNs: 1.5 * SECOND, toNs: 3.5 * SECOND });
  });

  it('stands still while the cursor is inside and jumps ahead of it when it leaves', () => {
    const view = { fromNs: 0, toNs: SECOND };
    expect(keepInView(view, 0.5 * SECOND, true, RUN)).toBe(view);
    const moved = keepInView(view, 0.97 * SECOND, true, RUN);
    expect(moved.fromNs).toBeGreaterThan(0.5 * SECOND);
    expect(timeToX(moved, 300, 0.97 * SECOND)).toBeCloseTo(99, 0);
  });

  it('moves along with a playing cursor, both ways, once it has come far enough', () => {
    const view = { fromNs: SECOND, toNs: 2 * SECOND };
    expect(glide(view, 1.6 * SECOND, true, RUN)).toBe(view);
    expect(glide(view, 1.8 * SECOND, true, RUN).fromNs).toBeCloseTo(1.1 * SECOND, 3);
    expect(glide(view, 1.4 * SECOND, false, RUN)).toBe(view);
    expect(glide(view, 1.2 * SECOND, false, RUN).fromNs).toBeCloseTo(0.9 * SECOND, 3);
  });

  it('ends just behind the live edge when it follows it', () => {
    const view = followEdge({ fromNs: 0, toNs: 2 * SECOND }, 30 * SECOND);
    expect(spanOf(view)).toBeCloseTo(2 * SECOND, 0);
    expect(view.toNs).toBeGreaterThan(30 * SECOND);
    expect(view.toNs).toBeLessThan(30.1 * SECOND);
  });

  it('shows something sensible for a run that has recorded nothing', () => {
    expect(spanOf(clampViewport(fitRun(0), 0))).toBeGreaterThan(0);
  });
});

describe('the ruler', () => {
  it('has labels that do not touch, from a day to a microsecond', () => {
    for (let span = 1_000; span < 1e14; span *= 3.7) {
      for (const fromNs of [0, 17 * SECOND, 4_321 * SECOND]) {
        const view = { fromNs, toNs: fromNs + span };
        const ticks = chooseTicks(view, 800);
        expect(ticks.length).toBeGreaterThan(0);
        for (let n = 1; n < ticks.length; n++) {
          const [before, tick] = [ticks[n - 1], ticks[n]];
          if (!before || !tick) continue;
          const room = timeToX(view, 800, tick.atNs) - timeToX(view, 800, before.atNs);
          expect(room).toBeGreaterThan(before.label.length * 7.3 + 8);
          expect(tick.label).not.toBe(before.label);
        }
      }
    }
  });

  it('writes tenths of seconds as in the field', () => {
    const labels = chooseTicks({ fromNs: 1.68 * SECOND, toNs: 3.1 * SECOND }, 900).map(({ label }) => label);
    expect(labels.slice(0, 4)).toEqual(['1.7 s', '1.8 s', '1.9 s', '2.0 s']);
  });

  it('keeps buckets still while the view moves', () => {
    const one = roundBuckets({ fromNs: 1_234_567, toNs: 91_234_567 }, 600_000);
    const other = roundBuckets({ fromNs: 2_134_567, toNs: 92_134_567 }, 600_000);
    expect((one.toNs - one.fromNs) / one.buckets).toBe(1_000_000);
    expect((other.fromNs - one.fromNs) % 1_000_000).toBe(0);
    expect(one.fromNs).toBeLessThanOrEqual(1_234_567);
    expect(one.toNs).toBeGreaterThanOrEqual(91_234_567);
  });

  it('never asks for more buckets than the lab allows', () => {
    expect(roundBuckets({ fromNs: 0, toNs: 1e13 }, 1).buckets).toBeLessThanOrEqual(2_000);
  });
});

describe('moments and durations in words', () => {
  it('writes moments with the decimals asked for', () => {
    expect(formatMoment(2_477_530_412, 5)).toBe('2.47753 s');
    expect(formatMoment(2_477_530_412, 9)).toBe('2.477530412 s');
    expect(formatMoment(0, 0)).toBe('0 s');
  });

  it('turns to minutes and hours without losing a carry', () => {
    expect(formatMoment(59_999_999_999, 3)).toBe('1:00.000');
    expect(formatMoment(3_849_500_000_000, 1)).toBe('1:04:09.5');
  });

  it('makes the cursor as precise as a pixel', () => {
    expect(formatCursor(2_477_530_412, 1_000_000)).toBe('2.478 s');
    expect(formatCursor(2_477_530_412, 10)).toBe('2.47753041 s');
  });

  it('gives durations three digits and a unit', () => {
    expect(formatDuration(94_000)).toBe('0.094 ms');
    expect(formatDuration(14_200_000)).toBe('14.2 ms');
    expect(formatDuration(506_000_000)).toBe('506 ms');
    expect(formatDuration(1_240_000_000)).toBe('1.24 s');
    expect(formatDuration(820)).toBe('820 ns');
  });

  it('groups thousands', () => {
    expect(groupThousands(12_031)).toBe('12,031');
    expect(groupThousands(400)).toBe('400');
  });
});

describe('the ruler in its three readings', () => {
  const startedAt = '2026-03-01T23:59:58.250Z';

  it('counts from the start of the run, to the nanosecond', () => {
    const view = { fromNs: 2_477_530_000, toNs: 2_477_531_000 };
    expect(chooseTicks(view, 900).slice(0, 2)).toEqual([
      { atNs: 2_477_530_000, label: '2.4775300 s' },
      { atNs: 2_477_530_200, label: '2.4775302 s' },
    ]);
    expect(writeMoment(RUN_SCALE, 2_477_530_417, 1)).toBe('2.477530417 s');
  });

  it('counts before and after a moment, in the unit that the view asks for', () => {
    const origin = 2_477_530_417;
    const near = { fromNs: origin - 400, toNs: origin + 600 };
    const labels = chooseTicks(near, 900, relativeScale(origin, near)).map(({ label }) => label);
    expect(labels).toEqual([
      '−400 ns',
      '−300 ns',
      '−200 ns',
      '−100 ns',
      '0 ns',
      '+100 ns',
      '+200 ns',
      '+300 ns',
      '+400 ns',
      '+500 ns',
    ]);
    const wide = { fromNs: origin - 3e6, toNs: origin + 9e6 };
    expect(relativeScale(origin, wide).write(origin + 1_500_000, 4)).toBe('+1.5 ms');
    expect(relativeScale(origin, { fromNs: 0, toNs: 9e9 }).write(origin - 2e9, 1)).toBe('−2.0 s');
  });

  it('reads as a clock on the wall, over midnight and to the nanosecond', () => {
    const wall = wallScale(startedAt);
    expect(wall.write(0, 3)).toBe('23:59:58.250');
    expect(wall.write(1_750_000_001, 9)).toBe('00:00:00.000000001');
    const ticks = chooseTicks({ fromNs: 0, toNs: 3 * SECOND }, 900, wall);
    expect(ticks.map(({ label }) => label)).toContain('23:59:59.0');
    expect(ticks.find(({ label }) => label === '23:59:59.0')?.atNs).toBe(750_000_000);
  });

  it('has labels that differ and do not touch, whatever it counts from', () => {
    for (let span = 1_000; span < 1e13; span *= 7.3) {
      const view = { fromNs: 17 * SECOND, toNs: 17 * SECOND + span };
      for (const scale of [RUN_SCALE, relativeScale(17.3 * SECOND, view), wallScale(startedAt)]) {
        const ticks = chooseTicks(view, 800, scale);
        expect(ticks.length).toBeGreaterThan(0);
        expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length);
        for (let n = 1; n < ticks.length; n++) {
          const room = timeToX(view, 800, ticks[n]!.atNs) - timeToX(view, 800, ticks[n - 1]!.atNs);
          expect(room).toBeGreaterThan(ticks[n - 1]!.label.length * 7.3 + 8);
        }
      }
    }
  });
});

describe('what is held of a trace', () => {
  const PLOT = 1_000;
  const view = { fromNs: 3 * SECOND, toNs: 4 * SECOND };
  function lookAt(at: { fromNs: number; toNs: number }, edgeNs = RUN): LoadedFor {
    const columnNs = columnFor(at, PLOT);
    const { fromNs, toNs } = wantedWindow(at, columnNs, edgeNs);
    return { window: { fromNs, toNs }, columnNs, edgeNs };
  }

  it('is three viewports wide, in whole round columns of two to four pixels, within the recording', () => {
    const columnNs = columnFor(view, PLOT);
    expect(columnNs).toBe(2_000_000);
    const { fromNs, toNs, buckets } = wantedWindow(view, columnNs, RUN);
    expect([fromNs, toNs]).toEqual([2 * SECOND, 5 * SECOND]);
    expect(buckets).toBe(1_500);
    const atEnd = wantedWindow({ fromNs: 7.5 * SECOND, toNs: 8.2 * SECOND }, columnNs, RUN);
    expect(atEnd.toNs).toBeLessThanOrEqual(RUN + columnNs);
    expect(wantedWindow(fitRun(1e14), columnFor(fitRun(1e14), 1_900), 1e14).buckets).toBeLessThanOrEqual(
      2_000,
    );
  });

  it('is right for a pan within it and asked for anew before its end is reached', () => {
    const loaded = lookAt(view);
    expect(isStale(null, view, PLOT, RUN)).toBe(true);
    expect(isStale(loaded, view, PLOT, RUN)).toBe(false);
    const panned = { fromNs: 3.8 * SECOND, toNs: 4.8 * SECOND };
    expect(isRight(loaded, panned, PLOT, RUN)).toBe(true);
    expect(isStale(loaded, panned, PLOT, RUN)).toBe(true);
    expect(isRight(loaded, { fromNs: 4.3 * SECOND, toNs: 5.3 * SECOND }, PLOT, RUN)).toBe(false);
  });

  it('is not right at another zoom, nor when the edge in view has moved', () => {
    expect(isRight(lookAt(view), { fromNs: 3.4 * SECOND, toNs: 3.6 * SECOND }, PLOT, RUN)).toBe(false);
    const atEdge = { fromNs: 7.5 * SECOND, toNs: 8.1 * SECOND };
    expect(isStale(lookAt(atEdge), atEdge, PLOT, RUN)).toBe(false);
    expect(isStale(lookAt(atEdge), atEdge, PLOT, RUN + 2e8)).toBe(true);
  });

  it('shows what was looked at before at once, and the nearest thing where nothing fits', () => {
    const wide = { loaded: lookAt({ fromNs: 0, toNs: RUN }) };
    const close = { loaded: lookAt(view) };
    const elsewhere = { loaded: lookAt({ fromNs: 0, toNs: SECOND / 2 }) };
    const held = [elsewhere, close, wide];
    expect(bestFor(held, view, PLOT, RUN)).toBe(close);
    expect(bestFor(held, { fromNs: 0, toNs: RUN }, PLOT, RUN)).toBe(wide);
    expect(bestFor(held, { fromNs: 6 * SECOND, toNs: 6.5 * SECOND }, PLOT, RUN)).toBe(wide);
    expect(bestFor([], view, PLOT, RUN)).toBeNull();
  });
});
