/** The timers and options of a Raft replica, and which of them go together. */
import type { Milliseconds, NodeId } from '../replica.ts';

/** A profile resolves to one of these. */
export interface RaftOptions {
  /** Election timeouts are drawn uniformly from [min, max) (§5.2, §9.3). */
  readonly electionTimeoutMs: { readonly min: Milliseconds; readonly max: Milliseconds };
  readonly heartbeatMs: Milliseconds;
  /** A new leader appends an empty entry of its own term at once, so that earlier entries can commit (§5.4.2, §8). */
  readonly termStartNoOp: boolean;
  /** Ask whether an election could be won before entering a new term (dissertation §9.6). */
  readonly preVote: boolean;
  /**
   * A leader that has not heard from a quorum for `electionTimeoutMs.min` steps down, and whoever hears from a leader
   * grants nobody else a vote (leader stickiness; dissertation §6.2, §4.2.3).
   */
  readonly checkQuorum: boolean;
  /** A voter refuses a candidate of lower priority whose log is not longer (tikv/raft-rs). Absent: 0. */
  readonly priorities: Readonly<Record<NodeId, number>>;
  /** A leader that is no voter any more steps down once that is committed (dissertation §4.2.2); else it leads on. */
  readonly stepDownOnRemoval: boolean;
  /**
   * How reads are answered unless they say otherwise: by an entry in the log, by ReadIndex (dissertation §6.4), or from
   * the leader's lease (§6.4.1), which needs `checkQuorum`.
   */
  readonly reads: 'log' | 'read-index' | 'lease';
  /** No clock runs faster or slower than real time by more than this share; bounds the lease. */
  readonly clockDriftBound: number;

  readonly maxEntriesPerMessage: number;
  /** Characters of entries; one entry always fits. */
  readonly maxBytesPerMessage: number;
  /** Messages with entries that a follower may have unanswered; 1 means no pipelining (dissertation §10.2.1). */
  readonly maxInflightMessages: number;
  /** Characters of entries that a follower may have unanswered; one message always fits. */
  readonly maxInflightBytes: number;
  /** Characters of entries that a leader may hold uncommitted before it refuses proposals; one always fits. */
  readonly maxUncommittedBytes: number;
  /** The leader replicates entries while it writes them to its own disk (dissertation §10.2.1), not after. */
  readonly overlapPersistence: boolean;
  /** A follower that refuses says where its log may agree, so that the leader goes back a term at a time (§5.3, end). */
  readonly conflictHints: boolean;

  /** Compact the log each time so many entries were applied since the last snapshot; 0: only when asked to (§7). */
  readonly snapshotEveryEntries: number;
  /** Entries kept before a snapshot, for followers that lag a little. */
  readonly snapshotKeepEntries: number;
  readonly snapshotChunkBytes: number;
  /** The state machine applies a retried operation once (§8; dissertation §6.3). */
  readonly clientSessions: boolean;
}

/** What need not be said: the timers must, the rest has defaults. */
export type RaftOptionsGiven = Pick<RaftOptions, 'electionTimeoutMs' | 'heartbeatMs'> & Partial<RaftOptions>;

const MEBIBYTE = 1024 * 1024;

/** The paper's Raft; what goes beyond it is off, but for flow control, snapshots and sessions. */
export const RAFT_DEFAULTS: Omit<RaftOptions, 'electionTimeoutMs' | 'heartbeatMs'> = {
  termStartNoOp: true,
  preVote: false,
  checkQuorum: false,
  priorities: {},
  stepDownOnRemoval: true,
  reads: 'log',
  clockDriftBound: 0.05,
  maxEntriesPerMessage: 256,
  maxBytesPerMessage: MEBIBYTE,
  maxInflightMessages: 256,
  maxInflightBytes: 64 * MEBIBYTE,
  maxUncommittedBytes: 64 * MEBIBYTE,
  overlapPersistence: true,
  conflictHints: true,
  snapshotEveryEntries: 10_000,
  snapshotKeepEntries: 5_000,
  snapshotChunkBytes: MEBIBYTE / 4,
  clientSessions: true,
};

