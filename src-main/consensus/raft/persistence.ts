/**
 * What a Raft replica keeps on disk (§5.1, Figure 2: currentTerm, votedFor, log[]) and when it may rely on it.
 *
 * Space `meta`, key 0: `{ term, votedFor }`. Space `log`, key = index: `{ term, kind, data, id?, hash }`.
 */
import type { ChainHash, Entry, LogIndex, NodeId, Persist, PersistId, Row, Term } from '../replica.ts';
import { invariant } from '../invariant.ts';
import type { RaftLog } from './log.ts';
import type { RaftState } from './state.ts';

/** Puts an entry at the end of the log, in memory and on its way to the disk. */
export function appendEntry(raft: RaftState, entry: Entry): void {
  const hash = raft.log.append(entry);
  const { term, kind, data, id } = entry;
  const value = id === undefined ? { term, kind, data, hash } : { term, kind, data, id, hash };
  raft.out.puts.push({ space: 'log', key: entry.index, value });
}

/** Removes entries from `first` on, in memory and on the disk. Writes under way no longer vouch for what was removed. */
export function truncateLog(raft: RaftState, first: LogIndex, reason: string): void {
  invariant(
    raft.role !== 'leader',
    'a leader never removes entries from its own log (Leader Append-Only, §5.3)',
  );
  invariant(first > raft.commitIndex, 'a committed entry is never removed (Leader Completeness, §5.4)');
  const last = raft.log.lastIndex;
  raft.log.truncateFrom(first);
  raft.out.deletes.push({ space: 'log', from: first, to: last });
  raft.durableIndex = Math.min(raft.durableIndex, first - 1);
  for (const pending of raft.pendingPersists) pending.durableTo = Math.min(pending.durableTo, first - 1);
  raft.out.transitions.push({ kind: 'truncate', first, last, reason });
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

export interface RestoredMeta {
  readonly term: Term;
  readonly votedFor: NodeId | null;
}

/**
 * Reads what an earlier incarnation wrote: fills `log` and returns term and vote (term 0 on an empty disk).
 * The rows may come in any order.
 *
 * @throws Error that names the row when one is missing, malformed, or does not continue the chain of hashes
 */
export function restore(rows: readonly Row[], log: RaftLog): RestoredMeta {
  let meta: RestoredMeta = { term: 0, votedFor: null };
  const logRows: Row[] = [];
  for (const row of rows) {
    if (row.space === 'log') logRows.push(row);
    else if (row.space === 'meta' && row.key === 0) meta = readMeta(row.value);
    else throw new Error(`Row ${row.space}/${row.key} is none of Raft's`);
  }
  logRows.sort((left, right) => left.key - right.key);
  for (const row of logRows) restoreEntry(row, log);
  if (log.lastTerm > meta.term)
    throw new Error(`Row meta/0 says term ${meta.term}, but the log holds an entry of term ${log.lastTerm}`);
  return meta;
}

function readMeta(value: unknown): RestoredMeta {
  const { term, votedFor } = fieldsOf(value, 'meta/0');
  if (!isTerm(term) || (votedFor !== null && typeof votedFor !== 'string'))
    throw new Error('Row meta/0 is malformed: it needs a term and a votedFor');
  return { term, votedFor };
}

function restoreEntry(row: Row, log: RaftLog): void {
  const name = `log/${row.key}`;
  const index = log.lastIndex + 1;
  if (row.key !== index) throw new Error(`Row log/${index} is missing: the next one found is ${name}`);
  const { term, kind, data, id, hash } = fieldsOf(row.value, name);
  const typed =
    isTerm(term) &&
    term > 0 &&
    (kind === 'command' || kind === 'no-op') &&
    typeof data === 'string' &&
    (id === undefined || typeof id === 'string');
  if (!typed || term < log.lastTerm) throw new Error(`Row ${name} is malformed`);
  const found: ChainHash = log.append(
    id === undefined ? { index, term, kind, data } : { index, term, kind, data, id },
  );
  if (found !== hash)
    throw new Error(
      `Row ${name} does not continue the log before it: it says chain hash ${String(hash)}, but the entries give ${found}`,
    );
}

function fieldsOf(value: unknown, name: string): { readonly [field: string]: unknown } {
  if (typeof value !== 'object' || value === null)
    throw new Error(`Row ${name} is malformed: it holds no record`);
  return value as { readonly [field: string]: unknown };
}

function isTerm(value: unknown): value is Term {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
