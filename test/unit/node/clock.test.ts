import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProcessClock } from '../../../src-main/node/clock.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the clock of a node process', () => {
  it('turns once for all that arrives together, and at the deadline set last', () => {
    let turns = 0;
    const clock = new ProcessClock(
      () => turns++,
      () => Date.now(),
    );
    clock.soon();
    clock.soon();
    vi.advanceTimersByTime(1);
    expect(turns).toBe(1);
    clock.alarm(clock.now() + 50);
    clock.alarm(clock.now() + 100);
    vi.advanceTimersByTime(99);
    expect(turns).toBe(1);
    vi.advanceTimersByTime(10);
    expect(turns).toBe(2);
  });

  it('drives no turn once it was stopped, whatever still arrives: a node that failed takes no further step', () => {
    let turns = 0;
    const clock = new ProcessClock(
      () => turns++,
      () => Date.now(),
    );
    clock.stop();
    clock.soon();
    clock.alarm(clock.now() + 50);
    vi.advanceTimersByTime(1_000);
    expect(turns).toBe(0);
  });
});
