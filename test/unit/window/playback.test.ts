import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useCursorStore } from '../../../src-renderer/stores/cursor.ts';
import { advance, rateLabel, rateWords } from '../../../src-renderer/stores/playback.ts';
import { useRunStore } from '../../../src-renderer/stores/run.ts';
import { openWindow, RUN, settle, snapshotAt, summary } from './fake-lab.ts';
import type { FakeLab, Frames } from './fake-lab.ts';

describe('the arithmetic of playback', () => {
  it('moves as much as time passed, times the rate', () => {
    const frame = { atNs: 1e9, direction: 1, elapsedMs: 100, endNs: 8e9 } as const;
    expect(advance({ ...frame, rate: 1 })).toEqual({ atNs: 1.1e9, met: null });
    expect(advance({ ...frame, rate: 1 / 200 })).toEqual({ atNs: 1e9 + 500_000, met: null });
    expect(advance({ ...frame, rate: 1, direction: -1 })).toEqual({ atNs: 0.9e9, met: null });
  });

  it('moves by whole nanoseconds, and by one at least', () => {
    const moved = advance({ atNs: 5, rate: 1e-9, direction: 1, elapsedMs: 30, endNs: 100 });
    expect(moved).toEqual({ atNs: 6, met: null });
  });

  it('stops at both ends and says which it met', () => {
    expect(advance({ atNs: 7.99e9, rate: 1, direction: 1, elapsedMs: 100, endNs: 8e9 })).toEqual({
      atNs: 8e9,
      met: 'end',
    });
    expect(advance({ atNs: 1e6, rate: 1, direction: -1, elapsedMs: 100, endNs: 8e9 })).toEqual({
      atNs: 0,
      met: 'start',
    });
  });

  it('names rates as people say them', () => {
    expect([100, 1, 1 / 10, 1 / 200, 1 / 10_000].map(rateLabel)).toEqual([
      '100×',
      '1×',
      '1/10',
      '1/200',
      '1/10,000',
    ]);
    expect(rateWords(1 / 200)).toBe('shown 200× slower');
    expect(rateWords(100)).toBe('shown 100× faster');
    expect(rateWords(1 / 10_000)).toBe('shown 10,000× slower');
    expect(rateWords(1)).toBe('as it happened');
  });
});

describe('the cursor', () => {
  let lab: FakeLab;
  let frames: Frames;
  beforeEach(() => {
    ({ lab, frames } = openWindow());
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  async function openLive(): Promise<void> {
    lab.setRuns(summary({ status: 'live', durationNs: 0 }));
    useCursorStore();
    await useRunStore().open(RUN);
    lab.push(snapshotAt(2e9));
    await settle();
  }
  async function openSaved(): Promise<void> {
    lab.setRuns(summary());
    useCursorStore();
    await useRunStore().open(RUN);
    await settle();
  }

  it('follows the edge of a live run', async () => {
    await openLive();
    const cursor = useCursorStore();
    expect(cursor.atEdge).toBe(true);
    expect(cursor.atNs).toBe(2e9);
    lab.push(snapshotAt(3e9));
    expect(cursor.atNs).toBe(3e9);
    expect(cursor.behindNs).toBe(0);
  });

  it('falls behind a live run through a slow lens, and End brings it back', async () => {
    await openLive();
    const cursor = useCursorStore();
    cursor.setRate(1 / 200);
    frames.pass(100);
    expect(cursor.rate).toBe(1 / 200);
    lab.push(snapshotAt(4e9));
    frames.pass(100);
    expect(cursor.atEdge).toBe(false);
    expect(cursor.atNs).toBe(2e9 + 500_000);
    expect(cursor.behindNs).toBe(2e9 - 500_000);
    cursor.toEdge();
    expect(cursor.atNs).toBe(4e9);
    expect(cursor.rate).toBe(1);
    expect(frames.waiting).toBe(false);
  });

  it('stands still on pause while the run goes on', async () => {
    await openLive();
    const cursor = useCursorStore();
    cursor.pause();
    lab.push(snapshotAt(5e9));
    expect(cursor.atNs).toBe(2e9);
    expect(cursor.behindNs).toBe(3e9);
  });

  it('opens a saved trace at its start, and plays to its end, where it stops asking for frames', async () => {
    await openSaved();
    const cursor = useCursorStore();
    expect(cursor.atNs).toBe(0);
    cursor.seek(7.95e9);
    cursor.play();
    frames.pass(40);
    expect(cursor.atNs).toBe(7.99e9);
    frames.pass(40);
    expect(cursor.atNs).toBe(8e9);
    expect(cursor.playing).toBe(false);
    expect(frames.waiting).toBe(false);
  });

  it('plays a saved trace again from its start when it stands at its end', async () => {
    await openSaved();
    const cursor = useCursorStore();
    cursor.toEdge();
    cursor.play();
    frames.pass(100);
    expect(cursor.atNs).toBe(0.1e9);
  });

  it('skips what passed while no frame came, a hidden window for instance', async () => {
    await openSaved();
    const cursor = useCursorStore();
    cursor.play();
    frames.pass(3_000);
    expect(cursor.atNs).toBe(0.25e9);
  });

  it('moves with every frame through a saved trace, and no more than 30 times a second on a live run', async () => {
    await openSaved();
    const cursor = useCursorStore();
    cursor.play();
    frames.pass(16);
    expect(cursor.atNs).toBe(16e6);
    lab.setRuns(summary({ status: 'live', durationNs: 0 }));
    lab.push(snapshotAt(4e9));
    frames.pass(16);
    expect(cursor.atNs).toBe(16e6);
    frames.pass(17);
    expect(cursor.atNs).toBe(49e6);
  });

  it.each([100, 10, 1, 1 / 10, 1 / 50, 1 / 200, 1 / 1_000, 1 / 10_000])(
    'plays %f times as fast as it happened, forwards and backwards, and comes back to where it began',
    async (rate) => {
      await openSaved();
      const cursor = useCursorStore();
      cursor.setRate(rate);
      cursor.seek(4e9);
      const passed: number[] = [];
      for (const towards of [1, -1] as const) {
        cursor.play(towards);
        for (let frame = 0; frame < 2; frame++) {
          frames.pass(16);
          passed.push(cursor.atNs);
        }
        cursor.pause();
      }
      const step = 16e6 * rate;
      expect(passed).toEqual([4e9 + step, 4e9 + 2 * step, 4e9 + step, 4e9]);
    },
  );

  it('turns round while it plays', async () => {
    await openSaved();
    const cursor = useCursorStore();
    cursor.seek(4e9);
    cursor.play();
    frames.pass(20);
    cursor.play(-1);
    frames.pass(40);
    expect(cursor.atNs).toBe(4e9 - 20e6);
    expect(cursor.playing).toBe(true);
  });

  it('keeps to the recording', async () => {
    await openSaved();
    const cursor = useCursorStore();
    cursor.seek(99e9);
    expect(cursor.atNs).toBe(8e9);
    cursor.seek(-5);
    expect(cursor.atNs).toBe(0);
  });

  it('stays where the run stopped when a live run becomes a trace', async () => {
    await openLive();
    lab.setRuns(summary({ status: 'complete', durationNs: 2.5e9 }));
    await settle();
    const cursor = useCursorStore();
    expect(cursor.atEdge).toBe(false);
    expect(cursor.atNs).toBe(2e9);
    cursor.toEdge();
    expect(cursor.atNs).toBe(2.5e9);
  });
});
