/**
 * What a Raft replica keeps on disk (§5.1, Figure 2: currentTerm, votedFor, log[]; §7: the snapshot's mark) and when it may
 * rely on it. `restore.ts` reads it back.
 *
 * Space `meta`, key 0: `{ term, votedFor }`. Space `log`, key = index: `{ term, kind, data, id?, hash }`. Space `snapshot`,
 * key 0: the mark of the newest snapshot and, as `start`, the entry behind which the log begins.
 */
import type { Entry, LogIndex, OperationId, Persist, PersistId, SnapshotMark } from '../replica.ts';
import { invariant } from '../invariant.ts';
import { rollBackConfigurations } from './membership.ts';
import type { RaftState } from './state.ts';

/** Puts an entry at the end of the log, in memory and on its way to the disk. */
export function appendEntry(raft: RaftState, entry: Entry): void {
  const hash = raft.log.append(entry);
  const { term, kind, data, id } = entry;
  const value = id === undefined ? { term, kind, data, hash } : { term, kind, data, id, hash };
  raft.out.puts.push({ space: 'log', key: entry.index, value });
}

/** Tells the trace of new entries, `first` to the end of the log, all of one term; where they were made, also what they hold. */
export function sayAppended(
  { log, out }: RaftState,
  first: LogIndex,
  entries?: readonly { readonly id?: OperationId; readonly data: string }[],
): void {
  const { lastIndex: last, lastTerm: term } = log;
  const appended = { kind: 'append', first, last, term, hash: log.hashAt(last) } as const;
  out.transitions.push(entries === undefined ? appended : { ...appended, entries });
}

/** Removes entries from `first` on, in memory and on the disk. */
export function truncateLog(raft: RaftState, first: LogIndex, reason: string): void {
  invariant(
    raft.role !== 'leader',
    'a leader never removes entries from its own log (Leader Append-Only, §5.3)',
  );
  invariant(first > raft.commitIndex, 'a committed entry is never removed (Leader Completeness, §5.4)');
  const last = raft.log.lastIndex;
  cutFrom(raft, first);
  raft.out.transitions.push({ kind: 'truncate', first, last, reason });
  rollBackConfigurations(raft, first);
}

/** Forgets what stands behind `kept` without a word: only a planted bug does. */
export function dropLogBehind(raft: RaftState, kept: LogIndex): void {
  cutFrom(raft, kept + 1);
}

/** Writes under way no longer vouch for what is removed. */
function cutFrom(raft: RaftState, first: LogIndex): void {
  raft.out.deletes.push({ space: 'log', from: first, to: raft.log.lastIndex });
  raft.log.truncateFrom(first);
  raft.durableIndex = Math.min(raft.durableIndex, first - 1);
  for (const pending of raft.pendingPersists) pending.durableTo = Math.min(pending.durableTo, first - 1);
}

/** The snapshot that was just taken goes to disk, and entries up to `to` leave the log in the same write. */
export function compactLog(raft: RaftState, to: LogIndex): void {
  const { start } = raft.log;
  if (to > start.index) {
    raft.log.compactTo(to);
    raft.out.deletes.push({ space: 'log', from: start.index + 1, to });
    raft.out.transitions.push({ kind: 'compact', to, term: raft.log.start.term });
    forgetConfigurations(raft);
  }
  putSnapshot(raft);
}

/** Configurations that the snapshot's has followed. */
function forgetConfigurations({ configurations, snapshot }: RaftState): void {
  const upTo = snapshot?.index ?? 0;
  while (configurations.length > 1 && configurations[1]!.index <= upTo) configurations.shift();
}

/** The log gives way to a snapshot from the leader, in one write. */
export function replaceLog(raft: RaftState, mark: SnapshotMark): void {
  const { start, lastIndex } = raft.log;
  if (lastIndex > start.index) raft.out.deletes.push({ space: 'log', from: start.index + 1, to: lastIndex });
  raft.log.restartAt(mark);
  raft.durableIndex = 0;
  for (const pending of raft.pendingPersists) pending.durableTo = 0;
  // What this step appended before is gone with the rest.
  raft.out.puts.length = 0;
  putSnapshot(raft);
}

function putSnapshot(raft: RaftState): void {
  const { snapshot } = raft;
  invariant(snapshot !== null, 'the mark of a snapshot is written once there is one');
  raft.out.puts.push({ space: 'snapshot', key: 0, value: { ...snapshot, start: raft.log.start } });
}

/** The write that this step asks for, if it asks for one. */
export function takePersist(raft: RaftState): Persist | undefined {
  const { metaChanged, deletes, puts } = raft.out;
  if (!metaChanged && deletes.length === 0 && puts.length === 0) return undefined;
  if (metaChanged) puts.push({ space: 'meta', key: 0, value: { term: raft.term, votedFor: raft.votedFor } });
  raft.lastPersistId += 1;
  raft.pendingPersists.push({
    id: raft.lastPersistId,
    durableTo: raft.log.lastIndex,
    ownVoteInTerm: metaChanged && raft.votedFor === raft.id ? raft.term : 0,
  });
  return { id: raft.lastPersistId, deletes, puts };
}

/**
 * Write `id`, and with it every earlier one, is durable.
 *
 * @returns whether it made the replica's vote for itself in its current term durable
 */
export function notePersisted(raft: RaftState, id: PersistId): boolean {
  invariant(id <= raft.lastPersistId, 'only writes that were asked for are reported durable');
  let ownVote = false;
  let pending = raft.pendingPersists[0];
  while (pending !== undefined && pending.id <= id) {
    raft.durableIndex = Math.max(raft.durableIndex, pending.durableTo);
    ownVote ||= pending.ownVoteInTerm === raft.term;
    raft.pendingPersists.shift();
    pending = raft.pendingPersists[0];
  }
  return ownVote;
}
