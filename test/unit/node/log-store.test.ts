import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DamagedDiskError, ForeignDiskError } from '../../../src-main/node/disk/damage.ts';
import { LogStore } from '../../../src-main/node/disk/log-store.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import {
  copyAsKilled,
  flipped,
  logRow,
  metaRow,
  readFolder,
  snapshotRow,
  storage,
  temporaryFolders,
  write,
  writeFolder,
  writeSmallLog,
} from './disk-folder.ts';

const folderOf = temporaryFolders();
const finalRows = [metaRow(5, 'n1'), logRow(1), logRow(2), logRow(3), logRow(4, 6)];

function open(folder: string): LogStore {
  return new LogStore({ folder, ...storage });
}

/** What opening says: the rows, or the error. */
function rowsOrError(folder: string): string {
  try {
    const log = open(folder);
    const rows = JSON.stringify(log.rows);
    log.close();
    return rows;
  } catch (error) {
    if (error instanceof DamagedDiskError) return 'damaged';
    throw error;
  }
}

/** Every byte that says something, with its neighbours, and a sample of the empty space. */
function placesWorthFlipping(bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const busy = bytes[at] !== 0 || bytes[at - 1] !== 0;
    if (busy ? at % 3 === 0 : at % 101 === 0) places.push(at);
  }
  return places;
}

