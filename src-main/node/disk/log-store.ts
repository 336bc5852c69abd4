import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LogIndex, Persist, Row } from '../../consensus/replica.ts';
import { openDatabase } from '../../trace/sqlite.ts';
import type { SqliteDatabase, SqliteStatement } from '../../trace/sqlite.ts';
import type { Disk, DurableFacts } from '../host/ports.ts';
import { checkBeforeOpen } from './before-open.ts';
import { DamagedDiskError, failedWrite, ForeignDiskError } from './damage.ts';
import { FactsOnDisk, startOfLog } from './durable-facts.ts';
import { isEmptyDisk, lostDisk } from './empty-disk.ts';
import { LastRows } from './last-rows.ts';
import { assertContiguous, lastRowOf, loadRows, rowChecksum, tableOf } from './rows.ts';
import { syncFolder } from './sync-folder.ts';
import { SyncedMark } from './synced-mark.ts';

export interface LogStoreOptions {
  /** The node's own folder; made if missing. */
  readonly folder: string;
  /** The disk must carry this id; a new disk is given it. */
  readonly storageId: string;
  /** The kinds of rows that the protocol keeps. `log`, if among them, must have no holes from where the row `snapshot/0` lets it begin. */
  readonly spaces: readonly string[];
  /** Whose disk it is, for messages. */
  readonly node: string;
  /** Nothing need be there yet; otherwise an empty disk is refused, because one with this id was written before. */
  readonly mayBeEmpty: boolean;
}

interface SpaceStatements {
  readonly put: SqliteStatement;
  /** Puts {@link rowsAtOnce} rows. */
  readonly putMany: SqliteStatement;
  readonly remove: SqliteStatement;
  readonly last: SqliteStatement;
}

const pageBytes = 4096;
/** One statement for so many rows takes a quarter less time for each; more of them gain nothing more. */
const rowsAtOnce = 8;
/** The log starts anew after about this many frames, 8 MB. */
const checkpointFrames = 2000;
const format = { format: 'quorum-lab-log', version: 2 };

/**
 * The durable rows of a replica in `log.db`. Every commit is synced before `write` reports it done; a file that cannot be
 * trusted is refused at opening.
 */
export class LogStore implements Disk {
  readonly file: string;
  /** Every row found at opening, by space and key. */
  readonly rows: readonly Row[];
  readonly #database: SqliteDatabase;
  readonly #mark: SyncedMark;
  readonly #statements = new Map<string, SpaceStatements>();
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #facts = new FactsOnDisk();
  readonly #lastRows = new LastRows();

  /**
   * @throws DamagedDiskError naming file, place and remedy
   * @throws ForeignDiskError when the disk is empty and may not be, or belongs to another node
   */
  constructor(options: LogStoreOptions) {
    const { folder, storageId, spaces, node, mayBeEmpty } = options;
    this.file = join(folder, 'log.db');
    if (isEmptyDisk(this.file) && !mayBeEmpty) throw lostDisk(this.file, node, storageId);
    mkdirSync(folder, { recursive: true });
    this.#mark = new SyncedMark(join(folder, 'log.synced'), `${this.file}-shm`);
    let database: SqliteDatabase | undefined;
    try {
      const claim = this.#mark.read();
      const missing = checkBeforeOpen(this.file, pageBytes, claim);
      database = withFileNamed(this.file, () => openDatabase(this.file));
      this.#database = database;
      this.rows = withFileNamed(this.file, () => {
        demandDurability(this.#database, this.file);
        return this.#load(options);
      });
      if (missing !== undefined && this.#lastRows.digest !== claim?.digest) throw missing;
    } catch (error) {
      database?.close();
      this.#mark.close();
      throw error;
    }
    syncFolder(folder);
    this.#facts.load(this.rows);
    this.#begin = this.#database.prepare('BEGIN IMMEDIATE');
    this.#commit = this.#database.prepare('COMMIT');
    for (const space of spaces) {
      this.#statements.set(space, {
        put: this.#database.prepare(putting(space, 1)),
        putMany: this.#database.prepare(putting(space, rowsAtOnce)),
        remove: this.#database.prepare(`DELETE FROM ${space} WHERE key BETWEEN ? AND ?`),
        last: this.#database.prepare(lastRowOf(space)),
      });
    }
  }

