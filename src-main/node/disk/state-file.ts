import { join } from 'node:path';
import type { Image } from '../../consensus/kv/image.ts';
import type { Session } from '../../consensus/kv/sessions.ts';
import type { LogIndex } from '../../consensus/replica.ts';
import { openDatabase } from '../../trace/sqlite.ts';
import type { SqliteDatabase, SqliteStatement } from '../../trace/sqlite.ts';
import { DamagedDiskError, failedWrite } from './damage.ts';
import { rowChecksum } from './rows.ts';

const rebuildRemedy =
  'Delete state.db and the files beside it that begin with its name: the node rebuilds them from its snapshot and its log when it starts.';
const tables = [
  'CREATE TABLE pair (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  'CREATE TABLE session (client TEXT PRIMARY KEY, used_at INTEGER NOT NULL, body TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  'CREATE TABLE applied (position INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT',
];

/** What has changed since the file was written last; null: it is gone. */
export interface StateChanges {
  readonly applied: LogIndex;
  readonly pairs: Iterable<readonly [key: string, value: string | null]>;
  readonly sessions: Iterable<readonly [client: string, session: Session | null]>;
}

/**
 * The replicated state in `state.db`: pairs, client sessions (`body` is the JSON list `[forgotten, numbers, results]`) and the applied
 * index, each row with a checksum. One transaction changes them together. It is not synced (`synchronous=NORMAL`): snapshots and the
 * log are, and whatever a kill or a power loss takes from here comes again from there.
 */
export class StateFile {
  readonly file: string;
  readonly #database: SqliteDatabase;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #putPair: SqliteStatement;
  readonly #removePair: SqliteStatement;
  readonly #putSession: SqliteStatement;
  readonly #removeSession: SqliteStatement;
  readonly #setApplied: SqliteStatement;

  /** @throws DamagedDiskError when what is found cannot be trusted */
  constructor(folder: string) {
    this.file = join(folder, 'state.db');
    this.#database = this.#trusted(() => {
      const database = openDatabase(this.file);
      prepareFile(database);
      return database;
    });
    this.#begin = this.#database.prepare('BEGIN IMMEDIATE');
    this.#commit = this.#database.prepare('COMMIT');
    this.#putPair = this.#database.prepare('INSERT OR REPLACE INTO pair VALUES (?, ?, ?)');
    this.#removePair = this.#database.prepare('DELETE FROM pair WHERE key = ?');
    this.#putSession = this.#database.prepare('INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?)');
    this.#removeSession = this.#database.prepare('DELETE FROM session WHERE client = ?');
    this.#setApplied = this.#database.prepare('UPDATE applied SET position = ?, checksum = ?');
  }

  /** @throws DamagedDiskError that names the row that cannot be trusted */
  load(): Image {
    return this.#trusted(() => {
      const [sound] = this.#database.pragma('quick_check(1)') as { quick_check: string }[];
      if (sound?.quick_check !== 'ok')
        this.#refuse('its pages', sound?.quick_check ?? 'SQLite cannot check it');
      return { applied: this.#loadApplied(), pairs: this.#loadPairs(), sessions: this.#loadSessions() };
    });
  }

  /** @throws when the disk refuses; memory is then ahead of the disk, and the process must end */
  store(changes: StateChanges): void {
    this.#inTransaction(() => this.#write(changes));
  }

  /** Nothing of what the file held stays. */
  replace({ applied, pairs, sessions }: Image): void {
    this.#inTransaction(() => {
      this.#database.exec('DELETE FROM pair; DELETE FROM session');
      this.#write({ applied, pairs, sessions: withNames(sessions) });
    });
  }

  close(): void {
    this.#database.close();
  }

  #inTransaction(write: () => void): void {
    try {
      this.#begin.run();
      write();
      this.#commit.run();
    } catch (error) {
      throw failedWrite(this.file, error);
    }
  }

  #write({ applied, pairs, sessions }: StateChanges): void {
    for (const [key, value] of pairs) {
      if (value === null) this.#removePair.run(key);
      else this.#putPair.run(key, value, pairChecksum(key, value));
    }
    for (const [client, session] of sessions) {
      if (session === null) this.#removeSession.run(client);
      else this.#storeSession(session);
    }
    this.#setApplied.run(applied, rowChecksum('applied', applied, ''));
  }

  #storeSession({ client, usedAt, forgotten, numbers, results }: Session): void {
    const body = JSON.stringify([forgotten, numbers, results]);
    this.#putSession.run(client, usedAt, body, rowChecksum(client, usedAt, body));
  }

  #loadPairs(): [string, string][] {
    const pairs: [string, string][] = [];
    for (const found of this.#database.prepare('SELECT key, value, checksum FROM pair').iterate()) {
      const { key, value, checksum } = found as { key: string; value: string; checksum: number };
      if (pairChecksum(key, value) !== checksum) this.#refuse(`key ${JSON.stringify(key)}`, mismatch);
      pairs.push([key, value]);
    }
    return pairs;
  }

  #loadSessions(): Session[] {
    const sessions: Session[] = [];
    for (const found of this.#database
      .prepare('SELECT client, used_at, body, checksum FROM session')
      .iterate()) {
      const row = found as { client: string; used_at: number; body: string; checksum: number };
      const { client, used_at: usedAt, body, checksum } = row;
      if (rowChecksum(client, usedAt, body) !== checksum)
        this.#refuse(`the session of ${JSON.stringify(client)}`, mismatch);
      const [forgotten, numbers, results] = JSON.parse(body) as [
        Session['forgotten'],
        Session['numbers'],
        Session['results'],
      ];
      sessions.push({ client, usedAt, forgotten, numbers, results });
    }
    return sessions;
  }

  #loadApplied(): LogIndex {
    const rows = this.#database.prepare('SELECT position, checksum FROM applied').all() as {
      position: number;
      checksum: number;
    }[];
    const [row] = rows;
    if (row === undefined || rows.length !== 1 || rowChecksum('applied', row.position, '') !== row.checksum)
      return this.#refuse('the applied index', mismatch);
    return row.position;
  }

  /** Turns whatever SQLite says about the file into damage. */
  #trusted<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof DamagedDiskError) throw error;
      return this.#refuse('its pages', error instanceof Error ? error.message : String(error));
    }
  }

  #refuse(place: string, found: string): never {
    throw new DamagedDiskError(this.file, place, found, rebuildRemedy);
  }
}

const mismatch = 'its checksum does not match what it holds';

function prepareFile(database: SqliteDatabase): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.pragma('wal_autocheckpoint = 2000');
  const found = database
    .prepare("SELECT sql FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")
    .pluck()
    .all();
  if (found.length > 0) {
    if (found.length === tables.length && tables.every((table, at) => table === found[at])) return;
    throw new Error(`it holds ${found.length} tables that are not the ones written`);
  }
  database.exec(`
    BEGIN;
    ${tables.join(';\n')};
    INSERT INTO applied VALUES (0, ${rowChecksum('applied', 0, '')});
    COMMIT;`);
}

function pairChecksum(key: string, value: string): number {
  return rowChecksum(key, value.length, value);
}

function* withNames(sessions: Iterable<Session>): Iterable<readonly [string, Session]> {
  for (const session of sessions) yield [session.client, session];
}
