/** `lab run SCENARIO`: one scenario on real processes, with its verdict. */
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { drawSeed, runHeader } from '../experiments/header.ts';
import { DURATION_MS_MAX, parseDuration } from '../experiments/duration.ts';
import { leaderOf } from '../experiments/live-state.ts';
import { readProfile, resolveOptions } from '../experiments/profile.ts';
import { runScenario, type ScenarioResult } from '../experiments/run-scenario.ts';
import { readScenario, shippedScenario, type Scenario } from '../experiments/scenario.ts';
import { openDataRoot } from '../lab/data-root.ts';
import { traceFileOf } from '../lab/live-run.ts';
import { Recordings } from '../lab/recordings.ts';
import { APPLICATION_ID } from '../trace/schema.ts';
import { addOptionFlag, optionsWithFlags, readBug, readOptionFlags } from './option-flag.ts';
import { printJson, progress, table, UsageError, wholeNumber } from './output.ts';

interface RunFlags {
  engine: string;
  seed?: string;
  for?: string;
  trace?: string;
  keepDisks?: string;
  option?: string[];
  bug?: string;
  traceSizeMax?: string;
  json?: boolean;
}

export function addRun(program: Command, finish: (code: number) => void): void {
  addOptionFlag(program.command('run'), 'override an option of the protocol')
    .description('Run a scenario and say whether its expectations were met.')
    .argument('<scenario>', 'a scenario file, or the name of a shipped one')
    .option('--engine <engine>', 'process', 'process')
    .option('--seed <n>', 'seed of all random choices')
    .option('--for <duration>', 'end the run after this long (20s, 10m)')
    .option('--trace <file>', 'write the trace here instead of the data folder')
    .option('--keep-disks <folder>', "keep the nodes' databases in this folder")
    .option('--trace-size-max <size>', 'end the run when its trace is so large (500MB, 20GB)')
    .option('--bug <id>', 'run every node with this planted bug')
    .option('--json', 'print one JSON object')
    .action(async (scenario: string, flags: RunFlags) => finish(await run(scenario, flags)));
}

async function run(name: string, flags: RunFlags): Promise<number> {
  if (flags.engine !== 'process')
    throw new UsageError(`There is no engine "${flags.engine}"; there is process.`);
  const seed = flags.seed === undefined ? drawSeed() : wholeNumber('--seed', flags.seed, 0, 2 ** 48);
  const forMs = flags.for === undefined ? undefined : parseDuration(flags.for);
  if (flags.for !== undefined && forMs === undefined)
    throw new UsageError(`--for "${flags.for}" is no duration; write 20s or 10m.`);
  if (forMs !== undefined && forMs > DURATION_MS_MAX)
    throw new UsageError(
      `--for "${flags.for}" is longer than a run may last, which is ${DURATION_MS_MAX / 3_600_000}h.`,
    );
  const traceBytesMax = flags.traceSizeMax === undefined ? undefined : readSize(flags.traceSizeMax);
  const overrides = readOptionFlags(flags.option);
  const bug = readBug(flags.bug);
  const { scenario, text } = open(name);
  const options = optionsWithFlags(
    resolveOptions(readProfile(scenario.cluster.profile).options, scenario.cluster.options),
    overrides,
  );
  const header = runHeader({
    title: scenario.title,
    profile: scenario.cluster.profile,
    options,
    nodes: scenario.cluster.nodes,
    seed,
    scenario: text,
    ...(bug === undefined ? {} : { bug }),
  });
  const place = choosePlace(flags, header.runId);
  const ended = new AbortController();
  const interrupt = () => {
    if (ended.signal.aborted) process.exit(130); // asked twice
    progress('Stopping in order; once more to stop at once.');
    ended.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const timer = forMs === undefined ? undefined : setTimeout(() => ended.abort(), forMs);
  try {
    const result = await runScenario({
      scenario,
      header,
      options,
      ...(bug === undefined ? {} : { bug }),
      ...place,
      ...(traceBytesMax === undefined ? {} : { limits: { traceBytesMax } }),
      signal: ended.signal,
      onStarted: (cluster) => {
        place.started();
        progress(`${scenario.title}: ${cluster.nodes.length} nodes up, run ${header.runId}`);
      },
      onSnapshot: leaderTeller(),
    });
    if (result.failure !== null) progress(result.failure);
    if (flags.json) printJson(result);
    else process.stdout.write(`${describe(scenario, result)}\n`);
    return result.ok ? 0 : 1;
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    place.cleanUp();
  }
}

const SIZE_UNITS = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 } as const;

function readSize(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(KB|MB|GB)$/.exec(text.trim()) ?? [];
  if (number === undefined || unit === undefined || Number(number) === 0)
    throw new UsageError(`--trace-size-max "${text}" is no size; write 500MB or 20GB.`);
  return Math.round(Number(number) * SIZE_UNITS[unit as keyof typeof SIZE_UNITS]);
}

function open(name: string): { scenario: Scenario; text: string } {
  const isName = /^[a-z0-9-]+$/.test(name) && !existsSync(name);
  return isName ? shippedScenario(name) : readScenario(name);
}

interface Place {
  folder: string;
  traceFile: string;
  /** An older trace of the same name can go now. */
  started(): void;
  cleanUp(): void;
}