  /** A failed write leaves the store unusable: what is durable is unknown, and the process must end. */
  write(batch: readonly Persist[], done: () => void): void {
    try {
      this.#begin.run();
      for (const persist of batch) this.#run(persist);
      this.#commit.run();
    } catch (error) {
      throw failedWrite(this.file, error);
    }
    if (this.#mark.advance(this.#lastRows.digest) > checkpointFrames) this.#checkpoint();
    for (const persist of batch) this.#facts.absorb(persist);
    done();
  }

  /** The entry of the newest snapshot that the log relies on; 0 without one. */
  get snapshotIndex(): LogIndex {
    return this.#facts.snapshotIndex;
  }

  durable(): DurableFacts {
    return this.#facts.copy();
  }

  /** Moves everything into the main file. */
  close(): void {
    this.#mark.withdraw();
    this.#database.close();
    this.#mark.close();
  }

  #run({ deletes, puts }: Persist): void {
    for (const { space, from, to } of deletes) {
      const { remove, last } = this.#statementsOf(space);
      remove.run(from, to);
      if (this.#lastRows.includes(space, from, to))
        this.#lastRows.replace(space, last.get() as { key: number; checksum: number } | undefined);
    }
    for (let at = 0; at < puts.length;) at = this.#putRun(puts, at);
  }

  /** Puts the rows from `from` on that are of one space. @returns where the next ones begin */
  #putRun(puts: readonly Row[], from: number): number {
    const space = puts[from]?.space ?? '';
    let end = from + 1;
    while (puts[end]?.space === space) end++;
    const { put, putMany } = this.#statementsOf(space);
    let at = from;
    for (; at + rowsAtOnce <= end; at += rowsAtOnce) putMany.run(this.#columnsOf(puts, at, at + rowsAtOnce));
    for (; at < end; at++) put.run(this.#columnsOf(puts, at, at + 1));
    return end;
  }

  /** Of each row what stands in its columns, one after the other; the last row of a space is remembered. */
  #columnsOf(puts: readonly Row[], from: number, end: number): (number | string)[] {
    const columns: (number | string)[] = [];
    for (let at = from; at < end; at++) {
      const row = puts[at];
      if (row === undefined) break;
      const { space, key, value } = row;
      const text = JSON.stringify(value);
      const checksum = rowChecksum(space, key, text);
      columns.push(key, text, checksum);
      this.#lastRows.put(space, key, checksum);
    }
    return columns;
  }

  #statementsOf(space: string): SpaceStatements {
    const statements = this.#statements.get(space);
    if (statements === undefined) throw new Error(`${this.file} has no table for rows of the space ${space}`);
    return statements;
  }

