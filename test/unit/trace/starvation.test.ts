import { describe, expect, it } from 'vitest';
import { Starvation } from '../../../src-main/trace/recorder/starvation.ts';

/** A process whose clocks this test moves. */
class FakeProcess {
  nowMs = 0;
  usedMs = 0;
  readonly starvation = new Starvation(
    () => this.nowMs,
    () => this.usedMs,
  );

  /** It wants the processor for so long and has it for some of that. */
  works(forMs: number, usingMs: number): boolean {
    this.nowMs += forMs;
    this.usedMs += usingMs;
    return this.starvation.work();
  }

  rests(forMs: number, lateMs = 0): void {
    this.starvation.rest(forMs);
    this.nowMs += forMs + lateMs;
  }
}

describe('a process of low priority', () => {
  it('is not starved while it has a part of the time that it wants', () => {
    const some = new FakeProcess();
    for (let round = 0; round < 100; round++) expect(some.works(100, 8)).toBe(false);
  });

  it('is not starved by resting', () => {
    const lazy = new FakeProcess();
    for (let round = 0; round < 100; round++) {
      lazy.rests(500);
      expect(lazy.works(1, 1)).toBe(false);
    }
  });

  it('is starved when others leave it next to nothing, at work or when it wants to begin', () => {
    const atWork = new FakeProcess();
    expect(atWork.works(900, 1)).toBe(false);
    expect(atWork.works(900, 1)).toBe(true);
    const beginning = new FakeProcess();
    beginning.rests(40, 2_000);
    expect(beginning.works(0, 0.1)).toBe(true);
  });

  it('is looked at anew after each judgement', () => {
    const once = new FakeProcess();
    expect(once.works(2_000, 1)).toBe(true);
    expect(once.works(2_000, 1_500)).toBe(false);
  });
});
