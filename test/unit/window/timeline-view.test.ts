import { describe, expect, it } from 'vitest';
import {
  isStale,
  joinMessages,
  shownText,
  wantedWindows,
} from '../../../src-renderer/canvas/timeline/buffer.ts';
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
  keepInView,
  panBy,
  spanOf,
  timeToX,
  xToTime,
  zoomAt,
} from '../../../src-renderer/canvas/timeline/viewport.ts';
import { message } from './timeline-rows.ts';

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

describe('what is held of a trace', () => {
  it('asks for the view and one neighbour on each side, within the recording', () => {
    const windows = wantedWindows({ fromNs: 1.5 * SECOND, toNs: 2.5 * SECOND }, 3 * SECOND);
    expect(windows.center).toEqual({ fromNs: 1.5 * SECOND, toNs: 2.5 * SECOND });
    expect(windows.left).toEqual({ fromNs: 0.5 * SECOND, toNs: 1.5 * SECOND });
    expect(windows.right).toEqual({ fromNs: 2.5 * SECOND, toNs: 3 * SECOND + 1 });
    expect(wantedWindows({ fromNs: 0, toNs: 9 * SECOND }, 3 * SECOND)).toMatchObject({
      left: null,
      right: null,
    });
  });

  it('asks again after a zoom, a longer pan, or when the edge in view has moved', () => {
    const view = { fromNs: SECOND, toNs: 2 * SECOND };
    const loaded = { view, edgeNs: 5 * SECOND };
    expect(isStale(null, view, 5 * SECOND)).toBe(true);
    expect(isStale(loaded, view, 6 * SECOND)).toBe(false);
    expect(isStale(loaded, { fromNs: 1.1 * SECOND, toNs: 2.1 * SECOND }, 6 * SECOND)).toBe(false);
    expect(isStale(loaded, { fromNs: 1.3 * SECOND, toNs: 2.3 * SECOND }, 6 * SECOND)).toBe(true);
    expect(isStale(loaded, { fromNs: SECOND, toNs: 1.5 * SECOND }, 6 * SECOND)).toBe(true);
    const atEdge = { fromNs: 4.5 * SECOND, toNs: 5.5 * SECOND };
    expect(isStale({ view: atEdge, edgeNs: 5 * SECOND }, atEdge, 5.2 * SECOND)).toBe(true);
  });

  it('counts a message that touches two windows once', () => {
    const a = message({ id: 'n1/1/1' });
    const b = message({ id: 'n1/1/2' });
    expect(joinMessages([[a, b], [b]])).toEqual([a, b]);
  });

  it('says what a drawing leaves out', () => {
    expect(shownText(400, 12_031, groupThousands)).toBe('showing 400 of 12,031 messages; zoom in for all');
    expect(shownText(400, 400, groupThousands)).toBeNull();
  });
});
