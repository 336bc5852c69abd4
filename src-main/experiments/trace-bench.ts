/** How fast a trace of any size is recorded, opened and asked: a long simulated run, the very recorder, and fresh reader processes. */
import { mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { Reaper } from '../cluster/reaper.ts';
import { ReaderProcess } from '../cluster/reader-process.ts';
import { randomStream } from '../node/random.ts';
import { longSchedule, runLong } from '../simulation/long-run.ts';
import { Spools } from '../simulation/spools.ts';
import type { TraceInfo } from '../trace/model/queries.ts';
import { TraceRecording } from '../trace/recorder/recording.ts';
import { runHeader } from './header.ts';
import { askWindow, windowsOf, type Zoom } from './trace-bench-windows.ts';

export interface TraceBenchPlan {
  events: number;
  seed: number;
  /** Where spools and trace go; it must exist. */
  folder: string;
  /** The trace to make. */
  file: string;
}

export interface TraceBench {
  events: number;
  fileBytes: number;
  bytesPerEvent: number;
  /** From spools to the closed file, indexes, keyframes, densities and syncing included. */
  recordEventsPerSecond: number;
  /** The same by the processor time that it took: what a machine with nothing else to do would come to at the least. */
  recordEventsPerProcessorSecond: number;
  /** From the start of a fresh reader process to its first answer, `info`; the best of {@link READERS}. */
  openMs: number;
  /** At random moments, the first question to keyframes that nobody read before. */
  stateAtMsP95: number;
  /** The worst of all zooms. */
  windowQueryMsP95: number;
  /** From the whole run to microseconds: everything that a timeline asks for one window. */
  zooms: Zoom[];
}

const READERS = 3;
const STATES = 100;

/** Makes the trace and measures it. @param tell hears what is going on, in words */
export async function benchTrace(plan: TraceBenchPlan, tell: (text: string) => void): Promise<TraceBench> {
  const spoolFolder = path.join(plan.folder, 'spools');
  mkdirSync(spoolFolder);
  tell(`Simulating a run of ${plan.events} events.`);
  writeSpools(plan, spoolFolder);
  tell('Recording it.');
  const recorded = await record(plan, spoolFolder);
  rmSync(spoolFolder, { recursive: true });
  tell('Asking it.');
  const reaper = new Reaper();
  try {
    const openMs = await measureOpening(plan.file, reaper);
    const asked = await measureAnswers(plan, reaper);
    return { ...recorded, openMs, ...asked };
  } finally {
    reaper.close();
  }
}

function writeSpools({ seed, events }: TraceBenchPlan, folder: string): void {
  const spools = new Spools(folder, true);
  runLong(longSchedule(seed, events), events, (event) => spools.take(event));
  spools.close();
}

async function record(
  { seed, events, file }: TraceBenchPlan,
  spoolFolder: string,
): Promise<Omit<TraceBench, 'openMs' | 'stateAtMsP95' | 'windowQueryMsP95' | 'zooms'>> {
  const { options, voters } = longSchedule(seed, 1);
  const header = runHeader({
    title: `A simulated run of ${events} events`,
    profile: 'simulation',
    options,
    nodes: voters.length,
    seed,
  });
  const startedMs = performance.now();
  const processor = process.cpuUsage();
  const recording = TraceRecording.make(file, spoolFolder, header);
  await recording.close('complete', 'the run was long enough');
  const { user, system } = process.cpuUsage(processor);
  const seconds = (performance.now() - startedMs) / 1000;
  const fileBytes = statSync(file).size;
  return {
    events: recording.events,
    fileBytes,
    bytesPerEvent: Math.round(fileBytes / recording.events),
    recordEventsPerSecond: Math.round(recording.events / seconds),
    recordEventsPerProcessorSecond: Math.round(recording.events / ((user + system) / 1e6)),
  };
}

async function measureOpening(file: string, reaper: Reaper): Promise<number> {
  let best = Infinity;
  for (let reader = 0; reader < READERS; reader++) {
    const startedMs = performance.now();
    const trace = await ReaderProcess.open(file, reaper);
    await trace.query('info', {});
    best = Math.min(best, performance.now() - startedMs);
    trace.close();
  }
  return round(best);
}

async function measureAnswers(
  { seed, file }: TraceBenchPlan,
  reaper: Reaper,
): Promise<Pick<TraceBench, 'stateAtMsP95' | 'windowQueryMsP95' | 'zooms'>> {
  const random = randomStream(seed);
  const trace = await ReaderProcess.open(file, reaper);
  try {
    const info: TraceInfo = await trace.query('info', {});
    const states: number[] = [];
    for (let asked = 0; asked < STATES; asked++) {
      const atNs = Math.floor(random() * info.durationNs);
      const startedMs = performance.now();
      await trace.query('stateAt', { atNs });
      states.push(performance.now() - startedMs);
    }
    const zooms: Zoom[] = [];
    for (const { spanNs, windows } of windowsOf(info.durationNs, random)) {
      const took: number[] = [];
      for (const window of windows) {
        const startedMs = performance.now();
        await askWindow(trace, window, info.durationNs);
        took.push(performance.now() - startedMs);
      }
      zooms.push({ spanNs, samples: took.length, p50Ms: share(took, 0.5), p95Ms: share(took, 0.95) });
    }
    return {
      stateAtMsP95: share(states, 0.95),
      windowQueryMsP95: Math.max(...zooms.map(({ p95Ms }) => p95Ms)),
      zooms,
    };
  } finally {
    trace.close();
  }
}

/** The smallest value that at least this share does not exceed. */
function share(values: readonly number[], of: number): number {
  const ascending = [...values].sort((a, b) => a - b);
  return round(ascending[Math.ceil(of * ascending.length) - 1] ?? 0);
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
