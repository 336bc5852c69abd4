/** `lab simulate`: random schedules in virtual time, hunting for what breaks a rule. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { runHeader } from '../experiments/header.ts';
import { openDataRoot } from '../lab/data-root.ts';
import { runCampaign, type CampaignListener, type CampaignResult } from '../simulation/campaign/campaign.ts';
import type { RunFinding } from '../simulation/engine/finding.ts';
import { runSchedule } from '../simulation/run.ts';
import { BUGS, type Bug } from '../simulation/schedule/bias.ts';
import { drawSchedule, type DrawRequest } from '../simulation/schedule/draw.ts';
import { readSchedule } from '../simulation/schedule/read.ts';
import { scheduledEvents, type Schedule } from '../simulation/schedule/schedule.ts';
import { shrink } from '../simulation/shrink.ts';
import { writeTrace } from '../simulation/write-trace.ts';
import { addOptionFlag, readOptionFlagsForDrawing } from './option-flag.ts';
import { printJson, progress, UsageError, wholeNumber } from './output.ts';

interface SimulateFlags {
  schedules?: string;
  firstSeed?: string;
  nodes?: string;
  protocol: string;
  bug?: string;
  workers?: string;
  option?: string[];
  out?: string;
  replay?: string;
  json?: boolean;
}

/** As it is printed. */
interface Violation {
  readonly seed: number;
  readonly rule: string;
  readonly shrunkEvents: number;
  /** The trace of the shrunk schedule; the schedule itself lies beside it. */
  readonly trace: string;
  readonly text: string;
}

interface Report {
  readonly violations: readonly Violation[];
  readonly schedules: number;
  readonly schedulesPerSecond: number;
  readonly messages: number;
  readonly wallSeconds: number;
  readonly traceHash: string;
}

/** So many violations say that something is broken; more would say it no better. */
const VIOLATIONS_MAX = 20;
const SCHEDULES_MAX = 10_000_000;

export function addSimulate(program: Command, finish: (code: number) => void): void {
  addOptionFlag(program.command('simulate'), 'an option of all schedules instead of a drawn one')
    .description('Run random schedules in virtual time and check every rule on each.')
    .option('--schedules <n>', 'how many (default: 1000)')
    .option('--first-seed <s>', 'seed of the first one; the others follow (default: 1)')
    .option('--nodes <n>', 'voters at the beginning (default: drawn from 2 to 7)')
    .option('--protocol <protocol>', 'raft', 'raft')
    .option('--bug <id>', 'plant this bug and stop at the first schedule that shows it')
    .option('--workers <n>', 'threads (default: one a core)')
    .option('--out <folder>', 'where traces of violations go (default: the data folder)')
    .option('--replay <file>', 'run the one schedule of this file')
    .option('--json', 'print one JSON object')
    .action(async (flags: SimulateFlags) => finish(await simulate(flags)));
}

async function simulate(flags: SimulateFlags): Promise<number> {
  if (flags.protocol !== 'raft')
    throw new UsageError(`There is no protocol "${flags.protocol}" to simulate; there is raft.`);
  const place = placeOf(flags.out);
  const report = flags.replay === undefined ? await hunt(flags, place) : await replay(flags.replay, place);
  if (flags.json) printJson(report);
  else process.stdout.write(`${describe(report)}\n`);
  return report.violations.length === 0 ? 0 : 1;
}

async function hunt(flags: SimulateFlags, place: Place): Promise<Report> {
  const request = requestOf(flags);
  const schedules = wholeNumber('--schedules', flags.schedules ?? '1000', 1, SCHEDULES_MAX);
  const firstSeed = wholeNumber('--first-seed', flags.firstSeed ?? '1', 0, 2 ** 48);
  const workers = wholeNumber('--workers', flags.workers ?? String(availableParallelism()), 1, 256);
  const violationsMax = request.bug === undefined ? VIOLATIONS_MAX : 1;
  const result = await runCampaign(
    { firstSeed, schedules, workers, request, violationsMax },
    tell(schedules),
  );
  const violations: Violation[] = [];
  for (const { seed, finding } of result.violations) {
    if (finding === undefined) continue;
    violations.push(await settle(drawSchedule(seed, request), finding, place));
  }
  return reportOf(result, violations);
}

