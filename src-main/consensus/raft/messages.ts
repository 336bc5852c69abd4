/** The four messages of Figure 2 of the Raft paper, and the check that a message from outside is one of them. */
import type { Entry, LogIndex, Message, NodeId, Term } from '../replica.ts';

export interface RequestVoteBody {
  readonly lastLogIndex: LogIndex;
  readonly lastLogTerm: Term;
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
}

export interface AppendEntriesReplyBody {
  readonly success: boolean;
  /** Of the request that this answers. */
  readonly prevLogIndex: LogIndex;
  /** The follower's log equals the leader's up to here, durably; 0 when it refused. */
  readonly matchIndex: LogIndex;
  /** Where the leader may go on: the first entry of `conflictTerm`, or the one after a log that is too short. */
  readonly conflictIndex?: LogIndex;
  /** The term that stands at `prevLogIndex` instead of `prevLogTerm`. */
  readonly conflictTerm?: Term;
  /** Why it refused, in words. */
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
export type AppendEntries = Envelope<'AppendEntries', AppendEntriesBody>;
export type AppendEntriesReply = Envelope<'AppendEntriesReply', AppendEntriesReplyBody>;
export type RaftMessage = RequestVote | RequestVoteReply | AppendEntries | AppendEntriesReply;

/** The message as one of Raft's, or the sentence that says why it is none. Nothing is copied. */
export function readRaftMessage(message: Message): RaftMessage | string {
  if (!isIndex(message.term) || message.term === 0) return `term ${String(message.term)} is no term`;
  if (typeof message.body !== 'object' || message.body === null) return `malformed ${message.type}`;
  const fields = message.body as { readonly [field: string]: unknown };
  switch (message.type) {
    case 'RequestVote':
      if (!isIndex(fields['lastLogIndex']) || !isIndex(fields['lastLogTerm'])) return 'malformed RequestVote';
      return message as RequestVote;
    case 'RequestVoteReply':
      if (typeof fields['granted'] !== 'boolean') return 'malformed RequestVoteReply';
      return message as RequestVoteReply;
    case 'AppendEntries':
      return flawOfAppendEntries(message.term, fields) ?? (message as AppendEntries);
    case 'AppendEntriesReply':
      if (
        typeof fields['success'] !== 'boolean' ||
        !isIndex(fields['prevLogIndex']) ||
        !isIndex(fields['matchIndex'])
      )
        return 'malformed AppendEntriesReply';
      if (fields['conflictIndex'] !== undefined && !isIndex(fields['conflictIndex']))
        return 'malformed conflictIndex';
      if (fields['conflictTerm'] !== undefined && !isIndex(fields['conflictTerm']))
        return 'malformed conflictTerm';
      return message as AppendEntriesReply;
    default:
      return `${message.type} is no message of Raft`;
  }
}

function flawOfAppendEntries(
  leaderTerm: Term,
  fields: { readonly [field: string]: unknown },
): string | undefined {
  const { prevLogIndex, prevLogTerm, leaderCommit, entries } = fields;
  if (!isIndex(prevLogIndex) || !isIndex(prevLogTerm) || !isIndex(leaderCommit) || !Array.isArray(entries))
    return 'malformed AppendEntries';
  if (prevLogTerm > leaderTerm || (prevLogIndex === 0) !== (prevLogTerm === 0))
    return `entry ${prevLogIndex} before the first cannot be of term ${prevLogTerm}`;
  let index = prevLogIndex;
  let term = prevLogTerm;
  for (const entry of entries as readonly Partial<Entry>[]) {
    index += 1;
    if (entry.index !== index) return `entry ${String(entry.index)} where ${index} should stand`;
    if (!isIndex(entry.term) || entry.term < term || entry.term > leaderTerm)
      return `entry ${index} carries term ${String(entry.term)} after term ${term}`;
    if ((entry.kind !== 'command' && entry.kind !== 'no-op') || typeof entry.data !== 'string')
      return `entry ${index} is malformed`;
    if (entry.id !== undefined && typeof entry.id !== 'string') return `entry ${index} has a malformed id`;
    term = entry.term;
  }
  return undefined;
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
