/** How many operations a second a real cluster takes, with its recording and without, client by client more. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Cluster } from '../cluster/cluster.ts';
import type { Measured } from '../node/protocol.ts';
import type { LiveSnapshot } from '../trace/model/queries.ts';
import { drawSeed, runHeader } from './header.ts';
import { LiveState } from './live-state.ts';
import { readProfile } from './profile.ts';
import { operationTimeoutMs } from './run-scenario.ts';

export interface ThroughputPlan {
  nodes: number;
  /** Numbers of closed-loop clients, each measured by itself. */
  clients: readonly number[];
  /** How long each is measured. */
  seconds: number;
  /** Before that, with at least {@link WARM_UP_CLIENTS} clients, until the code of all processes is compiled as it will be. */
  warmUpSeconds: number;
  profile: string;
  /** The clusters' disks and spools go into folders of this one, and are removed. It must exist. */
  folder: string;
}

export interface ThroughputLevel {
  clients: number;
  opsPerSecond: number;
  /** From invocation to acknowledgement, in the process that hosts the clients. */
  p50Ms: number | null;
  p99Ms: number | null;
  acknowledged: number;
  /** Failed, or of unknown outcome. */
  failed: number;
}

export interface TracedLevel extends ThroughputLevel {
  /** Of the whole run, warm-up included. */
  events: number;
  gaps: number;
}

export interface Throughput {
  nodes: number;
  valueBytes: number;
  keys: number;
  seconds: number;
  warmUpSeconds: number;
  profile: string;
  versions: Record<string, string>;
  machine: { os: string; cpu: string; cores: number };
  traced: TracedLevel[];
  untraced: ThroughputLevel[];
}

export type Mode = 'traced' | 'untraced';

const VALUE_BYTES = 128;
const KEYS = 1_000;
/** How long a new cluster may take until it acknowledges something. */
const FIRST_MS_MAX = 60_000;
const FIRST_LOOK_MS = 100;
const WARM_UP_CLIENTS = 16;
/** The recorder has caught up when no more than this waits for it. */
const BACKLOG_BYTES_MAX = 64 * 1024;
const CATCH_UP_MS_MAX = 60_000;
const SNAPSHOTS_PER_SECOND = 5;
/** Between the last change of the workload and the measuring. */
const SETTLE_MS = 500;

/**
 * Measures every number of clients twice, on a new cluster each time: the processes are those of any other run. Traced and
 * untraced take turns, and so does who goes first, so that whatever else the machine does hits both. Rejects when a cluster
 * cannot start or acknowledges nothing, and when `signal` ends it.
 */
export async function measureThroughput(
  plan: ThroughputPlan,
  tell: (mode: Mode, level: ThroughputLevel) => void,
  signal?: AbortSignal,
): Promise<Throughput> {
  const traced: TracedLevel[] = [];
  const untraced: ThroughputLevel[] = [];
  for (const [turn, clients] of plan.clients.entries()) {
    const modes: Mode[] = turn % 2 === 0 ? ['traced', 'untraced'] : ['untraced', 'traced'];
    for (const mode of modes) {
      const { events, gaps, ...level } = await measureLevel(plan, clients, mode, signal);
      if (mode === 'traced') traced.push({ ...level, events, gaps });
      else untraced.push(level);
      tell(mode, level);
    }
  }
  const { nodes, seconds, warmUpSeconds, profile } = plan;
  const { versions, machine } = headerOf(plan, 'throughput');
  const load = { valueBytes: VALUE_BYTES, keys: KEYS };
  return { nodes, ...load, seconds, warmUpSeconds, profile, versions, machine, traced, untraced };
}

function headerOf({ profile, nodes }: ThroughputPlan, title: string): ReturnType<typeof runHeader> {
  return runHeader({ title, profile, options: readProfile(profile).options, nodes, seed: drawSeed() });
}

async function measureLevel(
  plan: ThroughputPlan,
  clients: number,
  mode: Mode,
  signal: AbortSignal | undefined,
): Promise<TracedLevel> {
  const header = headerOf(plan, `throughput, ${clients} clients, ${mode}`);
  const { options } = readProfile(plan.profile);
  const folder = path.join(plan.folder, header.runId);
  mkdirSync(folder);
  let recordingError: string | undefined;
  const live = new LiveState();
  try {
    const cluster = await Cluster.start(
      {
        header,
        options,
        folder,
        traceFile: path.join(folder, 'trace.qlab'),
        untraced: mode === 'untraced',
        unwatched: true,
        operationTimeoutMs: operationTimeoutMs(options),
      },
      {
        snapshot: (snapshot) => live.take(snapshot),
        recordingFailed: (error) => (recordingError = error),
      },
    );
    let measured: Measured;
    let closed: { events: number; gaps: number };
    try {
      measured = await load(cluster, live, clients, plan, signal);
    } finally {
      closed = await cluster.stop('the measuring was over');
    }
    if (recordingError !== undefined) throw new Error(recordingError);
    const { acknowledged, failed, ms, p50Ms, p99Ms } = measured;
    const opsPerSecond = (acknowledged * 1000) / ms;
    return { clients, opsPerSecond, p50Ms, p99Ms, acknowledged, failed, ...closed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Warms the cluster up, lets the recording catch up with that, and measures. */
async function load(
  cluster: Cluster,
  live: LiveState,
  clients: number,
  { seconds, warmUpSeconds }: ThroughputPlan,
  signal: AbortSignal | undefined,
): Promise<Measured> {
  setClients(cluster, Math.max(clients, WARM_UP_CLIENTS));
  await firstAcknowledged(cluster, signal);
  await pause(warmUpSeconds * 1000, signal);
  if (cluster.recorderPid !== undefined) {
    setClients(cluster, 0);
    await caughtUp(cluster, live, signal);
  }
  setClients(cluster, clients);
  await pause(SETTLE_MS, signal);
  const ended = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error));
  });
  return Promise.race([cluster.measure(seconds * 1000), ended]);
}

function setClients(cluster: Cluster, clients: number): void {
  cluster.setWorkload({ clients, keys: KEYS, valueBytes: VALUE_BYTES, readRatio: 0 });
}

async function firstAcknowledged(cluster: Cluster, signal: AbortSignal | undefined): Promise<void> {
  const giveUpMs = performance.now() + FIRST_MS_MAX;
  while ((await cluster.measure(FIRST_LOOK_MS)).acknowledged === 0) {
    signal?.throwIfAborted();
    if (performance.now() > giveUpMs) {
      const nodes = cluster.nodes.length;
      throw new Error(`A cluster of ${nodes} acknowledged nothing within ${FIRST_MS_MAX / 1000} s.`);
    }
  }
}

async function caughtUp(cluster: Cluster, live: LiveState, signal: AbortSignal | undefined): Promise<void> {
  const { atNs = 0 } = live.latest ?? {};
  cluster.watch(SNAPSHOTS_PER_SECOND);
  const isDone = (snapshot: LiveSnapshot): true | undefined =>
    snapshot.atNs > atNs && snapshot.backlogBytes <= BACKLOG_BYTES_MAX ? true : undefined;
  const done = await live.until(isDone, CATCH_UP_MS_MAX, signal);
  cluster.watch(0);
  signal?.throwIfAborted();
  if (done !== true)
    throw new Error(`The recorder did not catch up within ${CATCH_UP_MS_MAX / 1000} s of the load's end.`);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await wait(ms, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
}
