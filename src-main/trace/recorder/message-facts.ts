/** What a message's type and body say about it, for the columns of its row. */
import type { Nanoseconds } from '../model/events.ts';
import { MESSAGE_SPANS_NS } from '../schema.ts';

interface BodyFields {
  entries?: unknown;
  granted?: unknown;
  success?: unknown;
  matchIndex?: unknown;
  prevLogIndex?: unknown;
  installed?: unknown;
  index?: unknown;
  reason?: unknown;
}

/** In what order messages are kept when there are too many to draw: elections, then those that carry entries, snapshots or reads, then the rest. */
export const RANK_ELECTION = 0;
export const RANK_ENTRIES = 1;
export const RANK_HEARTBEAT = 2;

export function messageRank(type: string, body: object): number {
  if (type.includes('Vote') || type === 'TimeoutNow') return RANK_ELECTION;
  const { success, matchIndex, prevLogIndex } = body as BodyFields;
  if (type === 'AppendEntries') return carriedEntries(body) === 0 ? RANK_HEARTBEAT : RANK_ENTRIES;
  if (type === 'AppendEntriesReply' && success === true && matchIndex === prevLogIndex) return RANK_HEARTBEAT;
  return RANK_ENTRIES;
}

/** How many log entries the message carries; a recorded body says only how many and which. */
export function carriedEntries(body: object): number {
  const { entries } = body as BodyFields;
  if (Array.isArray(entries)) return entries.length;
  if (typeof entries !== 'object' || entries === null) return 0;
  const { count } = entries as { count?: unknown };
  return typeof count === 'number' ? count : 0;
}

/** For replies whether what was asked was granted, as SQLite's boolean; null where that makes no sense. */
export function grantedBy(type: string, body: object): number | null {
  const { granted, success, installed, index, reason } = body as BodyFields;
  if (type === 'InstallSnapshotReply') return installed === true ? 1 : reason === undefined ? null : 0;
  if (type === 'ReadIndexReply') return index === null ? 0 : 1;
  const answer = typeof granted === 'boolean' ? granted : success;
  return typeof answer === 'boolean' ? Number(answer) : null;
}

/** The class of how long a copy was on its way; the last class also holds those that still are. */
export function messageSpan(sentNs: Nanoseconds | null, endedNs: Nanoseconds | null): number {
  if (sentNs === null || endedNs === null) return MESSAGE_SPANS_NS.length;
  const tookNs = endedNs - sentNs;
  const span = MESSAGE_SPANS_NS.findIndex((bound) => tookNs <= bound);
  return span === -1 ? MESSAGE_SPANS_NS.length : span;
}
