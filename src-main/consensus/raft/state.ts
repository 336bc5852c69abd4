/** Everything a Raft replica knows, and what one step has decided so far. The rules work on this record. */
import type {
  LogIndex,
  Message,
  Milliseconds,
  NodeId,
  PersistId,
  Reply,
  Role,
  Row,
  RowRange,
  Term,
  Transition,
} from '../replica.ts';
import type { RaftLog } from './log.ts';
import type { RaftMessage } from './messages.ts';
import type { RaftOptions } from './options.ts';

/** What a leader knows of one follower (nextIndex and matchIndex of Figure 2) and of what it last sent it. */
export interface Progress {
  readonly peer: NodeId;
  match: LogIndex;
  next: LogIndex;
  /** The last index of the entries on their way, 0 when none are. */
  inFlightTo: LogIndex;
  inFlightSince: Milliseconds;
  /** The entries on their way were sent a second time. */
  repeated: boolean;
  /** Repeated entries stayed unanswered: only heartbeats go out until the follower answers one. */
  silent: boolean;
}

/** A write that the host has not yet reported durable. */
export interface PendingPersist {
  readonly id: PersistId;
  /** The log is durable up to here once this write is, unless it is truncated meanwhile. */
  durableTo: LogIndex;
  /** The term in which this write holds the replica's vote for itself, 0 if it holds none. */
  readonly ownVoteInTerm: Term;
}

/** What the current step has decided so far. */
export interface Outbox {
  /** Term or vote changed. */
  metaChanged: boolean;
  readonly deletes: RowRange[];
  readonly puts: Row[];
  readonly send: Message[];
  readonly sendAfterPersist: Message[];
  readonly replies: Reply[];
  readonly transitions: Transition[];
}

export interface RaftState {
  readonly id: NodeId;
  readonly voters: readonly NodeId[];
  readonly quorum: number;
  readonly options: RaftOptions;
  readonly random: () => number;

  now: Milliseconds;
  /** The election timeout of a follower or candidate, the next heartbeat of a leader. */
  deadline: Milliseconds | undefined;
  /** The election timeout drawn last. */
  electionTimeoutMs: Milliseconds;

  // Persistent (Figure 2)
  term: Term;
  votedFor: NodeId | null;
  readonly log: RaftLog;

  // Volatile (Figure 2)
  role: Exclude<Role, 'learner'>;
  leader: NodeId | null;
  commitIndex: LogIndex;
  /** The last entry given to the host to apply. */
  handedOut: LogIndex;
  /** The last entry that the host reported applied. */
  applied: LogIndex;
  /** The log is on disk up to here, as far as the host has said. */
  durableIndex: LogIndex;
  readonly pendingPersists: PendingPersist[];
  lastPersistId: PersistId;

  /** A candidate's votes, in order of arrival. */
  readonly votes: Set<NodeId>;
  /** Reinitialised after election; empty unless leader. */
  readonly progress: Map<NodeId, Progress>;

  out: Outbox;
}

export function emptyOutbox(): Outbox {
  return {
    metaChanged: false,
    deletes: [],
    puts: [],
    send: [],
    sendAfterPersist: [],
    replies: [],
    transitions: [],
  };
}

/** Tells the trace what was refused and why. */
export function refuse(raft: RaftState, what: string, peer: NodeId, reason: string): void {
  raft.out.transitions.push({ kind: 'refuse', what, peer, reason });
}

/** Answers always wait for the disk: they speak of the term, the vote and the log, which must not be forgotten (Figure 2). */
export function sendReply(raft: RaftState, message: RaftMessage): void {
  raft.out.sendAfterPersist.push(message);
}

/** Draws a new election timeout and starts it. Silent where the trace would drown: resets by heartbeats. */
export function resetElectionTimer(raft: RaftState, silent = false): void {
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
