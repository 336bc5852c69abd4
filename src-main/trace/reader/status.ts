/** Says whether a trace is complete, being recorded, or cut off. */
import type { TraceStatus } from '../model/queries.ts';
import { recorderAlive } from '../recorder/liveness.ts';
import type { TraceConnection } from './connection.ts';

export const CUT_OFF = 'cut off: its recorder ended without closing it';

/** A recording whose recorder is no more was cut off, whatever the file says. */
export function runStatus(connection: TraceConnection): { status: TraceStatus; reason: string | null } {
  const row = connection
    .statement('SELECT status, status_reason, recorder_pid, recorder_token FROM run')
    .get() as {
    status: TraceStatus;
    status_reason: string | null;
    recorder_pid: number | null;
    recorder_token: string | null;
  };
  if (row.status !== 'recording')
    return { status: row.status, reason: row.status === 'complete' ? null : row.status_reason };
  if (recorderAlive(row.recorder_pid, row.recorder_token)) return { status: 'recording', reason: null };
  return { status: 'truncated', reason: CUT_OFF };
}
