import { describe, expect, it } from 'vitest';
import { BUGS } from '../../../src-main/simulation/schedule/bias.ts';
import { drawSchedule } from '../../../src-main/simulation/schedule/draw.ts';
import { readSchedule } from '../../../src-main/simulation/schedule/read.ts';

const drawn = Array.from({ length: 400 }, (_, at) => drawSchedule(at + 1));

describe('drawn schedules', () => {
  it('use every fault, option and number of voters', () => {
    const kinds = new Set(drawn.flatMap(({ actions }) => actions.map(({ kind }) => kind)));
    expect([...kinds].sort()).toEqual([
      'clock',
      'join',
      'kill',
      'links',
      'operator',
      'partition',
      'pause',
      'slow-apply',
      'slow-disk',
      'wipe',
    ]);
    expect(new Set(drawn.map(({ voters }) => voters.length))).toEqual(new Set([2, 3, 4, 5, 6, 7]));
    for (const name of [
      'termStartNoOp',
      'preVote',
      'checkQuorum',
      'overlapPersistence',
      'conflictHints',
    ] as const)
      expect(new Set(drawn.map(({ options }) => options[name]))).toEqual(new Set([true, false]));
    expect(new Set(drawn.map(({ options }) => options.reads))).toEqual(
      new Set(['log', 'read-index', 'lease']),
    );
    expect(Math.min(...drawn.map(({ options }) => options.snapshotEveryEntries))).toBe(3);
    expect(Math.min(...drawn.map(({ options }) => options.maxEntriesPerMessage))).toBe(1);
  });

  it('keep clocks within the bound that leases rest on', () => {
    const leases = drawn.filter(({ options }) => options.reads === 'lease');
    for (const { options, actions, environment } of leases) {
      expect(environment.drift).toBeLessThanOrEqual(options.clockDriftBound);
      for (const action of actions) {
        if (action.kind !== 'clock') continue;
        expect(Math.abs(action.rate - 1)).toBeLessThanOrEqual(options.clockDriftBound + 1e-9);
        expect(action.stepMs).toBe(0);
      }
    }
  });

  it('keep to the number of nodes and the options that are laid down', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const schedule = drawSchedule(seed, {
        nodes: 4,
        options: { checkQuorum: false, maxEntriesPerMessage: 7 },
      });
      expect(schedule.voters).toHaveLength(4);
      expect(schedule.options).toMatchObject({ checkQuorum: false, maxEntriesPerMessage: 7 });
      expect(schedule.options.reads).not.toBe('lease');
    }
  });

  it('read back from JSON as they were, with every planted bug too', () => {
    const some = [...drawn.slice(0, 50), ...BUGS.map((bug) => drawSchedule(3, { bug }))];
    for (const schedule of some) expect(readSchedule(JSON.stringify(schedule))).toEqual(schedule);
  });
});

describe('a schedule file', () => {
  it('is refused with the place of what is wrong', () => {
    const schedule = drawSchedule(1);
    expect(() => readSchedule('{')).toThrow('it is no JSON');
    expect(() => readSchedule(JSON.stringify({ ...schedule, voters: [] }))).toThrow('voters');
    const actions = [{ atNs: 1, kind: 'explode' }];
    expect(() => readSchedule(JSON.stringify({ ...schedule, actions }))).toThrow('actions.0.kind');
    const options = { ...schedule.options, reads: 'lease', checkQuorum: false };
    expect(() => readSchedule(JSON.stringify({ ...schedule, options }))).toThrow('checkQuorum is off');
  });
});
