/** What the lab and an audit process say to each other. */
import type { Configuration, LogIndex, NodeId } from '../../consensus/replica.ts';

export interface AuditRequest {
  kind: 'audit';
  traceFile: string;
  /** Folders of the nodes, each named as its node. */
  disks: string[];
}

/** What a node's disk holds. */
export interface DiskFacts {
  node: NodeId;
  /** The newest snapshot; null while there is none. */
  snapshot: LogIndex | null;
  /** Entries up to here have left the log; 0 while it is whole. */
  compacted: LogIndex;
  last: LogIndex;
  applied: LogIndex;
  /** Why the state is not what the committed entries up to `applied` lead to; null where it is, or where that is not known. */
  stateFlaw: string | null;
}

export interface AuditResult {
  /** Writes that were acknowledged to a client. */
  acknowledgedWrites: number;
  /** Those of them that a quorum of the disks does not hold at the position they were acknowledged for, as an entry or in the state. */
  lost: { operation: string; index: number | null; holders: number }[];
  /** The last one that was committed. */
  configuration: Configuration;
  disks: DiskFacts[];
}

export type FromAudit = { kind: 'audited'; result: AuditResult } | { kind: 'failed'; error: string };
