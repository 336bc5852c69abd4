/** The state of a cluster at a moment, as the reducer folds it from events. Plain JSON: keyframes store it as it is. */
import type {
  ChainHash,
  Configuration,
  LogIndex,
  NodeId,
  ProgressState,
  Role,
  StorageId,
  Term,
} from '../../consensus/replica.ts';
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
  state: ProgressState;
  /** Messages with entries under way. */
  inFlight: number;
  /** The snapshot that is being sent to it; null while none is. */
  sending: { index: LogIndex; sinceNs: Nanoseconds } | null;
}

/** The configuration that a node goes by. */
export interface ConfigurationInForce {
  configuration: Configuration;
  /** The entry that brought it, 0 for the first; null after a restart, which does not say. */
  index: LogIndex | null;
  /** As far as this node knows; null where it did not say. */
  committed: boolean | null;
}

/** A snapshot that is coming in from the leader. */
export interface IncomingSnapshot {
  from: NodeId;
  index: LogIndex;
  bytes: number;
  total: number;
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
  /** What it holds as entries; those up to `compacted` are gone. */
  log: LogRun[];
  /** Entries up to here are in the log no more, a snapshot holds what they led to; 0 while the log is whole. */
  compacted: LogIndex;
  /** Its newest snapshot, its own or the leader's. */
  snapshot: { index: LogIndex; term: Term } | null;
  incoming: IncomingSnapshot | null;
  /** null while it has not said which. */
  configuration: ConfigurationInForce | null;
  /** The id that its disk carries. */
  storageId: StorageId | null;
  /** A leader's lease, held since; `forMs` is how long it lasted unless renewed, when it was gained. */
  lease: { sinceNs: Nanoseconds; forMs: number } | null;
  /** A leader hands over; `asked`: it has told the other to time out. */
  transfer: { to: NodeId; sinceNs: Nanoseconds; asked: boolean } | null;
  /** Votes for this candidate in its term, or for this pre-candidate in the one that it would enter; itself included. */
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
