/** One scenario run on real processes, from start to verdict. */
import path from 'node:path';
import { auditDisks, type AuditResult } from '../cluster/audit.ts';
import { Cluster } from '../cluster/cluster.ts';
import { ReaderProcess } from '../cluster/reader-process.ts';
import { Reaper } from '../cluster/reaper.ts';
import type { RaftOptions } from '../consensus/raft/options.ts';
import type { RaftBug } from '../consensus/raft/planted-bugs.ts';
import type { ElectionRow, LiveSnapshot, TraceInfo, TraceTotals } from '../trace/model/queries.ts';
import type { RunHeader } from '../trace/protocol.ts';
import { LiveState, perform, ScenarioFailed } from './perform.ts';
import type { Expectation, Scenario } from './scenario.ts';

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
}

export interface MetExpectation {
  text: string;
  met: boolean;
  measured: string;
}

export interface ScenarioResult {
  ok: boolean;
  engine: 'process';
  protocol: string;
  nodes: number;
  seed: number;
  runId: string;
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

/** Long enough for an election that splits a few times; after that an operation without an answer is unknown. */
export function operationTimeoutMs(options: RaftOptions): number {
  return Math.max(2_000, options.electionTimeoutMs.max * 5);
}

/** Rejects when the cluster cannot start or a step cannot be done; what was recorded by then stays and is closed. */
export async function runScenario(run: ScenarioRun): Promise<ScenarioResult> {
  const live = new LiveState();
  const failed = new AbortController();
  let recordingError: string | undefined;
  const cluster = await Cluster.start(
    {
      header: run.header,
      options: run.options,
      folder: run.folder,
      traceFile: run.traceFile,
      operationTimeoutMs: operationTimeoutMs(run.options),
      ...(run.bug === undefined ? {} : { bug: run.bug }),
    },
    {
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
  try {
    cluster.watch(SNAPSHOTS_PER_SECOND);
    run.onStarted?.(cluster);
    await perform(run.scenario, cluster, live, signal);
  } catch (error) {
    stepError = error;
  }
  await cluster.stop(
    run.signal?.aborted
      ? 'stopped by the user'
      : stepError instanceof Error
        ? stepError.message
        : 'the scenario was over',
  );
  if (stepError !== undefined) throw stepError;
  if (recordingError !== undefined) throw new ScenarioFailed(recordingError);
  return judge(run);
}

async function judge(run: ScenarioRun): Promise<ScenarioResult> {
  const reaper = new Reaper();
  try {
    const reader = await ReaderProcess.open(run.traceFile, reaper);
    try {
      const [info, totals, { elections }] = await Promise.all([
        reader.query('info', {}),
        reader.query('totals', {}),
        reader.query('elections', {}),
      ]);
      const disks = run.header.nodes.map((id) => path.join(run.folder, 'nodes', id));
      return result(run, info, totals, elections, await auditDisks(run.traceFile, disks, reaper));
    } finally {
      reader.close();
    }
  } finally {
    reaper.close();
  }
}

function result(
  run: ScenarioRun,
  info: TraceInfo,
  totals: TraceTotals,
  elections: ElectionRow[],
  audit: AuditResult,
): ScenarioResult {
  const lost = audit.lost.length;
  const expectations = run.scenario.expect.map((expectation) => meet(expectation, elections, lost));
  const complete = info.status === 'complete' && info.gaps === 0;
  return {
    ok: expectations.every(({ met }) => met) && complete && totals.findings.length === 0,
    engine: 'process',
    protocol: info.protocol,
    nodes: info.nodes.length,
    seed: info.seed,
    runId: info.runId,
    expectations,
    elections: elections.map(({ term, leader, detectionMs, campaignMs, firstCommitMs, downtimeMs }) => ({
      term,
      leader,
      detectionMs,
      campaignMs,
      firstCommitMs,
      downtimeMs,
    })),
    operations: { ...totals.operations, lost },
    messages: totals.messages,
    findings: totals.findings,
    trace: {
      file: run.traceFile,
      events: info.events,
      messages: info.messages,
      complete: info.status === 'complete',
      gaps: info.gaps,
    },
  };
}

function meet(expectation: Expectation, elections: readonly ElectionRow[], lost: number): MetExpectation {
  if (expectation.newLeaderWithin !== undefined) {
    const within = expectation.newLeaderWithin;
    const text = `a new leader within ${within} ms of losing the old one`;
    const replacements = elections.flatMap((election) =>
      election.lostNs === null ? [] : [(election.electedNs - election.lostNs) / 1e6],
    );
    if (replacements.length === 0) return { text, met: false, measured: 'no leader was replaced' };
    const slowest = Math.max(...replacements);
    return { text, met: slowest <= within, measured: `${slowest.toFixed(1)} ms` };
  }
  return { text: 'no acknowledged write lost', met: lost === 0, measured: `${lost} lost` };
}
