/** `lab bench NAME`: how fast this machine runs what the lab runs. */
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { NODES_MAX, NODES_MIN } from '../cluster/cluster.ts';
import { readProfile } from '../experiments/profile.ts';
import { measureThroughput, type Throughput, type ThroughputLevel } from '../experiments/throughput.ts';
import { benchTrace, type TraceBench } from '../experiments/trace-bench.ts';
import { openDataRoot } from '../lab/data-root.ts';
import { printJson, progress, table, UsageError, wholeNumber } from './output.ts';

interface BenchFlags {
  nodes: string;
  clients: string;
  seconds: string;
  profile: string;
  events: string;
  seed: string;
  keep?: string;
  json?: boolean;
}

const CLIENTS_MAX = 1_024;
const SECONDS_MAX = 3_600;
/** Longer than it takes until the compiled code of all processes is that of a busy cluster. */
const WARM_UP_SECONDS = 2;
const EVENTS_MIN = 10_000;
const EVENTS_MAX = 100_000_000;

export function addBench(program: Command, finish: (code: number) => void): void {
  program
    .command('bench')
    .description(
      'Measure this machine. NAME is throughput: puts a second on real processes, traced and not; or trace: how fast a long trace is recorded, opened and asked.',
    )
    .argument('<name>', 'throughput or trace')
    .option('--nodes <n>', 'size of the cluster', '3')
    .option('--clients <list>', 'closed-loop clients, one measuring each', '1,16,64,256')
    .option('--seconds <n>', 'how long each measuring lasts', '5')
    .option('--profile <name>', 'timers and options', 'raft-paper')
    .option('--events <n>', 'trace: how long the trace is', '1000000')
    .option('--seed <n>', 'trace: seed of the simulated run', '7')
    .option('--keep <file>', 'trace: leave the trace here')
    .option('--json', 'print one JSON object')
    .action(async (name: string, flags: BenchFlags) => finish(await bench(name, flags)));
}

async function bench(name: string, flags: BenchFlags): Promise<number> {
  if (name === 'trace') return benchOfTrace(flags);
  if (name !== 'throughput')
    throw new UsageError(`There is no bench "${name}"; there are throughput and trace.`);
  const nodes = wholeNumber('--nodes', flags.nodes, NODES_MIN, NODES_MAX);
  const seconds = wholeNumber('--seconds', flags.seconds, 1, SECONDS_MAX);
  const clients = flags.clients
    .split(',')
    .map((text) => wholeNumber('--clients', text.trim(), 1, CLIENTS_MAX));
  const { profile } = flags;
  readProfile(profile); // Says which there are, should there be no such.
  const folder = makeFolder();
  const ended = new AbortController();
  const interrupt = () => {
    if (ended.signal.aborted) process.exit(130); // asked twice
    progress('Stopping in order; once more to stop at once.');
    ended.abort(new Error('The bench was interrupted; nothing is reported.'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    const plan = { nodes, clients, seconds, warmUpSeconds: WARM_UP_SECONDS, profile, folder };
    const result = await measureThroughput(plan, (mode, level) => progress(line(mode, level)), ended.signal);
    if (flags.json) printJson(result);
    else process.stdout.write(`${describe(result)}\n`);
    return result.traced.every(({ gaps }) => gaps === 0) ? 0 : 1;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchOfTrace({ events, seed, keep, json }: BenchFlags): Promise<number> {
  const count = wholeNumber('--events', events, EVENTS_MIN, EVENTS_MAX);
  const folder = makeFolder();
  try {
    const file = keep === undefined ? path.join(folder, 'bench.qlab') : path.resolve(keep);
    const plan = { events: count, seed: wholeNumber('--seed', seed, 0, 2 ** 48), folder, file };
    const result = await benchTrace(plan, progress);
    if (json) printJson(result);
    else process.stdout.write(`${describeTrace(result)}\n`);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function describeTrace(result: TraceBench): string {
  const { events, bytesPerEvent, openMs, stateAtMsP95, zooms } = result;
  return [
    `${events} events, ${bytesPerEvent} bytes each`,
    `recorded  ${result.recordEventsPerSecond} events/s (${result.recordEventsPerProcessorSecond} a second of processor time)`,
    `opened    ${ms(openMs)} ms`,
    `state at  ${ms(stateAtMsP95)} ms p95`,
    '',
    table([
      ['window ms', 'p50 ms', 'p95 ms'],
      ...zooms.map(({ spanNs, p50Ms, p95Ms }) => [(spanNs / 1e6).toFixed(3), ms(p50Ms), ms(p95Ms)]),
    ]),
  ].join('\n');
}

/** In the data folder, where runs have their disks too: elsewhere a sync may cost nothing, or more. */
function makeFolder(): string {
  try {
    return mkdtempSync(path.join(openDataRoot().folder, 'bench-'));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function line(mode: string, { clients, opsPerSecond, p50Ms, p99Ms }: ThroughputLevel): string {
  return `${clients} clients, ${mode}: ${whole(opsPerSecond)} puts/s, p50 ${ms(p50Ms)} ms, p99 ${ms(p99Ms)} ms`;
}

function describe(result: Throughput): string {
  const { nodes, valueBytes, seconds, profile, machine, traced, untraced } = result;
  const rows = traced.map((level, at) => {
    const bare = untraced[at];
    return [
      level.clients,
      whole(level.opsPerSecond),
      ms(level.p50Ms),
      ms(level.p99Ms),
      bare === undefined ? '-' : whole(bare.opsPerSecond),
      bare === undefined ? '-' : ms(bare.p50Ms),
      bare === undefined ? '-' : ms(bare.p99Ms),
      bare === undefined ? '-' : (level.opsPerSecond / bare.opsPerSecond).toFixed(2),
    ];
  });
  const heading = ['clients', 'puts/s', 'p50 ms', 'p99 ms', 'untraced', 'p50 ms', 'p99 ms', 'share'];
  return [
    `Puts of ${valueBytes} bytes to ${nodes} nodes (profile ${profile}), ${seconds} s each, on ${machine.cores} × ${machine.cpu}`,
    '',
    table([heading, ...rows]),
  ].join('\n');
}

function whole(value: number): number {
  return Math.round(value);
}

function ms(value: number | null): string {
  return value === null ? '-' : value.toFixed(2);
}
