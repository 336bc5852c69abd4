/**
 * The contract between a consensus protocol and whatever hosts it (a node process or the simulation).
 *
 * A replica is a pure state machine: it is created from its persisted rows and fed one input at a time; whatever
 * the host must do comes back as data. Time and randomness come in from outside. Nothing here speaks of one protocol.
 */

export type NodeId = string;
/** Milliseconds on the node's own clock; fractional; never decreases between two steps. */
export type Milliseconds = number;
/** Raft's term, Paxos' ballot round. */
export type Term = number;
/** 1-based position in the replicated log; 0 is "before the first entry". */
export type LogIndex = number;
/** Names a client's operation across the whole run: `client/number`, for instance `c3/17`. */
export type OperationId = string;
export type PersistId = number;
export type ReadId = string;
/** Chain hash of a log prefix: an integer below 2^53. Equal hashes mean equal prefixes. */
export type ChainHash = number;

/** One slot of the replicated log. `data` is opaque to the protocol (the state machine's command as text). */
export interface Entry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly kind: 'command' | 'no-op';
  readonly data: string;
  /** The operation that proposed it; absent for the protocol's own entries. Replicated with the entry. */
  readonly id?: OperationId;
}

/** A protocol message. `term` and `type` stand outside the body because every trace and every filter needs them. */
export interface Message {
  readonly type: string;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
  readonly body: object;
}

/** A durable record. `space` names a kind of row (`log`, `meta`), `key` is its integer key within that space. */
export interface Row {
  readonly space: string;
  readonly key: number;
  /** Plain JSON-like data. */
  readonly value: unknown;
}

/** Rows of one space with `from <= key <= to`. */
export interface RowRange {
  readonly space: string;
  readonly from: number;
  readonly to: number;
}

export interface Proposal {
  readonly id: OperationId;
  readonly data: string;
}

export type Input =
  | { readonly kind: 'timeout' }
  | { readonly kind: 'receive'; readonly message: Message }
  /** Everything that clients proposed since the last turn, in order of arrival. */
  | { readonly kind: 'propose'; readonly proposals: readonly Proposal[] }
  | { readonly kind: 'persisted'; readonly id: PersistId }
  /** The host has run the state machine up to and including `index`. */
  | { readonly kind: 'applied'; readonly index: LogIndex }
  | { readonly kind: 'operator'; readonly command: OperatorInput };

export type OperatorInput = { readonly kind: 'campaign' };

export interface Persist {
  readonly id: PersistId;
  /** Deletes are carried out before puts. */
  readonly deletes: readonly RowRange[];
  readonly puts: readonly Row[];
}

/** The replica's answer to a proposal that did not, or may not, become an applied entry. */
export type Reply =
  | {
      readonly kind: 'redirect';
      readonly id: OperationId;
      readonly leader: NodeId | undefined;
      readonly reason: string;
    }
  /** Appended here, but leadership was lost before it committed: it may still commit or vanish. */
  | { readonly kind: 'uncertain'; readonly id: OperationId; readonly reason: string };

export interface Effects {
  /** Atomic and durable, in id order; answered by the input `persisted`. */
  readonly persist?: Persist;
  /** May leave before the write is durable. */
  readonly send: readonly Message[];
  /** Wait for ALL outstanding persists, even if this step has none. */
  readonly sendAfterPersist: readonly Message[];
  /** Newly committed entries that are durable here, in index order, each handed out once an incarnation. */
  readonly apply: readonly Entry[];
  readonly replies: readonly Reply[];
  /** What changed and why, in order, for the trace. */
  readonly transitions: readonly Transition[];
}

export interface Replica {
  /** When the host must feed a timeout; undefined while none is armed. */
  readonly deadline: Milliseconds | undefined;
  step(input: Input, now: Milliseconds): Effects;
}

export type Role = 'follower' | 'candidate' | 'leader' | 'learner';

/** What changed inside a replica and why. Every refusal and role change says its reason (`log 7@3 behind 9@3`). */
export type Transition =
  | {
      readonly kind: 'role';
      readonly from: Role;
      readonly to: Role;
      readonly term: Term;
      readonly reason: string;
    }
  | { readonly kind: 'term'; readonly from: Term; readonly to: Term; readonly reason: string }
  | { readonly kind: 'vote'; readonly term: Term; readonly candidate: NodeId; readonly reason: string }
  | { readonly kind: 'leader'; readonly term: Term; readonly leader: NodeId | null }
  /** A candidate counted a reply to its RequestVote. */
  | {
      readonly kind: 'tally';
      readonly term: Term;
      readonly voter: NodeId;
      readonly granted: boolean;
      readonly votes: number;
      readonly needed: number;
    }
  /** Entries `first..last` of one term were appended; `hash` is the chain hash at `last`. */
  | {
      readonly kind: 'append';
      readonly first: LogIndex;
      readonly last: LogIndex;
      readonly term: Term;
      readonly hash: ChainHash;
      /** Only at the node that created the entries, one a position: its operation and its command's text. */
      readonly entries?: readonly { readonly id?: OperationId; readonly data: string }[];
    }
  /** Entries `first..last` were removed because they conflict with the leader's. */
  | { readonly kind: 'truncate'; readonly first: LogIndex; readonly last: LogIndex; readonly reason: string }
  /** The commit index rose; `hash` is the chain hash at `to`. */
  | { readonly kind: 'commit'; readonly from: LogIndex; readonly to: LogIndex; readonly hash: ChainHash }
  /** What a leader knows of a follower: said of everyone when it becomes leader, then when an answer changed it. */
  | { readonly kind: 'progress'; readonly peer: NodeId; readonly match: LogIndex; readonly next: LogIndex }
  /**
   * A timer was armed: for elections by starting one, granting a vote, or losing another role; for heartbeats by
   * becoming leader. Not said when a leader's message only puts an election off, nor for each heartbeat, nor for the
   * first timer of an incarnation: `deadline` is always true.
   */
  | {
      readonly kind: 'timer';
      readonly timer: 'election' | 'heartbeat';
      readonly deadline: Milliseconds;
      /** The timeout drawn, in ms. */
      readonly timeoutMs: Milliseconds;
    }
  /** A message or proposal was refused. `peer` sent the message, or answered with a refusal; for a proposal, the replica itself. */
  | { readonly kind: 'refuse'; readonly what: string; readonly peer: NodeId; readonly reason: string };
