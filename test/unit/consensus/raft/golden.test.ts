import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { drawSchedule } from '../../../../src-main/simulation/schedule/draw.ts';
import { readSchedule } from '../../../../src-main/simulation/schedule/read.ts';
import { runTranscript } from '../../../golden/raft-runner.ts';
import { replay } from '../../../golden/replay-lines.ts';

const folder = path.resolve(import.meta.dirname, '../../../golden/raft');
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));

/** `npm run golden:rewrite` writes them anew, to be reviewed as a difference. */
describe('golden transcripts', () => {
  it.each(names)('%s comes out as it is written', (name) => {
    const text = readFileSync(path.join(folder, name), 'utf8');
    expect(runTranscript(name, text)).toBe(text);
  });

  it.each(names)('%s begins with a sentence that says what it shows, and where that is from', (name) => {
    const [heading = '', gap, prose = ''] = readFileSync(path.join(folder, name), 'utf8').split('\n');
    expect(heading).toMatch(/\((paper|dissertation|etcd-io\/raft|tikv\/raft-rs|rethinkdb|raft-dev).*\)$/);
    expect(gap).toBe('');
    expect(prose).not.toMatch(/^(> .*)?$/);
  });
});

describe('a violation that the simulation found', () => {
  const SEEDS = 200;

  /** The first schedule in which the bug shows, told. */
  function violation(): readonly string[] {
    for (let seed = 1; seed <= SEEDS; seed++) {
      // As the simulation writes it and somebody reads it later.
      const schedule = readSchedule(JSON.stringify(drawSchedule(seed, { bug: 'vote-not-durable' })));
      const lines = replay(schedule);
      if (lines.at(-1)?.startsWith('broken: vote-durability.') === true) return lines;
    }
    throw new Error(`vote-not-durable does not show in ${SEEDS} schedules`);
  }

  it('is told like a transcript: every step, what shows it marked, and at the end the rule that is broken', () => {
    const lines = violation();
    expect(lines.some((line) => /^ +[0-9.]+ ms {2}n\d ← n\d {2}RequestVote of term \d+/.test(line))).toBe(
      true,
    );
    expect(lines.filter((line) => line.startsWith('! ')).length).toBeGreaterThan(0);
    expect(lines.filter((line) => line.includes('undefined'))).toEqual([]);
  });

  it('is absent where nothing is broken', () => {
    expect(replay(drawSchedule(1, {})).at(-1)).toBe('nothing is broken');
  });
});
