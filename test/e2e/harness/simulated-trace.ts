/** Traces for tests that look at a recording: simulated, so that each is there in a moment and always the same. */
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { writeTrace } from '../../../src-main/simulation/write-trace.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import { MS, plainSchedule, writer } from '../../unit/simulation/plain-schedule.ts';
import { sampleHeader } from '../../unit/trace/sample-run.ts';

const CUT_LEADER = [
  ['@0', '@1'],
  ['@1', '@0'],
  ['@0', '@2'],
  ['@2', '@0'],
] as const;

/**
 * Three nodes, two clients. At 800 ms the leader is cut off for 900 ms: it goes on to take writes, which are never committed and
 * removed once it is back; at 2.6 s another node is killed for half a second. A check is made to have found something at 1.2 s.
 */
export async function simulatedTrace(): Promise<string> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'quorum-lab-trace-'));
  const file = path.join(folder, 'cut-leader.qlab');
  const schedule = plainSchedule({
    clients: [writer('c1', 60, 30), writer('c2', 60, 30)],
    options: { checkQuorum: false, preVote: false },
    actions: [
      { atNs: 800 * MS, kind: 'partition', shape: 'split', cuts: CUT_LEADER, forNs: 900 * MS },
      { atNs: 2_600 * MS, kind: 'kill', node: '@1', power: false, downNs: 500 * MS },
    ],
    untilMs: 4_000,
  });
  await writeTrace(schedule, file, { ...sampleHeader(), title: 'A leader cut off' });
  const trace = openDatabase(file);
  trace
    .prepare('INSERT INTO finding (rule, at_ns, event, text, detail) VALUES (?, ?, ?, ?, NULL)')
    .run('leader-lease', 1_200 * MS, 'n1/1/1', 'two nodes took writes at once');
  trace.close();
  return file;
}
