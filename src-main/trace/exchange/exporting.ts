/** What every export works on: the events of a trace in their order, the header of its run, and what was noted about it. */
import type { NodeId } from '../../consensus/replica.ts';
import type { TraceEvent } from '../model/events.ts';
import type { TraceInfo, TraceStatus } from '../model/queries.ts';
import type { RunHeader } from '../protocol.ts';
import type { TraceConnection } from '../reader/connection.ts';
import { info } from '../reader/queries/overview.ts';
import { nodesOf } from '../reader/queries/state-at.ts';
import { readAllEvents } from '../reader/rows.ts';
import type { Output } from './output-file.ts';
import type { Redaction } from './redaction.ts';

export interface TraceSource {
  readonly trace: TraceConnection;
  readonly info: TraceInfo;
  readonly header: RunHeader;
  readonly status: TraceStatus;
  readonly reason: string | null;
  /** Every node that took part at any time. */
  readonly nodes: readonly NodeId[];
  readonly redaction: Redaction | undefined;
  /** In order, redacted where that was asked for. */
  events(): Generator<TraceEvent>;
}

/** Writes one format. */
export type Writer = (source: TraceSource, output: Output) => void;

const PROGRESS_EVENTS = 20_000;

/** @param redactedId the id of the run in a redacted export */
export function traceSource(
  trace: TraceConnection,
  redaction: Redaction | undefined,
  redactedId: string,
  progress: (done: number, total: number) => void,
): TraceSource {
  const known = info(trace);
  const { runId, title, protocol, profile, options, seed, startedAt, scenario, versions, machine } = known;
  const nodes = nodesOf(trace);
  const header = {
    runId,
    title,
    protocol,
    profile,
    options,
    nodes,
    seed,
    startedAt,
    scenario,
    versions,
    machine,
  };
  const reason = reasonOf(trace, known);
  return {
    trace,
    info: known,
    header: redaction?.header(header, redactedId) ?? header,
    status: known.status,
    reason: reason === null ? null : (redaction?.sentence(reason) ?? reason),
    nodes: known.nodes,
    redaction,
    *events() {
      let done = 0;
      for (const event of readAllEvents(trace.database)) {
        yield redaction === undefined ? event : redaction.event(event);
        if (++done % PROGRESS_EVENTS === 0) progress(done, known.events);
      }
      progress(known.events, known.events);
    },
  };
}

/** Of a trace that is closed the reason that it was closed with; of another the one that can be seen. */
function reasonOf(trace: TraceConnection, known: TraceInfo): string | null {
  const stored = trace.statement('SELECT status, status_reason AS reason FROM run').get() as {
    status: TraceStatus;
    reason: string | null;
  };
  return stored.status === 'recording' ? known.statusReason : stored.reason;
}