/** @throws RangeError that names the option when one makes no sense, or two together are unsafe */
export function resolveRaftOptions(given: RaftOptionsGiven): RaftOptions {
  const options: RaftOptions = { ...RAFT_DEFAULTS, ...withoutUndefined(given) };
  const flaw = flawOfRaftOptions(options);
  if (flaw !== undefined) throw new RangeError(`Raft option ${flaw}`);
  return options;
}

/** Why these options make no sense or are unsafe together, beginning with the option's name; undefined if they are sound. */
export function flawOfRaftOptions(options: RaftOptions): string | undefined {
  return flawOfTimers(options) ?? flawOfReads(options) ?? flawOfLimits(options) ?? flawOfPriorities(options);
}

function flawOfTimers({ electionTimeoutMs: { min, max }, heartbeatMs }: RaftOptions): string | undefined {
  if (!isPositive(min))
    return `electionTimeoutMs.min must be a positive number of milliseconds, but it is ${min}`;
  if (!(max >= min && Number.isFinite(max)))
    return `electionTimeoutMs.max must be at least electionTimeoutMs.min (${min}), but it is ${max}`;
  if (!isPositive(heartbeatMs))
    return `heartbeatMs must be a positive number of milliseconds, but it is ${heartbeatMs}`;
  return undefined;
}

function flawOfReads({ reads, checkQuorum, clockDriftBound }: RaftOptions): string | undefined {
  if (reads !== 'log' && reads !== 'read-index' && reads !== 'lease')
    return `reads must be log, read-index or lease, but it is ${String(reads)}`;
  if (reads === 'lease' && !checkQuorum)
    return 'reads is lease, but checkQuorum is off: a leader that was replaced without hearing of it would go on serving stale reads. Turn checkQuorum on, or read by read-index';
  if (!(clockDriftBound >= 0 && clockDriftBound < 0.5))
    return `clockDriftBound must be from 0 to below 0.5, but it is ${clockDriftBound}`;
  return undefined;
}

const POSITIVE_INTEGERS = [
  'maxEntriesPerMessage',
  'maxBytesPerMessage',
  'maxInflightMessages',
  'maxInflightBytes',
  'maxUncommittedBytes',
  'snapshotChunkBytes',
] as const;
const NATURAL_NUMBERS = ['snapshotEveryEntries', 'snapshotKeepEntries'] as const;

function flawOfLimits(options: RaftOptions): string | undefined {
  for (const name of POSITIVE_INTEGERS) {
    if (!Number.isSafeInteger(options[name]) || options[name] <= 0)
      return `${name} must be a positive integer, but it is ${options[name]}`;
  }
  for (const name of NATURAL_NUMBERS) {
    if (!Number.isSafeInteger(options[name]) || options[name] < 0)
      return `${name} must be an integer of at least 0, but it is ${options[name]}`;
  }
  return undefined;
}

function flawOfPriorities({ priorities }: RaftOptions): string | undefined {
  for (const [node, priority] of Object.entries(priorities)) {
    if (!Number.isSafeInteger(priority))
      return `priorities.${node} must be an integer, but it is ${priority}`;
  }
  return undefined;
}

/**
 * How long a lease lasts on the leader's clock, from the sending of the round that gave it: the shortest election timeout,
 * less what the clocks of leader and voter may drift apart.
 */
export function leaseMs({ electionTimeoutMs, clockDriftBound }: RaftOptions): Milliseconds {
  return (electionTimeoutMs.min * (1 - clockDriftBound)) / (1 + clockDriftBound);
}

function isPositive(value: number): boolean {
  return value > 0 && Number.isFinite(value);
}

function withoutUndefined(given: RaftOptionsGiven): RaftOptionsGiven {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as unknown as RaftOptionsGiven;
}