describe('The log on disk', () => {
  it('gives back, after a kill, every row that was reported durable', () => {
    const folder = folderOf();
    const killed = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    expect(log.durable()).toEqual({ lastIndex: 4, term: 5, votedFor: 'n1' });
    copyAsKilled(folder, killed);
    log.close();
    const again = open(killed);
    expect(again.rows).toEqual(finalRows);
    expect(again.durable()).toEqual({ lastIndex: 4, term: 5, votedFor: 'n1' });
    again.close();
  });

  it('gives back every row after an orderly stop', () => {
    const folder = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    log.close();
    const again = open(folder);
    expect(again.rows).toEqual(finalRows);
    again.close();
  });

  it('writes JSON that any SQLite tool can read', () => {
    const folder = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    log.close();
    const database = openDatabase(path.join(folder, 'log.db'), { readonly: true });
    const found = database
      .prepare("SELECT key, value ->> 'id' FROM log WHERE value ->> 'term' = 6")
      .raw()
      .all();
    database.close();
    expect(found).toEqual([[4, 'c1/4']]);
  });

  it('goes on through checkpoints, and a kill after one loses nothing', () => {
    const folder = folderOf();
    const killed = folderOf();
    const log = open(folder);
    const data = 'x'.repeat(20_000);
    for (let index = 1; index <= 900; index++) write(log, [logRow(index, 1, data)]);
    copyAsKilled(folder, killed);
    log.close();
    const again = open(killed);
    expect(again.rows).toHaveLength(900);
    write(again, [logRow(901)]);
    again.close();
  });

  it('opens as a shorter log without complaint when an unsynced tail is cut at any frame', () => {
    const folder = folderOf();
    const killed = folderOf();
    const log = open(folder);
    write(log, [logRow(1)]);
    const synced = readFileSync(path.join(folder, 'log.synced'));
    const syncedBytes = readFileSync(path.join(folder, 'log.db-wal')).length;
    write(log, [logRow(2)]);
    write(log, [logRow(3)]);
    const wal = readFileSync(path.join(folder, 'log.db-wal'));
    for (let end = syncedBytes; end < wal.length; end += 1030) {
      copyAsKilled(folder, killed);
      writeFileSync(path.join(killed, 'log.synced'), synced);
      writeFileSync(path.join(killed, 'log.db-wal'), wal.subarray(0, end));
      const again = open(killed);
      expect(again.rows.length).toBeGreaterThanOrEqual(1);
      expect(again.rows).toEqual([logRow(1), logRow(2), logRow(3)].slice(0, again.rows.length));
      again.close();
    }
    log.close();
  });

  it('refuses a log that lost synced commits, even when only the last one is gone', () => {
    const folder = folderOf();
    const killed = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    const wal = readFileSync(path.join(folder, 'log.db-wal'));
    copyAsKilled(folder, killed);
    log.close();
    writeFileSync(path.join(killed, 'log.db-wal'), wal.subarray(0, wal.length - 4120));
    expect(() => open(killed)).toThrow(
      /log\.db-wal is damaged at frame \d+: only \d+ frames can be read, though \d+ frames were synced/,
    );
    rmSync(path.join(killed, 'log.db-wal'));
    expect(() => open(killed)).toThrow(/is missing or empty, though \d+ frames were synced/);
  });

  it('refuses a log whose main file has vanished', () => {
    const folder = folderOf();
    const killed = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    copyAsKilled(folder, killed);
    log.close();
    rmSync(path.join(killed, 'log.db'));
    expect(() => open(killed)).toThrow(DamagedDiskError);
  });

  it('never shows other rows than were written, whatever byte of the write-ahead log is flipped', () => {
    const folder = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    const victim = folderOf();
    copyAsKilled(folder, victim);
    log.close();
    const files = readFolder(victim);
    const wal = files.get('log.db-wal') ?? Buffer.alloc(0);
    const undetected = placesWorthFlipping(wal).filter((at) => {
      writeFolder(victim, new Map(files).set('log.db-wal', flipped(wal, at, 1 << (at % 8))));
      return rowsOrError(victim) !== 'damaged';
    });
    expect(wal.length).toBeGreaterThan(20_000);
    expect(undetected).toEqual([]);
  });

  it('either refuses the main file with a flipped byte or shows exactly what was written', () => {
    const folder = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    log.close();
    const files = readFolder(folder);
    const bytes = files.get('log.db') ?? Buffer.alloc(0);
    const victim = folderOf();
    const intact = JSON.stringify(finalRows);
    let refused = 0;
    for (const at of placesWorthFlipping(bytes)) {
      writeFolder(victim, new Map(files).set('log.db', flipped(bytes, at, 1 << (at % 8))));
      const said = rowsOrError(victim);
      if (said === 'damaged') refused++;
      else expect(said, `byte ${at}`).toBe(intact);
    }
    expect(refused).toBeGreaterThan(100);
  });

  it('names file, row and remedy when a row does not match its checksum', () => {
    const folder = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    log.close();
    const database = openDatabase(path.join(folder, 'log.db'));
    database.exec(`UPDATE log SET value = replace(value, '"term":1', '"term":2') WHERE key = 2`);
    database.close();
    expect(() => open(folder)).toThrow(
      /log\.db is damaged at row log\/2: its checksum .* Restore the node's folder/s,
    );
  });

  it('names the row that is missing in the middle of the log', () => {
    const folder = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    log.close();
    const database = openDatabase(path.join(folder, 'log.db'));
    database.exec('DELETE FROM log WHERE key = 3');
    database.close();
    expect(() => open(folder)).toThrow(/row log\/3: it is missing: the next row found is log\/4/);
  });

  it('knows where a log ends that begins behind a snapshot, with entries and without', () => {
    const folder = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    write(log, [snapshotRow(3, 2)], [{ space: 'log', from: 1, to: 2 }]);
    expect(log.durable().lastIndex).toBe(4);
    expect(log.snapshotIndex).toBe(3);
    write(log, [snapshotRow(4, 4)], [{ space: 'log', from: 3, to: 4 }]);
    expect(log.durable().lastIndex).toBe(4);
    log.close();
    const again = open(folder);
    expect(again.rows).toEqual([metaRow(5, 'n1'), snapshotRow(4, 4)]);
    expect(again.durable()).toEqual({ lastIndex: 4, term: 5, votedFor: 'n1' });
    expect(again.snapshotIndex).toBe(4);
    write(again, [logRow(5, 6), logRow(6, 6)]);
    again.close();
    const third = open(folder);
    expect(third.rows.map(({ key }) => key)).toEqual([0, 5, 6, 0]);
    // A snapshot from the leader replaces whatever was there.
    write(third, [snapshotRow(90, 90)], [{ space: 'log', from: 5, to: 6 }]);
    expect(third.durable().lastIndex).toBe(90);
    third.close();
  });

  it('names the first row that is missing behind the snapshot', () => {
    const folder = folderOf();
    const log = open(folder);
    writeSmallLog(log);
    write(log, [snapshotRow(3, 2)], [{ space: 'log', from: 1, to: 3 }]);
    log.close();
    expect(() => open(folder)).toThrow(/row log\/3: it is missing: the next row found is log\/4/);
  });

  it('refuses an empty disk where something was written before, and says how the node may come back', () => {
    const folder = folderOf();
    const lost = (): LogStore => new LogStore({ folder, ...storage, mayBeEmpty: false });
    expect(lost).toThrow(ForeignDiskError);
    expect(lost).toThrow(
      /log\.db is missing or empty, though n1 has run before on the disk .* disk-1.* Start it with a new storage id, then remove n1 from the cluster and add it again as a learner/,
    );
    expect(readdirSync(folder)).toEqual([]);
    open(folder).close();
    lost().close();
  });

  it('refuses the disk of another node and says whose it is', () => {
    const folder = folderOf();
    open(folder).close();
    const foreign = (): LogStore => new LogStore({ folder, ...storage, storageId: 'disk-2' });
    expect(foreign).toThrow(ForeignDiskError);
    expect(foreign).toThrow(/carries storage id disk-1, but the configuration knows disk-2/);
  });

  it('says that a file which is no database is damaged, instead of crashing', () => {
    const folder = folderOf();
    writeFileSync(path.join(folder, 'log.db'), 'This is a letter to my aunt, not a database. '.repeat(200));
    expect(() => open(folder)).toThrow(/log\.db is damaged at its header/);
  });

  it('throws when a write fails, with the file and what to do', () => {
    const folder = folderOf();
    const log = open(folder);
    log.close();
    expect(() => write(log, [logRow(1)])).toThrow(/log\.db: a write failed .* start the node again/);
  });
});
