/**
 * The messages of Raft: the four of Figure 2, InstallSnapshot of Figure 13, and those of the dissertation (PreVote §9.6,
 * TimeoutNow §3.10, ReadIndex §6.4); and the check that a message from outside is one of them.
 */
import type {
  ChainHash,
  Configuration,
  Entry,
  LogIndex,
  Message,
  NodeId,
  StorageId,
  Term,
} from '../replica.ts';
import { flawOfConfiguration } from './configuration.ts';

/** Of RequestVote and of PreVote. The term of a PreVote is the one that the pre-candidate would enter. */
export interface RequestVoteBody {
  readonly lastLogIndex: LogIndex;
  readonly lastLogTerm: Term;
  /** The leader asked for this election, so its followers need not be loyal to it (dissertation §4.2.3). */
  readonly transfer?: true;
  /** Of the candidate; absent: 0. */
  readonly priority?: number;
  /** The disk by which the candidate's configuration knows the voter; absent: any. */
  readonly disk?: StorageId;
}

export interface RequestVoteReplyBody {
  readonly granted: boolean;
  /** Why not, in words. */
  readonly reason?: string;
}

export interface AppendEntriesBody {
  readonly prevLogIndex: LogIndex;
  readonly prevLogTerm: Term;
  /** Follow `prevLogIndex` without gaps; empty in a heartbeat. */
  readonly entries: readonly Entry[];
  readonly leaderCommit: LogIndex;
  /** The leader's latest round of heartbeats; the answer repeats it. */
  readonly round: number;
}

export interface AppendEntriesReplyBody {
  readonly success: boolean;
  /** Of the request that this answers. */
  readonly prevLogIndex: LogIndex;
  /** The follower's log equals the leader's up to here, durably; 0 when it refused. */
  readonly matchIndex: LogIndex;
  /** Of the request that this answers; 0 in an answer to none. */
  readonly round: number;
  /** Where the leader may go on: the first entry of `conflictTerm`, or the one after a log that is too short. */
  readonly conflictIndex?: LogIndex;
  /** The term that stands at `prevLogIndex` instead of `prevLogTerm`. */
  readonly conflictTerm?: Term;
  /** The disk that the answer speaks of. */
  readonly disk?: StorageId;
  /** Why it refused, in words. */
  readonly reason?: string;
}

/** The leader hands over: time out now. */
export type TimeoutNowBody = Readonly<Record<string, never>>;

/** One chunk of a snapshot (Figure 13). */
export interface InstallSnapshotBody {
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  readonly hash: ChainHash;
  readonly configuration: Configuration;
  /** Where `data` belongs, in bytes. */
  readonly offset: number;
  readonly data: Uint8Array;
  /** Bytes of the whole snapshot. */
  readonly total: number;
  readonly round: number;
}

export interface InstallSnapshotReplyBody {
  readonly lastIndex: LogIndex;
  /** The offset wanted next; `total` when everything has arrived. */
  readonly next: number;
  /** The follower's log, or its snapshot, holds everything up to `lastIndex`, durably. */
  readonly installed: boolean;
  readonly round: number;
  /** The disk that the answer speaks of. */
  readonly disk?: StorageId;
  /** Why it was refused, in words. */
  readonly reason?: string;
}

/** A follower's clients want to read: what is the commit index? */
export interface ReadIndexBody {
  /** The follower's own number for the question. */
  readonly context: number;
}

export interface ReadIndexReplyBody {
  readonly context: number;
  /** null: refused. */
  readonly index: LogIndex | null;
  readonly reason?: string;
}

interface Envelope<Type extends string, Body extends object> {
  readonly type: Type;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: Term;
  readonly body: Body;
}

export type RequestVote = Envelope<'RequestVote', RequestVoteBody>;
export type RequestVoteReply = Envelope<'RequestVoteReply', RequestVoteReplyBody>;
export type PreVote = Envelope<'PreVote', RequestVoteBody>;
export type PreVoteReply = Envelope<'PreVoteReply', RequestVoteReplyBody>;
export type AppendEntries = Envelope<'AppendEntries', AppendEntriesBody>;
export type AppendEntriesReply = Envelope<'AppendEntriesReply', AppendEntriesReplyBody>;
export type TimeoutNow = Envelope<'TimeoutNow', TimeoutNowBody>;
export type InstallSnapshot = Envelope<'InstallSnapshot', InstallSnapshotBody>;
export type InstallSnapshotReply = Envelope<'InstallSnapshotReply', InstallSnapshotReplyBody>;
export type ReadIndex = Envelope<'ReadIndex', ReadIndexBody>;
export type ReadIndexReply = Envelope<'ReadIndexReply', ReadIndexReplyBody>;
export type RaftMessage =
  | RequestVote
  | RequestVoteReply
  | PreVote
  | PreVoteReply
  | AppendEntries
  | AppendEntriesReply
  | TimeoutNow
  | InstallSnapshot
  | InstallSnapshotReply
  | ReadIndex
  | ReadIndexReply;

type Fields = { readonly [field: string]: unknown };

/** The message as one of Raft's, or the sentence that says why it is none. Nothing is copied. */
export function readRaftMessage(message: Message): RaftMessage | string {
  const { type, term, body } = message;
  if (typeof type !== 'string') return `${shown(type)} is no message of Raft`;
  // Who has never been in a term may still refuse a PreVote.
  if (!isNatural(term) || (term === 0 && type !== 'PreVoteReply')) return `term ${shown(term)} is no term`;
  if (typeof body !== 'object' || body === null) return `malformed ${type}`;
  const flaw = flawOf(type, term, body as Fields);
  return flaw ?? (message as RaftMessage);
}