/** Where disks and trace go. Throws {@link UsageError} before anything is made. */
function choosePlace(flags: RunFlags, runId: string): Place {
  if (flags.keepDisks !== undefined) requireEmpty(flags.keepDisks);
  const traceFile = flags.trace === undefined ? undefined : checkTraceFile(flags.trace);
  if (flags.keepDisks !== undefined) {
    const folder = path.resolve(flags.keepDisks);
    requireWritable(path.dirname(folder), '--keep-disks');
    return placeOf(runId, folder, traceFile ?? traceFileOf(folder), false);
  }
  if (traceFile === undefined) {
    const folder = path.join(rootOrUsage().runs, runId);
    return placeOf(runId, folder, traceFileOf(folder), false);
  }
  return placeOf(runId, mkdtempSync(path.join(tmpdir(), 'quorum-lab-run-')), traceFile, true);
}

/** Should this process be killed, the next one to open the trace finds its spools. */
function placeOf(runId: string, folder: string, traceFile: string, temporary: boolean): Place {
  const older = setAside(traceFile);
  const recorded = noteRecording({ runId, traceFile, folder, temporary });
  return {
    folder,
    traceFile,
    started: () => older.remove(),
    cleanUp: () => {
      older.putBack();
      recorded();
      if (temporary) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Without a data folder that can be written there is no such note, and the run goes on all the same. */
function noteRecording(run: Parameters<Recordings['begin']>[0]): () => void {
  try {
    return new Recordings(openDataRoot().recordings).begin(run);
  } catch {
    return () => undefined;
  }
}

const TRACE_FILES = ['', '-wal', '-shm', '-journal'];

/** Keeps an older trace until the new run has started: what cannot start replaces nothing. */
function setAside(traceFile: string): { remove(): void; putBack(): void } {
  const moved: [string, string][] = [];
  for (const suffix of existsSync(traceFile) ? TRACE_FILES : []) {
    if (!existsSync(traceFile + suffix)) continue;
    const aside = `${traceFile}.older${suffix}`;
    renameSync(traceFile + suffix, aside);
    moved.push([traceFile + suffix, aside]);
  }
  return {
    remove: () => {
      for (const [, aside] of moved.splice(0)) rmSync(aside, { force: true });
    },
    putBack: () => {
      for (const [file, aside] of moved.splice(0)) renameSync(aside, file);
    },
  };
}

function rootOrUsage(): ReturnType<typeof openDataRoot> {
  try {
    return openDataRoot();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function requireEmpty(folder: string): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory())
    throw new UsageError(`--keep-disks: ${folder} is a file. Name a new folder.`);
  if (readdirSync(folder).length > 0)
    throw new UsageError(`--keep-disks ${folder}: the folder is not empty. Name a new one.`);
}

/** Permissions do not tell (root has them all, and a file system may be read-only or full), so something is made there. */
function requireWritable(folder: string, flag: string): void {
  if (!existsSync(folder))
    throw new UsageError(`${flag}: the folder ${folder} does not exist. Name a folder that can be written.`);
  try {
    rmdirSync(mkdtempSync(path.join(folder, '.quorum-lab-')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `${flag}: the folder ${folder} cannot be written (${code}). Name a folder that can be written.`,
    );
  }
}

/** An older trace is replaced once the new run has started; any other file is not touched. */
function checkTraceFile(given: string): string {
  const file = path.resolve(given);
  requireWritable(path.dirname(file), '--trace');
  if (!existsSync(file)) return file;
  if (!statSync(file).isFile()) throw new UsageError(`--trace: ${file} is a folder. Name a file.`);
  if (statSync(file).size > 0 && !isTrace(file)) {
    throw new UsageError(`--trace: ${file} exists and is no trace, so it is left alone. Name another file.`);
  }
  return file;
}

/** SQLite keeps the application's id at byte 68 of the file. */
function isTrace(file: string): boolean {
  const header = Buffer.alloc(72);
  const descriptor = openSync(file, 'r');
  try {
    return readSync(descriptor, header, 0, 72, 0) === 72 && header.readUInt32BE(68) === APPLICATION_ID;
  } finally {
    closeSync(descriptor);
  }
}

function leaderTeller(): (snapshot: Parameters<typeof leaderOf>[0]) => void {
  let told: string | undefined;
  return (snapshot) => {
    const leader = leaderOf(snapshot);
    if (leader === told || !snapshot) return;
    told = leader;
    const at = `${(snapshot.atNs / 1e9).toFixed(3)} s`;
    const term = snapshot.state.nodes.find(({ id }) => id === leader)?.term;
    progress(leader === undefined ? `${at}: no leader` : `${at}: ${leader} leads term ${term}`);
  };
}

function describe(scenario: Scenario, result: ScenarioResult): string {
  const { operations, messages, trace } = result;
  const elections = [
    ['term', 'leader', 'detection ms', 'campaign ms', 'first commit ms', 'downtime ms'],
    ...result.elections.map((election) => [
      election.term,
      election.leader,
      ...[election.detectionMs, election.campaignMs, election.firstCommitMs, election.downtimeMs].map((ms) =>
        ms === null ? '-' : ms.toFixed(1),
      ),
    ]),
  ];
  return [
    `${scenario.title}: ${result.ok ? 'all expectations met' : 'NOT as expected'} (seed ${result.seed})`,
    ...result.expectations.map(
      ({ met, text, measured }) => `  ${met ? 'met    ' : 'NOT MET'}  ${text}: ${measured}`,
    ),
    '',
    table(elections),
    '',
    `operations  ${operations.invoked} invoked, ${operations.acknowledged} acknowledged, ${operations.failed} failed, ${operations.unknown} unknown, ${operations.lost} lost`,
    `messages    ${messages.sent} sent, ${messages.delivered} delivered, ${messages.dropped} dropped`,
    `trace       ${trace.file}: ${trace.events} events, ${trace.gaps} gaps, ${trace.complete ? 'complete' : 'not complete'}`,
  ].join('\n');
}
