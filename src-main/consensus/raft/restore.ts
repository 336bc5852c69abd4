/** Reads what an earlier incarnation wrote (see `persistence.ts`), and refuses what cannot be it. */
import type { ChainHash, Entry, NodeId, Row, SnapshotMark, Term } from '../replica.ts';
import { readConfiguration } from './configuration.ts';
import type { LogStart, RaftLog } from './log.ts';
import { isEntryKind, isNatural } from './messages.ts';

export interface Restored {
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly snapshot: SnapshotMark | null;
}

interface SnapshotRow extends SnapshotMark {
  readonly start: LogStart;
}

/**
 * Fills `log` and returns the rest (term 0 on an empty disk). The rows may come in any order.
 *
 * @throws Error that names the row when one is missing, malformed, or does not continue the chain of hashes
 */
export function restore(rows: readonly Row[], log: RaftLog): Restored {
  let meta: { term: Term; votedFor: NodeId | null } = { term: 0, votedFor: null };
  let snapshot: SnapshotRow | null = null;
  const logRows: Row[] = [];
  for (const row of rows) {
    if (row.space === 'log') logRows.push(row);
    else if (row.space === 'meta' && row.key === 0) meta = readMeta(row.value);
    else if (row.space === 'snapshot' && row.key === 0) snapshot = readSnapshot(row.value);
    else throw new Error(`Row ${row.space}/${row.key} is none of Raft's`);
  }
  if (snapshot !== null) log.restartAt(snapshot.start);
  logRows.sort((left, right) => left.key - right.key);
  for (const row of logRows) restoreEntry(row, log);
  assertConsistent(meta.term, snapshot, log);
  return { ...meta, snapshot: snapshot === null ? null : withoutStart(snapshot) };
}

function assertConsistent(term: Term, snapshot: SnapshotRow | null, log: RaftLog): void {
  if (log.lastTerm > term)
    throw new Error(`Row meta/0 says term ${term}, but the log holds an entry of term ${log.lastTerm}`);
  if (snapshot === null) return;
  const { index, hash } = snapshot;
  if (index > log.lastIndex)
    throw new Error(`Row log/${log.lastIndex + 1} is missing: the snapshot is of entry ${index}`);
  if (log.hashAt(index) !== hash)
    throw new Error(
      `Row snapshot/0 says chain hash ${hash} at entry ${index}, but the log gives ${log.hashAt(index)}`,
    );
}

function withoutStart({ index, term, hash, configuration }: SnapshotRow): SnapshotMark {
  return { index, term, hash, configuration };
}

function readMeta(value: unknown): { term: Term; votedFor: NodeId | null } {
  const { term, votedFor } = fieldsOf(value, 'meta/0');
  if (!isNatural(term) || (votedFor !== null && typeof votedFor !== 'string'))
    throw new Error('Row meta/0 is malformed: it needs a term and a votedFor');
  return { term, votedFor };
}

function readSnapshot(value: unknown): SnapshotRow {
  const { index, term, hash, configuration, start } = fieldsOf(value, 'snapshot/0');
  const from = fieldsOf(start, 'snapshot/0');
  const sound =
    isNatural(index) &&
    isNatural(term) &&
    isNatural(hash) &&
    isNatural(from['index']) &&
    isNatural(from['term']) &&
    isNatural(from['hash']) &&
    from['index'] <= index;
  if (!sound)
    throw new Error('Row snapshot/0 is malformed: it needs index, term, hash and where the log starts');
  const known = { index: from['index'], term: from['term'], hash: from['hash'] } as LogStart;
  return { index, term, hash, configuration: readConfiguration(configuration), start: known };
}

function restoreEntry(row: Row, log: RaftLog): void {
  const name = `log/${row.key}`;
  const index = log.lastIndex + 1;
  if (row.key !== index) throw new Error(`Row log/${index} is missing: the next one found is ${name}`);
  const { term, kind, data, id, hash } = fieldsOf(row.value, name);
  const typed =
    isNatural(term) &&
    term > 0 &&
    isEntryKind(kind) &&
    typeof data === 'string' &&
    (id === undefined || typeof id === 'string');
  if (!typed || term < log.lastTerm) throw new Error(`Row ${name} is malformed`);
  const entry: Entry = id === undefined ? { index, term, kind, data } : { index, term, kind, data, id };
  const found: ChainHash = log.append(entry);
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