  #checkpoint(): void {
    this.#mark.withdraw();
    this.#database.pragma('wal_checkpoint(RESTART)');
  }

  #load({ spaces, storageId, node, mayBeEmpty }: LogStoreOptions): Row[] {
    assertSound(this.#database);
    const tables = ['disk', ...spaces].map(tableOf);
    const found = this.#database.prepare('SELECT sql FROM sqlite_schema ORDER BY rowid').pluck().all();
    if (found.length === 0) {
      if (!mayBeEmpty) throw lostDisk(this.file, node, storageId);
      this.#makeTables(tables, storageId);
      return [];
    }
    if (found[0] === tables[0]) this.#assertIdentity(storageId);
    if (found.length !== tables.length || tables.some((table, at) => table !== found[at])) {
      throw new DamagedDiskError(
        this.file,
        'its schema',
        `it holds ${found.length} tables that are not the ones written`,
      );
    }
    const rows = spaces.map((space) => ({ space, found: loadRows(this.#database, space) }));
    const start = startOfLog(rows.find(({ space }) => space === 'snapshot')?.found[0]?.value);
    for (const { space, found } of rows) {
      if (space === 'log') assertContiguous(this.#database, space, found, start + 1);
    }
    for (const space of spaces) {
      const last = this.#database.prepare(lastRowOf(space)).get();
      this.#lastRows.replace(space, last as { key: number; checksum: number } | undefined);
    }
    return rows.flatMap(({ found }) => found);
  }

  #makeTables(tables: readonly string[], storageId: string): void {
    const identity = JSON.stringify({ ...format, storageId });
    this.#database.transaction(() => {
      for (const table of tables) this.#database.exec(table);
      this.#database
        .prepare('INSERT INTO disk VALUES (0, ?, ?)')
        .run(identity, rowChecksum('disk', 0, identity));
    })();
    this.#mark.advance(this.#lastRows.digest);
  }

  #assertIdentity(storageId: string): void {
    const [row] = loadRows(this.#database, 'disk');
    const found = row?.value as { format?: unknown; version?: unknown; storageId?: unknown } | undefined;
    if (found?.format !== format.format) throw new DamagedDiskError(this.file, 'row disk/0', 'it is missing');
    if (found.version !== format.version) {
      throw new ForeignDiskError(
        `${this.file} is of version ${String(found.version)} and this node reads version ${format.version}. Use the version of Quorum Lab that wrote it`,
      );
    }
    if (found.storageId !== storageId) {
      throw new ForeignDiskError(
        `${this.file} carries storage id ${String(found.storageId)}, but the configuration knows ${storageId}: it is the disk of another node or run. Give the node its own folder`,
      );
    }
  }
}

function putting(space: string, rows: number): string {
  return `INSERT OR REPLACE INTO ${space} VALUES ${Array<string>(rows).fill('(?, ?, ?)').join(', ')}`;
}

/** In WAL mode the library's default does not sync each commit, so that is set and verified on every open. */
function demandDurability(database: SqliteDatabase, file: string): void {
  database.pragma(`page_size = ${pageBytes}`);
  const journal: unknown = database.pragma('journal_mode = WAL', { simple: true });
  database.pragma('synchronous = FULL');
  database.pragma('wal_autocheckpoint = 0');
  // Leaves no stale copies of rows in free space, where a flipped byte would be no damage but look like it.
  database.pragma('secure_delete = FAST');
  const synchronous: unknown = database.pragma('synchronous', { simple: true });
  if (journal !== 'wal' || synchronous !== 2) {
    throw new Error(
      `${file}: SQLite answered journal_mode ${String(journal)} and synchronous ${String(synchronous)} instead of wal and 2, so commits would not be durable`,
    );
  }
}

/** Pages, cells and free space add up. Finds flipped bytes outside of rows, which no row checksum covers. */
function assertSound(database: SqliteDatabase): void {
  const [first] = database.pragma('quick_check(1)') as { quick_check: string }[];
  if (first?.quick_check === 'ok') return;
  throw new DamagedDiskError(
    database.name,
    'its pages',
    (first?.quick_check ?? 'SQLite cannot check it').replaceAll('\n', ' '),
  );
}

/** Runs what reads the file, and turns SQLite's own complaints about its content into damage. */
function withFileNamed<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('SQLITE_')) throw error;
    const why = error instanceof Error ? error.message : code;
    if (code === 'SQLITE_NOTADB') throw new DamagedDiskError(file, 'its header (byte 0)', why);
    if (code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_ERROR'))
      throw new DamagedDiskError(file, 'its pages', why);
    throw new Error(`${file} cannot be opened: ${why} (${code})`, { cause: error });
  }
}
