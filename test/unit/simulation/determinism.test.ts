import { describe, expect, it } from 'vitest';
import { runCampaign } from '../../../src-main/simulation/campaign/campaign.ts';
import { runSchedule } from '../../../src-main/simulation/run.ts';
import { drawSchedule } from '../../../src-main/simulation/schedule/draw.ts';
import type { Action } from '../../../src-main/simulation/schedule/schedule.ts';
import { Streams } from '../../../src-main/simulation/engine/streams.ts';
import { MS, plainSchedule, watch } from './plain-schedule.ts';

describe('a schedule', () => {
  it('gives the same trace each time, event by event', () => {
    for (const seed of [7, 8, 9]) {
      const [first, second] = [watch(drawSchedule(seed)), watch(drawSchedule(seed))];
      expect(second.trace).toEqual(first.trace);
      expect(second.hash).toBe(first.hash);
    }
  });

  it('gives another hash when anything in it differs', () => {
    const schedule = drawSchedule(7);
    const { hash } = runSchedule(schedule);
    const { environment } = schedule;
    const slower = { ...schedule, environment: { ...environment, turnNs: environment.turnNs + 1 } };
    expect(runSchedule(slower).hash).not.toBe(hash);
    expect(runSchedule({ ...schedule, seed: 8 }).hash).not.toBe(hash);
  });

  it('has the same hash whether its trace is kept or not', () => {
    expect(watch(drawSchedule(11)).hash).toBe(runSchedule(drawSchedule(11)).hash);
  });

  it('goes as it did up to what is left out of it', () => {
    const early: Action = { atNs: 700 * MS, kind: 'pause', node: 'n2', forNs: 100 * MS };
    const late: Action = { atNs: 1_200 * MS, kind: 'kill', node: 'n1', power: false, downNs: 100 * MS };
    const both = watch(plainSchedule({ actions: [early, late] }));
    const one = watch(plainSchedule({ actions: [early] }));
    const before = (trace: typeof both.trace) => trace.filter(({ atNs }) => atNs < late.atNs);
    expect(before(one.trace)).toEqual(before(both.trace));
    expect(one.hash).not.toBe(both.hash);
  });
});

describe('random streams', () => {
  it('depend on seed, purpose and number, and on nothing else', () => {
    const first = (seed: number, purpose: string, number = 0): number =>
      new Streams(seed).of(purpose, number)();
    expect(first(1, 'link n1 n2')).toBe(first(1, 'link n1 n2'));
    const others = [first(2, 'link n1 n2'), first(1, 'link n2 n1'), first(1, 'link n1 n2', 1)];
    expect(new Set([first(1, 'link n1 n2'), ...others]).size).toBe(4);
  });
});

describe('a campaign', () => {
  it('comes to the same with one worker and with two', async () => {
    const plan = { firstSeed: 7, schedules: 50, request: {}, violationsMax: 10 };
    const [one, two] = [
      await runCampaign({ ...plan, workers: 1 }),
      await runCampaign({ ...plan, workers: 2 }),
    ];
    expect(two.traceHash).toBe(one.traceHash);
    expect(two.messages).toBe(one.messages);
    expect(one).toMatchObject({ schedules: 50, violations: [] });
  });

  it('stops at the same violation with one worker and with two, and counts no schedule after it', async () => {
    const plan = {
      firstSeed: 1,
      schedules: 500,
      request: { bug: 'ack-before-durable' as const },
      violationsMax: 3,
    };
    const [one, two] = [
      await runCampaign({ ...plan, workers: 1 }),
      await runCampaign({ ...plan, workers: 2 }),
    ];
    expect(one.violations).toHaveLength(3);
    expect(two).toEqual({ ...one, wallSeconds: two.wallSeconds });
    expect(one.schedules).toBe((one.violations.at(-1)?.seed ?? 0) - plan.firstSeed + 1);
  });
});
