/**
 * `npm run campaign [-- ROUNDS]`: the kill tests many more times than a test run has time for (lab and recorder together twice as often),
 * the leader-crash scenario twenty times in a row, and those of membership five times each. Exit 0 when all of it held.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const rounds = Number(process.argv[2] ?? '50');

/** Whether the tests of a file held, so many rounds long. */
function hold(file: string, times: number): boolean {
  const { status } = spawnSync(
    path.join(root, 'node_modules/.bin/vitest'),
    ['run', '--config', 'test/vitest.config.ts', '--project', 'cluster', file],
    { cwd: root, stdio: 'inherit', env: { ...process.env, QUORUM_LAB_ROUNDS: String(times) } },
  );
  return status === 0;
}

let failed = 0;
if (!hold('test/cluster/kills.test.ts', rounds)) failed++;
if (!hold('test/cluster/killed-together.test.ts', 2 * rounds)) failed++;

/** Runs a shipped scenario and tells how it went. */
function runScenario(name: string, run: number, runs: number): boolean {
  const lab = spawnSync(process.execPath, [path.join(root, 'src-main/cli/main.ts'), 'run', name, '--json'], {
    cwd: root,
    encoding: 'utf8',
  });
  const { ok, seed, elections, operations, trace } = JSON.parse(lab.stdout || '{"ok":false}') as {
    ok: boolean;
    seed?: number;
    elections?: { downtimeMs: number | null }[];
    operations?: { acknowledged: number; lost: number };
    trace?: { gaps: number; events: number };
  };
  const held = ok && lab.status === 0;
  console.log(
    `${name} ${run}/${runs}: ${held ? 'ok' : 'FAILED'} seed ${seed} acknowledged ${operations?.acknowledged} lost ${operations?.lost} gaps ${trace?.gaps} ` +
      `events ${trace?.events} downtime ${elections?.at(-1)?.downtimeMs?.toFixed(0)} ms${held ? '' : `\n${lab.stderr}`}`,
  );
  return held;
}

const times = { 'leader-crash': 20, membership: 5, 'membership-crashes': 5 };
for (const [name, runs] of Object.entries(times)) {
  for (let run = 1; run <= runs; run++) if (!runScenario(name, run, runs)) failed++;
}
console.log(failed === 0 ? 'campaign held' : `campaign FAILED: ${failed}`);
process.exitCode = failed === 0 ? 0 : 1;
