/**
 * `npm run simulate:nightly [-- FIRST_SEED]`: what a test run has no time for. 10,000 schedules of five nodes and 100,000 of all sizes that
 * break nothing; every planted bug found within 10,000 schedules from three different first seeds; one hash whatever the
 * number of workers. Exit 0 when all of it held. The default seeds are those of the acceptance; others go on from there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BUGS } from '../src-main/simulation/schedule/bias.ts';

interface Report {
  violations: { seed: number; rule: string; shrunkEvents: number; trace: string; text: string }[];
  schedules: number;
  messages: number;
  wallSeconds: number;
  traceHash: string;
}

const cli = path.resolve(import.meta.dirname, '../src-main/cli/main.ts');
const first = Number(process.argv[2] ?? '1');
const out = mkdtempSync(path.join(tmpdir(), 'quorum-lab-campaign-'));
let failed = 0;

function simulate(...args: string[]): Report {
  const run = spawnSync(process.execPath, [cli, 'simulate', ...args, '--out', out, '--json'], {
    encoding: 'utf8',
  });
  if (run.status !== 0 && run.status !== 1) throw new Error(run.stderr);
  return JSON.parse(run.stdout) as Report;
}

function say(holds: boolean, sentence: string): void {
  if (!holds) failed++;
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${sentence}`);
}

function soundRun(sentence: string, ...args: string[]): void {
  const { violations, schedules, messages, wallSeconds } = simulate(...args);
  const figures = `${(messages / schedules).toFixed(0)} messages a schedule, ${wallSeconds.toFixed(0)} s`;
  say(violations.length === 0, `${sentence}: ${violations.length} violations, ${figures}`);
  for (const { seed, rule, text, trace } of violations)
    console.log(`         seed ${seed}: ${rule}: ${text} ${trace}`);
}

soundRun(
  '10,000 schedules of 5 nodes',
  '--schedules',
  '10000',
  '--nodes',
  '5',
  '--first-seed',
  String(first),
);
const hashes = ['1', '2', '2'].map(
  (workers) => simulate('--schedules', '50', '--first-seed', '7', '--workers', workers).traceHash,
);
say(new Set(hashes).size === 1, `one hash with 1, 2 and 2 workers: ${[...new Set(hashes)].join(' ')}`);
for (const bug of BUGS) {
  for (const seed of [first, first + 1_000_000, first + 2_000_000]) {
    const { violations, schedules } = simulate(
      '--bug',
      bug,
      '--schedules',
      '10000',
      '--first-seed',
      String(seed),
    );
    const [found] = violations;
    const shown =
      found === undefined
        ? 'not found'
        : `seed ${found.seed} breaks ${found.rule}, ${found.shrunkEvents} events`;
    say(
      found !== undefined && found.shrunkEvents <= 200,
      `${bug} from ${seed}: ${shown}, after ${schedules} schedules`,
    );
  }
}
soundRun('100,000 schedules of all sizes', '--schedules', '100000', '--first-seed', String(first));
console.log(failed === 0 ? 'all held' : `${failed} did NOT hold; traces are in ${out}`);
process.exitCode = failed === 0 ? 0 : 1;
