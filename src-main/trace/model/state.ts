/** The state of a cluster at a moment, as the reducer folds it from events. Plain JSON: keyframes store it as it is. */
import type { ChainHash, LogIndex, NodeId, Role, Term } from '../../consensus/replica.ts';
import type { FaultId, Nanoseconds } from './events.ts';

export type NodeStatus = 'absent' | 'starting' | 'running' | 'paused' | 'killed' | 'stopped' | 'failed';

/** Entries `first..last` that share a term. */
export interface LogRun {
  first: LogIndex;
  last: LogIndex;
  term: Term;
}

export interface FollowerProgress {
  match: LogIndex;
  next: LogIndex;
}

export interface NodeState {
  id: NodeId;
  status: NodeStatus;
  /** When `status` was entered. */
  statusSinceNs: Nanoseconds;
  pid: number | null;
  port: number | null;
  incarnation: number;
  role: Role;
  roleSinceNs: Nanoseconds;
  term: Term;
  votedFor: NodeId | null;
  leader: NodeId | null;
  commit: LogIndex;
  applied: LogIndex;
  lastIndex: LogIndex;
  /** Chain hash at the last append, 0 where unknown. */
  lastHash: ChainHash;
  /** Last index known to be durable. */
  durableIndex: LogIndex;
  log: LogRun[];
  /** Votes for this candidate in its term, itself included. */
  votes: NodeId[];
  /** A leader's view of the others. */
  progress: Record<NodeId, FollowerProgress>;
  electionDeadlineNs: Nanoseconds | null;
  /** How long the last write to its disk took. */
  lastSyncNs: Nanoseconds | null;
  /** Why it failed or was refused last, in words. */
  error: string | null;
}

export interface ActiveFault {
  id: FaultId;
  type: string;
  targets: string[];
  startedNs: Nanoseconds;
}

export interface ClusterState {
  atNs: Nanoseconds;
  nodes: NodeState[];
  faults: ActiveFault[];
  operations: { invoked: number; acknowledged: number; failed: number; unknown: number };
  /** How many clients the workload has now. */
  clients: number;
}
