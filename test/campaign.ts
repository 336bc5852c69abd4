/**
 * `npm run campaign [-- ROUNDS]`: the kill tests many more times than a test run has time for, and the leader-crash scenario
 * twenty times in a row. Exit 0 when all of it held.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const rounds = process.argv[2] ?? '50';
const vitest = spawnSync(
  path.join(root, 'node_modules/.bin/vitest'),
  ['run', '--config', 'test/vitest.config.ts', '--project', 'cluster', 'test/cluster/kills.test.ts'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, QUORUM_LAB_ROUNDS: rounds } },
);

let failed = vitest.status === 0 ? 0 : 1;
for (let run = 1; run <= 20; run++) {
  const lab = spawnSync(
    process.execPath,
    [path.join(root, 'src-main/cli/main.ts'), 'run', 'leader-crash', '--json'],
    { cwd: root, encoding: 'utf8' },
  );
  const { ok, seed, elections, operations, trace } = JSON.parse(lab.stdout || '{"ok":false}') as {
    ok: boolean;
    seed?: number;
    elections?: { downtimeMs: number | null }[];
    operations?: { acknowledged: number; lost: number };
    trace?: { gaps: number; events: number };
  };
  if (!ok || lab.status !== 0) failed++;
  console.log(
    `leader-crash ${run}/20: ${ok ? 'ok' : 'FAILED'} seed ${seed} acknowledged ${operations?.acknowledged} lost ${operations?.lost} gaps ${trace?.gaps} ` +
      `events ${trace?.events} downtime ${elections?.at(-1)?.downtimeMs?.toFixed(0)} ms${ok ? '' : `\n${lab.stderr}`}`,
  );
}
console.log(failed === 0 ? 'campaign held' : `campaign FAILED: ${failed}`);
process.exitCode = failed === 0 ? 0 : 1;
