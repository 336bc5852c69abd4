/** What a trace says of its run as a whole. */
import { statSync } from 'node:fs';
import type { NodeId } from '../../../consensus/replica.ts';
import type { ElectionRow, FaultRow, FindingRow, TraceInfo, TraceTotals } from '../../model/queries.ts';
import { COARSE_SLOTS_NS, MESSAGE_SPANS_NS, SCHEMA_VERSION } from '../../schema.ts';
import type { TraceConnection } from '../connection.ts';
import { runStatus } from '../status.ts';
import { allNodes } from './state-at.ts';

const FINDINGS_MAX = 1_000;
const FAULTS_MAX = 10_000;
const ELECTIONS_MAX = 100_000;

interface RunRow {
  run_id: string;
  title: string;
  protocol: string;
  profile: string;
  options: string;
  seed: number;
  started_at: string;
  scenario: string | null;
  versions: string;
  machine: string;
  duration_ns: number;
  events: number;
  messages: number;
  operations: number;
  gaps: number;
}

export function info(trace: TraceConnection): TraceInfo {
  const row = trace.statement('SELECT * FROM run').get() as RunRow;
  const { status, reason } = runStatus(trace);
  return {
    runId: row.run_id,
    title: row.title,
    status,
    statusReason: reason,
    schemaVersion: SCHEMA_VERSION,
    protocol: row.protocol,
    profile: row.profile,
    nodes: allNodes(trace),
    seed: row.seed,
    startedAt: row.started_at,
    durationNs: row.duration_ns,
    events: row.events,
    messages: row.messages,
    operations: row.operations,
    elections: count(trace, 'SELECT count(*) FROM election'),
    faults: count(trace, 'SELECT count(*) FROM fault'),
    gaps: row.gaps,
    findings: count(trace, 'SELECT count(*) FROM finding'),
    fileBytes: fileBytes(trace.file),
    options: JSON.parse(row.options) as object,
    scenario: row.scenario,
    versions: JSON.parse(row.versions) as Record<string, string>,
    machine: JSON.parse(row.machine) as TraceInfo['machine'],
  };
}

/** From the densities: reading every message of a long run takes seconds. */
export function totals(trace: TraceConnection): TraceTotals {
  const sent = trace.statement('SELECT messages FROM run').pluck().get() as number;
  const delivered = sent - lostMessages(trace) - openMessages(trace);
  const operations = trace
    .statement(
      `SELECT coalesce(sum(invoked), 0) AS invoked, coalesce(sum(acknowledged), 0) AS acknowledged,
        coalesce(sum(failed), 0) AS failed, coalesce(sum(unknown), 0) AS unknown
      FROM operation_density WHERE slot_ns = ?`,
    )
    .get(WIDEST_NS) as TraceTotals['operations'];
  return {
    messages: { sent, delivered, dropped: sent - delivered },
    operations,
    findings: trace
      .statement('SELECT rule, text FROM finding ORDER BY at_ns LIMIT ?')
      .all(FINDINGS_MAX) as TraceTotals['findings'],
  };
}

const WIDEST_NS = Math.max(...COARSE_SLOTS_NS);

function lostMessages(trace: TraceConnection): number {
  return trace
    .statement(
      `SELECT coalesce(sum(link.value ->> '$[3]'), 0) FROM link_density, json_each(links) AS link WHERE slot_ns = ?`,
    )
    .pluck()
    .get(WIDEST_NS) as number;
}

/** Still under way, or at their receiver's door. */
function openMessages(trace: TraceConnection): number {
  return trace
    .statement(
      `SELECT count(*) FROM message INDEXED BY message_by_rank
      WHERE rank IN (0, 1, 2) AND span = ? AND sent_ns >= 0 AND ended_ns IS NULL`,
    )
    .pluck()
    .get(MESSAGE_SPANS_NS.length) as number;
}

export function elections(trace: TraceConnection): { elections: ElectionRow[] } {
  const rows = trace
    .statement(
      `SELECT number, term, leader, previous_leader AS previousLeader, lost_ns AS lostNs, started_ns AS startedNs,
        first_candidacy_ns AS firstCandidacyNs, elected_ns AS electedNs, first_commit_ns AS firstCommitNs,
        detection_ms AS detectionMs, campaign_ms AS campaignMs, first_commit_ms AS firstCommitMs,
        downtime_ms AS downtimeMs, split_votes AS splitVotes, candidates, voters, event
      FROM election ORDER BY number LIMIT ?`,
    )
    .all(ELECTIONS_MAX) as (Omit<ElectionRow, 'candidates' | 'voters'> & {
    candidates: string;
    voters: string;
  })[];
  return {
    elections: rows.map((row) => ({
      ...row,
      candidates: JSON.parse(row.candidates) as NodeId[],
      voters: JSON.parse(row.voters) as NodeId[],
    })),
  };
}

export function faults(trace: TraceConnection): { faults: FaultRow[] } {
  const rows = trace
    .statement(
      `SELECT id, type, targets, parameters, from_ns AS fromNs, to_ns AS toNs, event FROM fault
      WHERE event IS NOT NULL ORDER BY from_ns, key LIMIT ?`,
    )
    .all(FAULTS_MAX) as (Omit<FaultRow, 'targets' | 'parameters'> & {
    targets: string;
    parameters: string;
  })[];
  return {
    faults: rows.map((row) => ({
      ...row,
      targets: JSON.parse(row.targets) as string[],
      parameters: JSON.parse(row.parameters) as object,
    })),
  };
}

export function findings(trace: TraceConnection): { findings: FindingRow[] } {
  const rows = trace
    .statement('SELECT rule, at_ns AS atNs, event, text FROM finding ORDER BY at_ns, key LIMIT ?')
    .all(FINDINGS_MAX);
  return { findings: rows as FindingRow[] };
}

function count(trace: TraceConnection, sql: string): number {
  return trace.statement(sql).pluck().get() as number;
}

/** Of the trace with what its write-ahead log still holds. */
function fileBytes(file: string): number {
  let bytes = 0;
  for (const name of [file, `${file}-wal`]) bytes += statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}
