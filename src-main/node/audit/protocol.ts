/** What the lab and an audit process say to each other. */
export interface AuditRequest {
  kind: 'audit';
  traceFile: string;
  /** Folders of the nodes. */
  disks: string[];
}

export interface AuditResult {
  /** Writes that were acknowledged to a client. */
  acknowledgedWrites: number;
  /** Those of them that a majority of the disks does not hold at the position they were acknowledged for. */
  lost: { operation: string; index: number | null; holders: number }[];
}

export type FromAudit = { kind: 'audited'; result: AuditResult } | { kind: 'failed'; error: string };