function flawOf(type: string, term: Term, fields: Fields): string | undefined {
  switch (type) {
    case 'AppendEntries':
      return flawOfAppendEntries(term, fields);
    case 'AppendEntriesReply':
      return flawOfAppendEntriesReply(fields);
    case 'RequestVote':
    case 'PreVote':
      return flawOfRequestVote(type, fields);
    case 'RequestVoteReply':
    case 'PreVoteReply':
      return typeof fields['granted'] === 'boolean' ? undefined : `malformed ${type}`;
    case 'TimeoutNow':
      return undefined;
    case 'InstallSnapshot':
      return flawOfInstallSnapshot(fields);
    case 'InstallSnapshotReply':
      return flawOfInstallSnapshotReply(fields);
    case 'ReadIndex':
      return isNatural(fields['context']) ? undefined : 'malformed ReadIndex';
    case 'ReadIndexReply': {
      const { context, index } = fields;
      return isNatural(context) && (index === null || isNatural(index))
        ? undefined
        : 'malformed ReadIndexReply';
    }
    default:
      return `${type} is no message of Raft`;
  }
}

function flawOfRequestVote(type: string, fields: Fields): string | undefined {
  const { lastLogIndex, lastLogTerm, transfer, priority, disk } = fields;
  const sound =
    isNatural(lastLogIndex) &&
    isNatural(lastLogTerm) &&
    (transfer === undefined || transfer === true) &&
    (priority === undefined || Number.isSafeInteger(priority)) &&
    (disk === undefined || typeof disk === 'string');
  return sound ? undefined : `malformed ${type}`;
}

function flawOfAppendEntriesReply(fields: Fields): string | undefined {
  const { success, prevLogIndex, matchIndex, round, conflictIndex, conflictTerm, disk } = fields;
  if (typeof success !== 'boolean' || !isNatural(prevLogIndex) || !isNatural(matchIndex) || !isNatural(round))
    return 'malformed AppendEntriesReply';
  if (conflictIndex !== undefined && !isNatural(conflictIndex)) return 'malformed conflictIndex';
  if (conflictTerm !== undefined && !isNatural(conflictTerm)) return 'malformed conflictTerm';
  if (disk !== undefined && typeof disk !== 'string') return 'malformed disk';
  return undefined;
}

function flawOfAppendEntries(leaderTerm: Term, fields: Fields): string | undefined {
  const { prevLogIndex, prevLogTerm, leaderCommit, entries, round } = fields;
  if (
    !isNatural(prevLogIndex) ||
    !isNatural(prevLogTerm) ||
    !isNatural(leaderCommit) ||
    !isNatural(round) ||
    !Array.isArray(entries)
  )
    return 'malformed AppendEntries';
  if (prevLogTerm > leaderTerm || (prevLogIndex === 0) !== (prevLogTerm === 0))
    return `entry ${prevLogIndex} before the first cannot be of term ${prevLogTerm}`;
  let index = prevLogIndex;
  let term = prevLogTerm;
  for (const entry of entries as readonly (Partial<Entry> | null)[]) {
    index += 1;
    if (typeof entry !== 'object' || entry === null) return `entry ${index} is malformed`;
    if (entry.index !== index) return `entry ${shown(entry.index)} where ${index} should stand`;
    if (!isNatural(entry.term) || entry.term < term || entry.term > leaderTerm)
      return `entry ${index} carries term ${shown(entry.term)} after term ${term}`;
    if (!isEntryKind(entry.kind) || typeof entry.data !== 'string') return `entry ${index} is malformed`;
    if (entry.id !== undefined && typeof entry.id !== 'string') return `entry ${index} has a malformed id`;
    if (entry.kind === 'configuration') {
      const flaw = flawOfConfiguration(entry.data);
      if (flaw !== undefined) return `entry ${index} holds no configuration: ${flaw}`;
    }
    term = entry.term;
  }
  return undefined;
}

function flawOfInstallSnapshot(fields: Fields): string | undefined {
  const { lastIndex, lastTerm, hash, configuration, offset, data, total, round } = fields;
  const sound =
    isNatural(lastIndex) &&
    lastIndex > 0 &&
    isNatural(lastTerm) &&
    isNatural(hash) &&
    isNatural(offset) &&
    isNatural(total) &&
    isNatural(round) &&
    data instanceof Uint8Array &&
    offset + data.length <= total;
  if (!sound) return 'malformed InstallSnapshot';
  const flaw = flawOfConfiguration(configuration);
  return flaw === undefined ? undefined : `the snapshot holds no configuration: ${flaw}`;
}

function flawOfInstallSnapshotReply(fields: Fields): string | undefined {
  const { lastIndex, next, installed, round, disk } = fields;
  const sound =
    isNatural(lastIndex) &&
    isNatural(next) &&
    typeof installed === 'boolean' &&
    isNatural(round) &&
    (disk === undefined || typeof disk === 'string');
  return sound ? undefined : 'malformed InstallSnapshotReply';
}

/** For a sentence: whatever came in place of a number or a name. */
function shown(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

export function isEntryKind(kind: unknown): kind is Entry['kind'] {
  return kind === 'command' || kind === 'no-op' || kind === 'configuration';
}

export function isNatural(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
