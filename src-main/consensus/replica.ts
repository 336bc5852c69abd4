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

/** One slot of the replicated log. `data` is opaque to the protocol (the state machine's command as text) but for a configuration, which is JSON of `Configuration`. */
export interface Entry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly kind: 'command' | 'no-op' | 'configuration';
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

/** Names one disk for good; a disk that is replaced or wiped gets another. */
export type StorageId = string;

/**
 * Who takes part. While `outgoing` is not empty the configuration is joint: whatever is decided needs a majority of
 * `voters` and one of `outgoing` (Raft §6; dissertation §4.3).
 */
export interface Configuration {
  readonly voters: readonly NodeId[];
  /** The voters of the configuration that is being left; empty unless joint. */
  readonly outgoing: readonly NodeId[];
  /** Receive the log and count nowhere. */
  readonly learners: readonly NodeId[];
  /** Voters of `outgoing` that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[];
  /** The leader proposes to leave the joint configuration by itself once it is committed. */
  readonly autoLeave: boolean;
  /** The disk by which each member is known. A member without an entry is taken on any disk. */
  readonly storage: Readonly<Record<NodeId, StorageId>>;
}

/** One change of membership. Adding a voter as a learner demotes it, adding a learner as a voter promotes it. */
export type MembershipChange =
  | { readonly kind: 'add-voter'; readonly node: NodeId; readonly storage?: StorageId }
  | { readonly kind: 'add-learner'; readonly node: NodeId; readonly storage?: StorageId }
  | { readonly kind: 'remove'; readonly node: NodeId };

/**
 * How a read is made linearizable without an entry of its own: by a round of heartbeats that confirms the leader
 * (ReadIndex, dissertation §6.4), or by the lease that earlier rounds gave (§6.4.1).
 */
export type ReadMode = 'read-index' | 'lease';

export interface ReadRequest {
  readonly id: ReadId;
  readonly mode: ReadMode;
}

/** Entries up to `index` as the state they lead to. */
export interface SnapshotMark {
  readonly index: LogIndex;
  readonly term: Term;
  /** Chain hash of the log at `index`. */
  readonly hash: ChainHash;
  readonly configuration: Configuration;
}

/** What the replica asks of the state machine, obeyed in order; each is answered by the input `machine`. */
export type MachineRequest =
  /** Make a durable image of the state as it stands, which is that of `index`. */
  | { readonly kind: 'save-snapshot'; readonly index: LogIndex }
  /** Read at most `bytesMax` bytes of the image of `index`. */
  | {
      readonly kind: 'read-chunk';
      readonly index: LogIndex;
      readonly offset: number;
      readonly bytesMax: number;
      /** For whom; comes back with the answer. */
      readonly peer: NodeId;
    }
  /** Store an image from another node durably; the state stays as it is. */
  | { readonly kind: 'keep-snapshot'; readonly index: LogIndex; readonly parts: readonly Uint8Array[] }
  /** Replace the state by the image of `index`, after every persist asked for so far and before any later entry. */
  | { readonly kind: 'restore-snapshot'; readonly index: LogIndex };

export type MachineAnswer =
  | { readonly kind: 'snapshot-saved'; readonly index: LogIndex; readonly bytes: number }
  | {
      readonly kind: 'chunk';
      readonly index: LogIndex;
      readonly offset: number;
      readonly peer: NodeId;
      readonly data: Uint8Array;
      /** Bytes of the whole image. */
      readonly total: number;
    }
  /** That image is not there any more. */
  | { readonly kind: 'chunk-gone'; readonly index: LogIndex; readonly peer: NodeId }
  | { readonly kind: 'snapshot-kept'; readonly index: LogIndex }
  /** The image is damaged or of another format: it was not kept. */
  | { readonly kind: 'snapshot-refused'; readonly index: LogIndex; readonly reason: string }
  | { readonly kind: 'snapshot-restored'; readonly index: LogIndex };

export type Input =
  | { readonly kind: 'timeout' }
  | { readonly kind: 'receive'; readonly message: Message }
  /** Everything that clients proposed since the last turn, in order of arrival. */
  | { readonly kind: 'propose'; readonly proposals: readonly Proposal[] }
  /** Reads that clients asked for since the last turn and that want no entry of their own. */
  | { readonly kind: 'read'; readonly reads: readonly ReadRequest[] }
  | { readonly kind: 'persisted'; readonly id: PersistId }
  /** The host has run the state machine up to and including `index`. */
  | { readonly kind: 'applied'; readonly index: LogIndex }
  | { readonly kind: 'machine'; readonly answer: MachineAnswer }
  | { readonly kind: 'operator'; readonly command: OperatorInput };

