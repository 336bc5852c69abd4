import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { applyText } from '../../consensus/kv/apply.ts';
import type { Entry, LogIndex } from '../../consensus/replica.ts';
import { openDatabase } from '../../trace/sqlite.ts';
import type { SqliteDatabase, SqliteStatement } from '../../trace/sqlite.ts';
import type { Machine, MachineResult } from '../host/ports.ts';
import { DamagedDiskError } from './damage.ts';
import { rowChecksum } from './rows.ts';

const rebuildRemedy =
  'Delete state.db and the files beside it that begin with its name: the node rebuilds them from its log when it starts.';
const noEntryResult: MachineResult = { ok: true, value: null };

/** What is applied reaches the file within this time: often enough for those who look, seldom enough to cost little. */
const storeMsMax = 200;

/**
 * The replicated key-value state in `state.db`. Reads go to a copy in memory; what was applied is stored a little later, many
 * entries in one transaction, always together with the applied index, so a restart finds the two agreeing. That transaction is not
 * synced (`synchronous=NORMAL`): the log is, and whatever a kill or a power loss takes from here is applied again from there.
 */
export class KeyValueMachine implements Machine {
  readonly file: string;
  readonly #database: SqliteDatabase;
  readonly #pairs = new Map<string, string>();
  readonly #read = (key: string): string | undefined => this.#pairs.get(key);
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #put: SqliteStatement;
  readonly #remove: SqliteStatement;
  readonly #setApplied: SqliteStatement;
  readonly #dirty = new Set<string>();
  #applied: LogIndex;
  /** Set while something applied is not stored. */
  #storing: NodeJS.Timeout | undefined;

  /** @throws DamagedDiskError when what is found cannot be trusted */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, 'state.db');
    try {
      this.#database = openDatabase(this.file);
      this.#prepareFile();
      this.#applied = this.#load();
    } catch (error) {
      if (error instanceof DamagedDiskError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new DamagedDiskError(this.file, 'its pages', why, rebuildRemedy);
    }
    this.#begin = this.#database.prepare('BEGIN IMMEDIATE');
    this.#commit = this.#database.prepare('COMMIT');
    this.#put = this.#database.prepare('INSERT OR REPLACE INTO pair VALUES (?, ?, ?)');
    this.#remove = this.#database.prepare('DELETE FROM pair WHERE key = ?');
    this.#setApplied = this.#database.prepare('UPDATE applied SET position = ?, checksum = ?');
  }

  get applied(): LogIndex {
    return this.#applied;
  }

  apply(entries: readonly Entry[]): readonly MachineResult[] {
    const results = entries.map((entry) => this.#run(entry));
    this.#storing ??= setTimeout(() => this.store(), storeMsMax);
    return results;
  }

  /** Stores what was applied, now. @throws when the disk refuses; memory is then ahead of the disk, and the process must end */
  store(): void {
    if (this.#storing === undefined) return;
    clearTimeout(this.#storing);
    this.#storing = undefined;
    this.#begin.run();
    for (const key of this.#dirty) {
      const value = this.#pairs.get(key);
      if (value === undefined) this.#remove.run(key);
      else this.#put.run(key, value, pairChecksum(key, value));
    }
    this.#setApplied.run(this.#applied, rowChecksum('applied', this.#applied, ''));
    this.#commit.run();
    this.#dirty.clear();
  }

  read(data: string): MachineResult {
    const { result, writes } = applyText(this.#read, data);
    return writes.length === 0
      ? result
      : { ok: false, value: null, reason: 'only a get can be answered without agreement' };
  }

  close(): void {
    this.store();
    this.#database.close();
  }

  #run({ index, kind, data }: Entry): MachineResult {
    if (index !== this.#applied + 1)
      throw new Error(`entry ${index} cannot be applied after entry ${this.#applied}`);
    this.#applied = index;
    if (kind !== 'command') return noEntryResult;
    const { result, writes } = applyText(this.#read, data);
    for (const { key, value } of writes) {
      if (value === null) this.#pairs.delete(key);
      else this.#pairs.set(key, value);
      this.#dirty.add(key);
    }
    return result;
  }

  #prepareFile(): void {
    this.#database.pragma('journal_mode = WAL');
    this.#database.pragma('synchronous = NORMAL');
    this.#database.pragma('wal_autocheckpoint = 2000');
    const tables = this.#database
      .prepare('SELECT count(*) FROM sqlite_schema WHERE type = ?')
      .pluck()
      .get('table');
    if (tables !== 0) return;
    this.#database.exec(`
      BEGIN;
      CREATE TABLE pair (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      CREATE TABLE applied (position INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT;
      INSERT INTO applied VALUES (0, ${rowChecksum('applied', 0, '')});
      COMMIT;`);
  }

  #load(): LogIndex {
    const [sound] = this.#database.pragma('quick_check(1)') as { quick_check: string }[];
    if (sound?.quick_check !== 'ok')
      this.#refuse('its pages', sound?.quick_check ?? 'SQLite cannot check it');
    for (const found of this.#database.prepare('SELECT key, value, checksum FROM pair').iterate()) {
      const { key, value, checksum } = found as { key: string; value: string; checksum: number };
      if (pairChecksum(key, value) !== checksum)
        this.#refuse(`key ${JSON.stringify(key)}`, 'its checksum does not match what it holds');
      this.#pairs.set(key, value);
    }
    const rows = this.#database.prepare('SELECT position, checksum FROM applied').all() as {
      position: number;
      checksum: number;
    }[];
    const [row] = rows;
    if (row === undefined || rows.length !== 1 || rowChecksum('applied', row.position, '') !== row.checksum) {
      return this.#refuse('the applied index', 'its checksum does not match what it holds');
    }
    return row.position;
  }

  #refuse(place: string, found: string): never {
    throw new DamagedDiskError(this.file, place, found, rebuildRemedy);
  }
}

function pairChecksum(key: string, value: string): number {
  return rowChecksum(key, value.length, value);
}
