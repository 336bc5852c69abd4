/**
 * `npm test [-- STAGE…]`: every stage in turn, one line each, and a closing count of tests.
 *
 * Exit 0 when all stages passed. What this machine cannot run is skipped with its reason; with CI=true a skip is a
 * failure, so that nothing is left out unseen.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Tally } from './tally.ts';

const root = path.resolve(import.meta.dirname, '..');
const results = path.join(root, 'test/.results');
const bin = (name: string) => path.join(root, 'node_modules/.bin', name);
const inCi = process.env['CI'] === 'true';

interface Stage {
  readonly name: string;
  readonly commands: readonly (readonly [command: string, ...args: string[]])[];
  /** Writes a tally of tests. */
  readonly counts?: true;
  /** A stage without which this one would say nothing new. */
  readonly needs?: string;
}

interface Outcome {
  readonly stage: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly tally: Tally;
}

const vitest = (project: string): Pick<Stage, 'commands' | 'counts'> => ({
  commands: [
    [
      bin('vitest'),
      ...['run', '--config', 'test/vitest.config.ts', '--project', project],
      ...['--reporter', 'default', '--reporter', './test/tally.ts'],
    ],
  ],
  counts: true,
});

const stages: readonly Stage[] = [
  {
    name: 'lint',
    commands: [
      [bin('eslint'), '.', '--max-warnings', '0'],
      [bin('prettier'), '--check', '--log-level', 'warn', '.'],
    ],
  },
  {
    name: 'types',
    commands: [
      [bin('tsc'), '--noEmit'],
      [bin('tsc'), '--noEmit', '-p', 'src-main/desktop/preload'],
      [bin('tsc'), '--noEmit', '-p', 'test/e2e'],
      [bin('vue-tsc'), '--noEmit', '-p', 'src-renderer'],
    ],
  },
  { name: 'unit', ...vitest('unit') },
  { name: 'cluster', ...vitest('cluster') },
  { name: 'build', commands: [[process.execPath, 'src-main/desktop/launcher/build.ts']] },
  { name: 'e2e', ...vitest('e2e'), needs: 'build' },
];

const none = (): Tally => ({ passed: 0, failed: 0, skipped: [] });

function run(command: string, args: readonly string[], tallyFile: string): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, QUORUM_LAB_TALLY: tallyFile },
    });
    child.once('error', (error) => {
      console.error(`${command} could not be started: ${error.message}. Run 'npm ci' first.`);
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      if (signal) console.error(`${path.basename(command)} was ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}

function readTally(file: string): Tally {
  if (!existsSync(file)) return none();
  return JSON.parse(readFileSync(file, 'utf8')) as Tally;
}

async function runStage(stage: Stage, done: readonly Outcome[]): Promise<Outcome> {
  const blocker = done.find((outcome) => outcome.stage === stage.needs && outcome.state !== 'passed');
  if (blocker) {
    console.log(`${stage.name.padEnd(8)}skipped  the stage '${blocker.stage}' did not pass`);
    return { stage: stage.name, state: 'skipped', tally: none() };
  }
  const tallyFile = path.join(results, `${stage.name}.json`);
  rmSync(tallyFile, { force: true });
  const startedAt = performance.now();
  let code = 0;
  for (const [command, ...args] of stage.commands) code = (await run(command, args, tallyFile)) || code;
  const tally = readTally(tallyFile);
  const unfit = inCi && tally.skipped.length > 0;
  const state = code === 0 && tally.failed === 0 && !unfit ? 'passed' : 'failed';

  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const counts = stage.counts
    ? `  ${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`
    : '';
  console.log(`${stage.name.padEnd(8)}${state}  ${seconds} s${counts}`);
  for (const { name, reason } of tally.skipped) console.log(`        skipped: ${name}: ${reason}`);
  if (unfit) console.log('        with CI=true nothing may be skipped');
  return { stage: stage.name, state, tally };
}

async function main(asked: readonly string[]): Promise<number> {
  const unknown = asked.filter((name) => !stages.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    const known = stages.map((stage) => stage.name).join(', ');
    console.error(`There is no stage '${unknown.join("', '")}'. Name any of: ${known}.`);
    return 2;
  }
  mkdirSync(results, { recursive: true });
  const outcomes: Outcome[] = [];
  for (const stage of stages) {
    if (asked.length === 0 || asked.includes(stage.name)) outcomes.push(await runStage(stage, outcomes));
  }
  const failedStages = outcomes
    .filter((outcome) => outcome.state === 'failed')
    .map((outcome) => outcome.stage);
  if (failedStages.length > 0) console.log(`failed stages: ${failedStages.join(', ')}`);
  const sum = (count: (tally: Tally) => number) =>
    outcomes.reduce((total, { tally }) => total + count(tally), 0);
  const passed = sum((tally) => tally.passed);
  const failed = sum((tally) => tally.failed);
  const skipped = sum((tally) => tally.skipped.length);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failedStages.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
