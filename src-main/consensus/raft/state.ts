/** Everything a Raft replica knows, and what one step has decided so far. The rules work on this record. */
import type {
  Configuration,
  LogIndex,
  MachineRequest,
  Message,
  Milliseconds,
  NodeId,
  PersistId,
  ReadId,
  ReadMode,
  Reply,
  Role,
  Row,
  RowRange,
  SnapshotMark,
  StorageId,
  Term,
  Transition,
} from '../replica.ts';
import { isVoter } from './configuration.ts';
import type { RaftLog } from './log.ts';
import type { RaftMessage } from './messages.ts';
import type { RaftOptions } from './options.ts';
import type { Progress } from './progress.ts';
import type { Rules } from './rules.ts';

/** A write that the host has not yet reported durable. */
export interface PendingPersist {
  readonly id: PersistId;
  /** The log is durable up to here once this write is, unless it is truncated meanwhile. */
  durableTo: LogIndex;
  /** The term in which this write holds the replica's vote for itself, 0 if it holds none. */
  readonly ownVoteInTerm: Term;
}

/** A configuration and the entry that brought it; the last one is in force (§6). */
export interface ConfigurationEntry {
  readonly index: LogIndex;
  readonly configuration: Configuration;
}

/** Reads that came together: this replica's own clients', or those of a follower. */
export interface ReadQuestion {
  readonly mode: ReadMode;
  readonly ids: readonly ReadId[];
  readonly asker?: { readonly peer: NodeId; readonly context: number };
}

/** Reads that wait until a quorum has answered the round. */
export interface PendingReads extends ReadQuestion {
  readonly round: number;
  readonly atIndex: LogIndex;
}

/** Reads that a follower passed on to the leader. */
export interface ForwardedReads {
  readonly context: number;
  readonly ids: readonly ReadId[];
}

/** A snapshot that arrives chunk by chunk. */
export interface IncomingSnapshot {
  readonly mark: SnapshotMark;
  readonly total: number;
  readonly parts: Uint8Array[];
  received: number;
  /** All chunks are here and the state machine is storing them. */
  keeping: boolean;
  /** Whom to tell, and the round of the chunk that came last. */
  from: NodeId;
  round: number;
}

export interface Transfer {
  readonly to: NodeId;
  readonly startedAt: Milliseconds;
  /** TimeoutNow was sent: the lease is over. */
  sent: boolean;
}

/** What the current step has decided so far. */
export interface Outbox {
  /** Term or vote changed. */
  metaChanged: boolean;
  readonly deletes: RowRange[];
  readonly puts: Row[];
  readonly send: Message[];
  readonly sendAfterPersist: Message[];
  readonly reads: { id: ReadId; atIndex: LogIndex }[];
  readonly machine: MachineRequest[];
  readonly replies: Reply[];
  readonly transitions: Transition[];
}

export interface RaftState {
  readonly id: NodeId;
  readonly storageId: StorageId | undefined;
  readonly options: RaftOptions;
  readonly rules: Rules;
  readonly random: () => number;
  /** What a leader knows of each voter, itself included; made once, because quorums are counted for each answer. */
  readonly matchOf: (voter: NodeId) => LogIndex;
  readonly heardAtOf: (voter: NodeId) => Milliseconds;
  readonly answeredRoundOf: (voter: NodeId) => number;

  now: Milliseconds;
  /** The election timeout of a follower or candidate, the next heartbeat of a leader; undefined without a vote. */
  deadline: Milliseconds | undefined;
  /** The election timeout drawn last. */
  electionTimeoutMs: Milliseconds;

  // Persistent (Figure 2)
  term: Term;
  votedFor: NodeId | null;
  readonly log: RaftLog;
  /** The newest snapshot whose mark is on disk, or on its way there. */
  snapshot: SnapshotMark | null;

  /** Never empty: by index, the last one is in force. The first is that of the snapshot, or of the beginning. */
  readonly configurations: ConfigurationEntry[];

  // Volatile (Figure 2)
  role: Role;
  leader: NodeId | null;
  commitIndex: LogIndex;
  /** The last entry given to the host to apply, or covered by the snapshot it was told to restore. */
  handedOut: LogIndex;
  /** The last entry that the host reported applied. */
  applied: LogIndex;
  /** The log is on disk up to here, as far as the host has said. */
  durableIndex: LogIndex;
  readonly pendingPersists: PendingPersist[];
  lastPersistId: PersistId;

