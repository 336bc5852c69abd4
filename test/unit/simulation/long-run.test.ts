import { describe, expect, it } from 'vitest';
import { longSchedule, runLong } from '../../../src-main/simulation/long-run.ts';
import type { EventKind, TraceEvent } from '../../../src-main/trace/model/events.ts';

const EVENTS = 60_000;

function run(seed: number): { kinds: Map<EventKind, number>; last: TraceEvent | undefined; events: number } {
  const kinds = new Map<EventKind, number>();
  let last: TraceEvent | undefined;
  let events = 0;
  runLong(longSchedule(seed, EVENTS), EVENTS, (event) => {
    kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1);
    last = event;
    events++;
  });
  return { kinds, last, events };
}

describe('a long run', () => {
  it('is as long as was asked for, busy, and full of faults and elections', () => {
    const { kinds, last, events } = run(8);
    expect(events).toBeGreaterThanOrEqual(EVENTS);
    expect(events).toBeLessThan(EVENTS + 1_000);
    expect(last?.kind).toBe('run-stopped');
    expect(kinds.get('fault-started')).toBeGreaterThanOrEqual(1);
    expect(kinds.get('drop')).toBeGreaterThan(50);
    expect(kinds.get('role')).toBeGreaterThan(10);
    expect(kinds.get('complete')).toBeGreaterThan(500);
  });

  it('is the same for the same seed', () => {
    expect(run(2)).toEqual(run(2));
  });
});
