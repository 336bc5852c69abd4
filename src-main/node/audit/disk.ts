/** Reads what a node's databases hold, without the code that wrote it. The node must be down. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chainHash, EMPTY_LOG_HASH } from '../../consensus/raft/chain-hash.ts';
import type { ChainHash, Entry, LogIndex, NodeId, OperationId } from '../../consensus/replica.ts';
import { openDatabase } from '../../trace/sqlite.ts';
import type { SqliteDatabase } from '../../trace/sqlite.ts';

export interface Disk {
  readonly node: NodeId;
  readonly snapshot: LogIndex | null;
  /** The entry behind which the log begins. */
  readonly compacted: LogIndex;
  readonly last: LogIndex;
  /** The log's chain hash at an index from `compacted` to `last`, reckoned from the entries themselves. */
  hashAt(index: LogIndex): ChainHash | undefined;
  /** The operation of the entry, if the log has one there. */
  operationAt(index: LogIndex): OperationId | undefined;
  readonly applied: LogIndex;
  readonly pairs: ReadonlyMap<string, string>;
}

/** A node that never came as far as to have a disk holds nothing. Throws when a file cannot be read. */
export function readDisk(folder: string): Disk {
  const log = readFile(path.join(folder, 'log.db'), readLog) ?? {
    snapshot: null,
    start: LOG_START,
    rows: [],
  };
  const state = readFile(path.join(folder, 'state.db'), readState) ?? { applied: 0, pairs: new Map() };
  const compacted = log.start.index;
  const hashes = [log.start.hash];
  for (const { value } of log.rows) hashes.push(chainHash(hashes.at(-1) ?? EMPTY_LOG_HASH, value));
  return {
    node: path.basename(folder),
    snapshot: log.snapshot,
    compacted,
    last: compacted + log.rows.length,
    hashAt: (index) => hashes[index - compacted],
    operationAt: (index) => log.rows[index - compacted - 1]?.value.id,
    ...state,
  };
}

const LOG_START = { index: 0, hash: EMPTY_LOG_HASH };

interface LogContents {
  readonly snapshot: LogIndex | null;
  readonly start: { readonly index: LogIndex; readonly hash: ChainHash };
  readonly rows: readonly { readonly index: LogIndex; readonly value: Omit<Entry, 'index'> }[];
}

function readLog(log: SqliteDatabase): LogContents {
  const mark = log.prepare('SELECT value FROM snapshot WHERE key = 0').pluck().get() as string | undefined;
  const found = log.prepare('SELECT key, value FROM log ORDER BY key').all();
  const rows = (found as { key: number; value: string }[]).map(({ key, value }) => ({
    index: key,
    value: JSON.parse(value) as Omit<Entry, 'index'>,
  }));
  if (mark === undefined) return { snapshot: null, start: LOG_START, rows };
  const { index, start } = JSON.parse(mark) as { index: LogIndex; start: LogContents['start'] };
  return { snapshot: index, start, rows };
}

function readState(state: SqliteDatabase): { applied: LogIndex; pairs: Map<string, string> } {
  const applied = state.prepare('SELECT position FROM applied').pluck().get() as number;
  return {
    applied,
    pairs: new Map(state.prepare('SELECT key, value FROM pair').raw().all() as [string, string][]),
  };
}

function readFile<T>(file: string, read: (database: SqliteDatabase) => T): T | undefined {
  if (!existsSync(file)) return undefined;
  const database = openDatabase(file);
  try {
    const tables = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
    return tables === 0 ? undefined : read(database);
  } finally {
    database.close();
  }
}
