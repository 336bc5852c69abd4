/** One scenario run on real processes, from start to verdict. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { auditDisks } from '../cluster/audit.ts';
import { Cluster } from '../cluster/cluster.ts';
import { ReaderProcess } from '../cluster/reader-process.ts';
import { Reaper } from '../cluster/reaper.ts';
import type { RaftOptions } from '../consensus/raft/options.ts';
import type { RaftBug } from '../consensus/raft/planted-bugs.ts';
import type { NodeId } from '../consensus/replica.ts';
import type { LiveSnapshot, TraceInfo, TraceTotals } from '../trace/model/queries.ts';
import type { RunHeader, TraceLimits } from '../trace/protocol.ts';
import { leaderOf, LiveState } from './live-state.ts';
import { perform, ScenarioFailed } from './perform.ts';
import { meet, type MetExpectation, type Outcome } from './expectations.ts';
import type { Scenario } from './scenario.ts';

export interface ScenarioRun {
  scenario: Scenario;
  header: RunHeader;
  options: RaftOptions;
  /** Every node has this planted bug. */
  bug?: RaftBug;
  /** Where the nodes' disks and the spools go. */
  folder: string;
  traceFile: string;
  onSnapshot?: (snapshot: LiveSnapshot) => void;
  onStarted?: (cluster: Cluster) => void;
  /** Ends the run early, in order. */
  signal?: AbortSignal;
  /** How large the trace may grow. At a limit the run ends, and has failed. */
  limits?: TraceLimits;
}

export interface ScenarioResult {
  ok: boolean;
  engine: 'process';
  protocol: string;
  nodes: number;
  seed: number;
  runId: string;
  /** The step that could not be done, and why; null when all were. */
  failure: string | null;
  expectations: MetExpectation[];
  elections: {
    term: number;
    leader: string;
    detectionMs: number;
    campaignMs: number;
    firstCommitMs: number | null;
    downtimeMs: number | null;
  }[];
  operations: { invoked: number; acknowledged: number; failed: number; unknown: number; lost: number };
  messages: { sent: number; delivered: number; dropped: number };
  findings: { rule: string; text: string }[];
  trace: { file: string; events: number; messages: number; complete: boolean; gaps: number };
}

const SNAPSHOTS_PER_SECOND = 20;
/** For a leader that is expected at the end. */
const LEADER_MS_MAX = 10_000;

/** Long enough for an election that splits a few times; after that an operation without an answer is unknown. */
export function operationTimeoutMs(options: RaftOptions): number {
  return Math.max(2_000, options.electionTimeoutMs.max * 5);
}

/**
 * A step that cannot be done ends the run, which is judged all the same. Rejects when the cluster cannot start or the recording cannot
 * go on; what was recorded by then stays and is closed.
 */
export async function runScenario(run: ScenarioRun): Promise<ScenarioResult> {
  const live = new LiveState();
  const failed = new AbortController();
  let recordingError: string | undefined;
  let limit: string | undefined;
  const cluster = await Cluster.start(
    {
      header: run.header,
      options: run.options,
      folder: run.folder,
      traceFile: run.traceFile,
      operationTimeoutMs: operationTimeoutMs(run.options),
      ...(run.bug === undefined ? {} : { bug: run.bug }),
      ...(run.limits === undefined ? {} : { limits: run.limits }),
    },
    {
      limitReached: (reason) => {
        limit = `The run was ended: ${reason}.`;
        failed.abort();
      },
      snapshot: (snapshot) => {
        live.take(snapshot);
        run.onSnapshot?.(snapshot);
      },
      recordingFailed: (error) => {
        recordingError = error;
        failed.abort();
      },
    },
  );
  const signal = run.signal ? AbortSignal.any([run.signal, failed.signal]) : failed.signal;
  let stepError: unknown;
  let leader: NodeId | undefined;
  try {
    cluster.watch(SNAPSHOTS_PER_SECOND);
    run.onStarted?.(cluster);
    await perform(run.scenario, cluster, live, signal);
    leader = await leaderAtEnd(run.scenario, live, signal);
  } catch (error) {
    stepError = error;
  }
  await cluster.stop(
    limit !== undefined
      ? limit
      : run.signal?.aborted
        ? 'stopped by the user'
        : stepError instanceof Error
          ? stepError.message
          : 'the scenario was over',
  );
  if (recordingError !== undefined) throw new ScenarioFailed(recordingError);
  if (limit !== undefined) return judge(run, leader, limit);
  if (stepError !== undefined && !(stepError instanceof ScenarioFailed)) throw stepError;
  return judge(run, leader, stepError?.message ?? null);
}

/** An expected leader may be about to be elected, or to be seen. */
async function leaderAtEnd(
  scenario: Scenario,
  live: LiveState,
  signal: AbortSignal,
): Promise<NodeId | undefined> {
  if (!scenario.expect.some(({ leader }) => leader !== undefined)) return leaderOf(live.latest);
  return live.until(leaderOf, LEADER_MS_MAX, signal);
}

async function judge(
  run: ScenarioRun,
  leader: NodeId | undefined,
  failure: string | null,
): Promise<ScenarioResult> {
  const reaper = new Reaper();
  try {
    const reader = await ReaderProcess.open(run.traceFile, reaper);
    try {
      const [info, totals, { elections }] = await Promise.all([
        reader.query('info', {}),
        reader.query('totals', {}),
        reader.query('elections', {}),
      ]);
      const nodes = path.join(run.folder, 'nodes');
      const disks = readdirSync(nodes).map((id) => path.join(nodes, id));
      const audit = await auditDisks(run.traceFile, disks.sort(), reaper);
      return result(run, info, totals, { elections, audit, leader, failure });
    } finally {
      reader.close();
    }
  } finally {
    reaper.close();
  }
}

function result(run: ScenarioRun, info: TraceInfo, totals: TraceTotals, outcome: Outcome): ScenarioResult {
  const { elections, audit, failure } = outcome;
  const expectations = run.scenario.expect.map((expectation) => meet(expectation, outcome));
  const complete = info.status === 'complete' && info.gaps === 0;
  const findings = [
    ...totals.findings,
    ...audit.disks.flatMap(({ stateFlaw }) =>
      stateFlaw === null ? [] : [{ rule: 'state-machine-safety', text: stateFlaw }],
    ),
  ];
  return {
    ok: failure === null && expectations.every(({ met }) => met) && complete && findings.length === 0,
    engine: 'process',
    protocol: info.protocol,
    nodes: info.nodes.length,
    seed: info.seed,
    runId: info.runId,
    failure,
    expectations,
    elections: elections.map(({ term, leader, detectionMs, campaignMs, firstCommitMs, downtimeMs }) => ({
      term,
      leader,
      detectionMs,
      campaignMs,
      firstCommitMs,
      downtimeMs,
    })),
    operations: { ...totals.operations, lost: audit.lost.length },
    messages: totals.messages,
    findings,
    trace: {
      file: run.traceFile,
      events: info.events,
      messages: info.messages,
      complete: info.status === 'complete',
      gaps: info.gaps,
    },
  };
}