async function replay(file: string, place: Place): Promise<Report> {
  let schedule: Schedule;
  try {
    schedule = readSchedule(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file} holds no schedule that can be run: ${(error as Error).message}`);
  }
  const startedMs = performance.now();
  const { finding, messages, hash } = runSchedule(schedule);
  const wallSeconds = (performance.now() - startedMs) / 1_000;
  const violations = finding === undefined ? [] : [await record(schedule, finding, place)];
  return {
    violations,
    schedules: 1,
    schedulesPerSecond: 1 / wallSeconds,
    messages,
    wallSeconds,
    traceHash: hash,
  };
}

/** @throws UsageError when what is asked for makes no sense or is unsafe */
function requestOf({ bug, nodes, option }: SimulateFlags): DrawRequest {
  if (bug !== undefined && !isBug(bug))
    throw new UsageError(`There is no planted bug "${bug}"; there are ${BUGS.join(', ')}.`);
  return {
    ...(nodes !== undefined && { nodes: wholeNumber('--nodes', nodes, 1, 9) }),
    ...(bug !== undefined && { bug }),
    options: readOptionFlagsForDrawing(option),
  };
}

function isBug(name: string): name is Bug {
  return (BUGS as readonly string[]).includes(name);
}

/** Shrinks the schedule and records it. */
async function settle(schedule: Schedule, finding: RunFinding, place: Place): Promise<Violation> {
  const shrunk = shrink(schedule, finding);
  progress(
    `seed ${schedule.seed} shrunk from ${scheduledEvents(schedule)} to ${scheduledEvents(shrunk.schedule)} scheduled events by ${shrunk.runs} runs`,
  );
  return record(shrunk.schedule, shrunk.finding, place);
}

async function record(schedule: Schedule, finding: RunFinding, place: Place): Promise<Violation> {
  const { seed, options, voters } = schedule;
  const header = runHeader({
    title: `Simulation, seed ${seed}: ${finding.rule}`,
    profile: 'simulation',
    options,
    nodes: voters.length,
    seed,
  });
  const trace = place.traceFile(header.runId, `seed-${seed}-${finding.rule}`);
  await writeTrace(schedule, trace, header);
  writeFileSync(trace.replace(/\.qlab$/, '.schedule.json'), `${JSON.stringify(schedule, undefined, 2)}\n`);
  return { seed, rule: finding.rule, shrunkEvents: scheduledEvents(schedule), trace, text: finding.text };
}

interface Place {
  /** Where the trace goes; nothing is there any more. */
  traceFile(runId: string, name: string): string;
}

function placeOf(out: string | undefined): Place {
  return {
    traceFile(runId, name) {
      const folder = out === undefined ? path.join(openDataRoot().runs, runId) : path.resolve(out);
      const file = path.join(folder, out === undefined ? 'run.qlab' : `${name}.qlab`);
      try {
        mkdirSync(folder, { recursive: true });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new UsageError(
          `--out: the folder ${folder} cannot be made (${code}). Name one that can be written.`,
        );
      }
      for (const suffix of ['', '-wal', '-shm', '-journal']) {
        if (existsSync(file + suffix)) rmSync(file + suffix);
      }
      return file;
    },
  };
}

function tell(schedules: number): CampaignListener {
  return {
    progress: ({ done, violations, schedulesPerSecond, secondsLeft }) =>
      progress(
        `${done} of ${schedules} schedules, ${schedulesPerSecond.toFixed(0)} a second, ${violations} violations, ${secondsLeft.toFixed(0)} s left`,
      ),
    violation: ({ seed, finding }) => progress(`seed ${seed} breaks ${finding?.rule}: ${finding?.text}`),
  };
}

function reportOf(result: CampaignResult, violations: readonly Violation[]): Report {
  const { schedules, messages, traceHash, wallSeconds } = result;
  return {
    violations,
    schedules,
    schedulesPerSecond: schedules / wallSeconds,
    messages,
    wallSeconds,
    traceHash,
  };
}

function describe(report: Report): string {
  const { violations, schedules, schedulesPerSecond, messages, wallSeconds, traceHash } = report;
  return [
    `${schedules} schedules, ${messages} messages delivered, in ${wallSeconds.toFixed(1)} s (${schedulesPerSecond.toFixed(0)} schedules a second)`,
    `hash of all traces ${traceHash}`,
    ...(violations.length === 0 ? ['No rule was broken.'] : []),
    ...violations.flatMap(({ seed, rule, shrunkEvents, trace, text }) => [
      '',
      `seed ${seed} breaks ${rule}, shown by ${shrunkEvents} scheduled events`,
      `  ${text}`,
      `  trace ${trace}`,
    ]),
  ].join('\n');
}
