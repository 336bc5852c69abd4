/** Asks a process of its own to compare a closed trace with what the nodes' disks hold. */
import type { AuditRequest, AuditResult, FromAudit } from '../node/audit/protocol.ts';
import { Child } from './child.ts';
import type { Reaper } from './reaper.ts';

export type { AuditResult } from '../node/audit/protocol.ts';

/** `disks` are the nodes' folders; no node may be running. Rejects when a disk or the trace cannot be read. */
export async function auditDisks(
  traceFile: string,
  disks: readonly string[],
  reaper: Reaper,
): Promise<AuditResult> {
  let result: AuditResult | undefined;
  let failure: string | undefined;
  const child = new Child<FromAudit, AuditRequest>('audit', reaper, (message) => {
    if (message.kind === 'audited') result = message.result;
    else failure = message.error;
  });
  child.send({ kind: 'audit', traceFile, disks: [...disks] });
  const exit = await child.exited;
  if (result) return result;
  throw new Error(failure ?? exit.lastWords ?? 'The audit of the disks ended without a result.');
}