/** What somebody may ask of a replica by hand. A refusal is said in the transition `refuse`, with the command's kind as `what`. */
export type OperatorInput =
  /** Time out now. */
  | { readonly kind: 'campaign' }
  | { readonly kind: 'transfer-leadership'; readonly to: NodeId }
  | {
      readonly kind: 'change-membership';
      readonly changes: readonly MembershipChange[];
      /**
       * auto: by one server where that is possible, else joint and left by itself; simple: by one server or not at all;
       * joint: joint, left by itself; joint-explicit: joint until `leave-joint`.
       */
      readonly transition: 'auto' | 'simple' | 'joint' | 'joint-explicit';
    }
  | { readonly kind: 'leave-joint' }
  /** Save a snapshot and compact the log. */
  | { readonly kind: 'snapshot' }
  /** A follower forgets who leads, so that it may vote for another at once. */
  | { readonly kind: 'forget-leader' };

export interface Persist {
  readonly id: PersistId;
  /** Deletes are carried out before puts. */
  readonly deletes: readonly RowRange[];
  readonly puts: readonly Row[];
}

/** The replica's answer to a proposal or read that did not, or may not, come to its end here. */
export type Reply =
  | {
      readonly kind: 'redirect';
      readonly id: OperationId;
      readonly leader: NodeId | undefined;
      readonly reason: string;
    }
  /** Certainly not taken, and not because another node leads: try again later. */
  | { readonly kind: 'refused'; readonly id: OperationId; readonly reason: string }
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
  /** Chain hash of the log at the last entry of `apply`; 0 when there is none. */
  readonly applyHash: ChainHash;
  /** Reads that may be served from the state machine once it has applied `atIndex`. */
  readonly reads: readonly { readonly id: ReadId; readonly atIndex: LogIndex }[];
  readonly machine: readonly MachineRequest[];
  readonly replies: readonly Reply[];
  /** What changed and why, in order, for the trace. */
  readonly transitions: readonly Transition[];
}

export interface Replica {
  /** When the host must feed a timeout; undefined while none is armed. */
  readonly deadline: Milliseconds | undefined;
  step(input: Input, now: Milliseconds): Effects;
}

/** A pre-candidate asks whether it could win before it enters a new term; a learner has no vote. */
export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader' | 'learner';

/**
 * How a leader sends to a follower: probe, one message at a time, until the end of the common log is found; replicate,
 * many messages ahead; snapshot, because the entries that it lacks are compacted.
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot';

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
  /** A candidate, or a pre-candidate for the term it would enter, counted a vote. */
  | {
      readonly kind: 'tally';
      readonly term: Term;
      readonly pre?: true;
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
  | {
      readonly kind: 'progress';
      readonly peer: NodeId;
      readonly match: LogIndex;
      readonly next: LogIndex;
      readonly state: ProgressState;
      /** Messages with entries under way. */
      readonly inFlight: number;
    }
  /**
   * adopted: appended, and in force from now on (Raft §6); committed; rolled-back: the entry that brought it was removed and
   * this one is in force again; restored: found on disk or in a snapshot. `index` is the entry that holds it, 0 for the first.
   */
  | {
      readonly kind: 'configuration';
      readonly stage: 'adopted' | 'committed' | 'rolled-back' | 'restored';
      readonly index: LogIndex;
      readonly configuration: Configuration;
    }
  /** A leader gained or lost its lease; `forMs` is how long it lasts on its own clock unless it is renewed. */
  | { readonly kind: 'lease'; readonly held: boolean; readonly forMs: Milliseconds; readonly reason: string }
  /**
   * asked: reads wait for the heartbeat `round`, 0 when they need none; confirmed: they may be served at `atIndex`.
   * Refusals are said by `refuse` and by a reply.
   */
  | {
      readonly kind: 'reads';
      readonly stage: 'asked' | 'confirmed';
      readonly mode: ReadMode;
      readonly ids: readonly ReadId[];
      readonly atIndex: LogIndex;
      readonly round: number;
    }
  | {
      readonly kind: 'transfer';
      readonly stage: 'started' | 'timeout-now' | 'ended';
      readonly to: NodeId;
      readonly reason: string;
    }
  /**
   * saved: this replica's own; sending and sent: to `peer`; receiving: from `peer`, `bytes` of `total` so far;
   * installed: its own log now begins behind it; abandoned: with the reason.
   */
  | {
      readonly kind: 'snapshot';
      readonly stage: 'saved' | 'sending' | 'sent' | 'receiving' | 'installed' | 'abandoned';
      readonly index: LogIndex;
      readonly term: Term;
      /** Chain hash of the log at `index`. */
      readonly hash: ChainHash;
      readonly peer?: NodeId;
      readonly bytes?: number;
      readonly total?: number;
      readonly reason?: string;
    }
  /** Entries up to `to`, of `term` there, were removed from the log: a snapshot holds what they led to. */
  | { readonly kind: 'compact'; readonly to: LogIndex; readonly term: Term }
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