  /** When a leader was last heard, or, for a fresh start, might have been (§6.4.1 of the dissertation). */
  leaderHeardAt: Milliseconds;
  /** A candidate's or pre-candidate's votes: true granted, false refused. In order of arrival. */
  readonly votes: Map<NodeId, boolean>;
  /** This candidacy was asked for by the leader. */
  campaignTransfer: boolean;

  // Leader
  /** Everybody else who receives the log; empty unless leader. */
  readonly progress: Map<NodeId, Progress>;
  /** The round of heartbeats sent last, and when each round that is not yet answered by a quorum was sent. */
  round: number;
  readonly roundSentAt: { round: number; at: Milliseconds }[];
  /** The newest round that a quorum has answered, and when it was sent; -Infinity before the first. */
  confirmedRound: number;
  confirmedAt: Milliseconds;
  leaseHeld: boolean;
  /** A transfer was begun in this term: whoever was told to time out may do so late, so there is no lease any more. */
  leaseForfeited: boolean;
  /** The round in which the leader parted from each member that it parted from. */
  readonly partedIn: Map<NodeId, number>;
  uncommittedBytes: number;
  transfer: Transfer | null;
  readonly pendingReads: PendingReads[];
  /** Reads that wait for the first commit of the own term. */
  readonly earlyReads: ReadQuestion[];

  // Follower
  readonly forwardedReads: ForwardedReads[];
  lastReadContext: number;
  incoming: IncomingSnapshot | null;
  /** The state machine is saving a snapshot of this entry; 0: none. */
  savingSnapshot: LogIndex;

  out: Outbox;
}

export function emptyOutbox(): Outbox {
  return {
    metaChanged: false,
    deletes: [],
    puts: [],
    send: [],
    sendAfterPersist: [],
    reads: [],
    machine: [],
    replies: [],
    transitions: [],
  };
}

/** In force: the newest in the log, committed or not (§6). */
export function configurationOf(raft: RaftState): Configuration {
  return raft.configurations[raft.configurations.length - 1]!.configuration;
}

/** Has a vote: a voter, working on the disk that the configuration knows. */
export function mayVote(raft: RaftState): boolean {
  return hasVoteIn(raft, configurationOf(raft));
}

/**
 * May stand for election: has a vote, or loses it by a change that is not known to be committed. Until it is, nobody else may have a
 * log that can win (dissertation §4.2.2, Figure 4.6).
 */
export function mayStand(raft: RaftState): boolean {
  for (let at = raft.configurations.length - 1; at >= 0; at--) {
    const { index, configuration } = raft.configurations[at]!;
    if (hasVoteIn(raft, configuration)) return true;
    if (index <= raft.commitIndex) return false;
  }
  return false;
}

function hasVoteIn(raft: RaftState, configuration: Configuration): boolean {
  return (
    isVoter(configuration, raft.id) && raft.rules.isOwnDisk(raft.storageId, configuration.storage[raft.id])
  );
}

/** Why somebody who does not lead has nothing to decide. */
export function whoLeads({ leader, term }: RaftState): string {
  return leader === null ? `no leader known in term ${term}` : `${leader} leads term ${term}`;
}

/** Tells the trace what was refused and why. */
export function refuse(raft: RaftState, what: string, peer: NodeId, reason: string): void {
  raft.out.transitions.push({ kind: 'refuse', what, peer, reason });
}

/** Answers always wait for the disk: they speak of the term, the vote and the log, which must not be forgotten (Figure 2). */
export function sendReply(raft: RaftState, message: RaftMessage): void {
  raft.out.sendAfterPersist.push(message);
}

/** Draws a new election timeout and starts it, if there is a vote to win. Silent where the trace would drown: resets by heartbeats. */
export function resetElectionTimer(raft: RaftState, silent = false): void {
  if (!mayStand(raft)) {
    raft.deadline = undefined;
    return;
  }
  const { min, max } = raft.options.electionTimeoutMs;
  raft.electionTimeoutMs = min + (max - min) * raft.random();
  raft.deadline = raft.now + raft.electionTimeoutMs;
  if (!silent)
    raft.out.transitions.push({
      kind: 'timer',
      timer: 'election',
      deadline: raft.deadline,
      timeoutMs: raft.electionTimeoutMs,
    });
}
