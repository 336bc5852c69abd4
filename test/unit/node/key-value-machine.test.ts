import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src-main/consensus/replica.ts';
import { DamagedDiskError } from '../../../src-main/node/disk/damage.ts';
import { KeyValueMachine } from '../../../src-main/node/disk/key-value-machine.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import { flipped, temporaryFolders } from './disk-folder.ts';

const folderOf = temporaryFolders();

function open(folder: string, snapshot = 0): KeyValueMachine {
  return new KeyValueMachine({ folder, sessions: true, reliedOn: () => snapshot });
}

function entries(first: number, ...commands: object[]): Entry[] {
  return commands.map((command, at) => ({
    index: first + at,
    term: 1,
    kind: 'command',
    data: JSON.stringify(command),
  }));
}

const put = (key: string, value: string): object => ({ op: 'put', key, value });
const get = (key: string): string => JSON.stringify({ op: 'get', key });

describe('The key-value machine on disk', () => {
  it('finds state and applied index agreeing when it is opened again', () => {
    const folder = folderOf();
    const machine = open(folder);
    const results = machine.apply([
      ...entries(1, put('a', '1'), put('b', '2'), put('a', '3'), { op: 'delete', key: 'b' }),
      { index: 5, term: 1, kind: 'no-op', data: '' },
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
    machine.close();
    const again = open(folder);
    expect(again.applied).toBe(5);
    expect(again.read(get('a'))).toMatchObject({ ok: true, value: '3' });
    expect(again.read(get('b'))).toMatchObject({ ok: true, value: null });
    again.close();
  });

  it('stores what several calls applied in one transaction, together with the applied index', () => {
    const folder = folderOf();
    const machine = open(folder);
    machine.apply(entries(1, put('a', '1')));
    machine.apply(entries(2, put('a', '2'), put('c', '3')));
    const database = openDatabase(path.join(folder, 'state.db'), { readonly: true });
    expect(database.prepare('SELECT position FROM applied').pluck().get()).toBe(0);
    machine.store();
    expect(database.prepare('SELECT key, value FROM pair ORDER BY key').raw().all()).toEqual([
      ['a', '2'],
      ['c', '3'],
    ]);
    expect(database.prepare('SELECT position FROM applied').pluck().get()).toBe(3);
    database.close();
    machine.close();
  });

  it('reads without agreement, but writes nothing so', () => {
    const machine = open(folderOf());
    expect(machine.read(JSON.stringify(put('a', '1')))).toMatchObject({ ok: false });
    expect(machine.read(get('a'))).toMatchObject({ value: null });
    machine.close();
  });

  it('refuses to skip an entry', () => {
    const machine = open(folderOf());
    expect(() => machine.apply(entries(2, put('a', '1')))).toThrow(/entries are applied in order, each once/);
    machine.close();
  });

  it('names file, key and remedy when a value does not match its checksum', () => {
    const folder = folderOf();
    const machine = open(folder);
    machine.apply(entries(1, put('lamp', 'on')));
    machine.close();
    const database = openDatabase(path.join(folder, 'state.db'));
    database.exec("UPDATE pair SET value = 'of'");
    database.close();
    expect(() => open(folder)).toThrow(/state\.db is damaged at key "lamp": .* Delete state\.db/);
  });
});

/** Entries that a client proposed, numbered by the position of each command. */
function fromClient(first: number, client: string, numbers: number[], command: object): Entry[] {
  return numbers.map((number, at) => ({
    index: first + at,
    term: 1,
    kind: 'command',
    data: JSON.stringify(command),
    id: `${client}/${number}`,
  }));
}

const swap = { op: 'cas', key: 'turn', value: '1' };

describe('Client sessions on disk', () => {
  it('are remembered through a restart, so that a retry changes nothing and gives what it gave before', () => {
    const folder = folderOf();
    const machine = open(folder);
    expect(machine.apply(fromClient(1, 'c1', [1, 2], swap))).toMatchObject([{ ok: true }, { ok: false }]);
    machine.close();
    const again = open(folder);
    const [first, second, third] = again.apply(fromClient(3, 'c1', [1, 2, 3], swap));
    expect(first).toMatchObject({ ok: true, value: '1', repeated: true });
    expect(second).toMatchObject({ ok: false, repeated: true });
    expect(third).toMatchObject({ ok: false });
    expect(third?.repeated).toBeUndefined();
    again.close();
  });

  it('that have forgotten an operation do not say that it failed', () => {
    const machine = open(folderOf());
    const numbers = Array.from({ length: 70 }, (_none, at) => at + 1);
    machine.apply(fromClient(1, 'c1', numbers, put('a', '1')));
    expect(machine.apply(fromClient(71, 'c1', [3], put('a', '2')))).toMatchObject([
      { ok: false, uncertain: true, repeated: true, reason: expect.stringMatching(/may have been applied/) },
    ]);
    machine.close();
  });

  it('are stored in the transaction that stores what they did', () => {
    const folder = folderOf();
    const machine = open(folder);
    machine.apply(fromClient(1, 'c1', [1], swap));
    machine.store();
    machine.apply(fromClient(2, 'c2', [1], swap));
    machine.abandon();
    const again = open(folder);
    expect(again.applied).toBe(1);
    expect(again.apply(fromClient(2, 'c1', [1], swap))).toMatchObject([{ repeated: true }]);
    again.close();
  });

  it('are not heeded when they are switched off', () => {
    const machine = new KeyValueMachine({ folder: folderOf(), sessions: false, reliedOn: () => 0 });
    expect(machine.apply(fromClient(1, 'c1', [1, 1], swap))).toMatchObject([{ ok: true }, { ok: false }]);
    machine.close();
  });

  it('that do not match their checksum are named with the remedy', () => {
    const folder = folderOf();
    const machine = open(folder);
    machine.apply(fromClient(1, 'c1', [1], swap));
    machine.close();
    const database = openDatabase(path.join(folder, 'state.db'));
    database.exec("UPDATE session SET body = '[-1,[2],[null]]'");
    database.close();
    expect(() => open(folder)).toThrow(/state\.db is damaged at the session of "c1": .* Delete state\.db/);
  });
});

/** A folder whose machine has applied five entries and saved a snapshot of them. */
function withSnapshot(): { folder: string; file: string; bytes: number } {
  const folder = folderOf();
  const machine = open(folder);
  machine.apply(entries(1, put('a', '1'), put('b', 'ümlaut ✓'), put('c', '3')));
  machine.apply(fromClient(4, 'c1', [1, 2], swap));
  const bytes = machine.saveSnapshot(5);
  machine.close();
  return { folder, file: path.join(folder, 'snapshot-5.bin'), bytes };
}

/** The whole image, read in parts of `bytesMax`. */
function image(machine: KeyValueMachine, index: number, bytesMax: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let offset = 0; ;) {
    const chunk = machine.readChunk(index, offset, bytesMax);
    if (chunk === undefined) throw new Error('the image is gone');
    parts.push(chunk.data);
    offset += chunk.data.length;
    if (offset >= chunk.total) return parts;
  }
}

describe('Snapshots on disk', () => {
  it('carry pairs, sessions and applied index to another node, in parts of any size', () => {
    for (const bytesMax of [1, 7, 64, 100_000]) {
      const { folder, bytes } = withSnapshot();
      const from = open(folder, 5);
      const parts = image(from, 5, bytesMax);
      from.close();
      expect(parts.reduce((sum, { length }) => sum + length, 0)).toBe(bytes);
      const elsewhere = folderOf();
      const to = open(elsewhere);
      to.apply(entries(1, put('stale', 'yes')));
      expect(to.keepSnapshot(5, parts)).toBeUndefined();
      expect(to.read(get('stale'))).toMatchObject({ value: 'yes' });
      expect(to.restoreSnapshot(5)).toBe(bytes);
      to.abandon();
      const again = open(elsewhere, 5);
      expect(again.applied).toBe(5);
      expect(again.read(get('stale'))).toMatchObject({ value: null });
      expect(again.read(get('b'))).toMatchObject({ value: 'ümlaut ✓' });
      expect(again.apply(fromClient(6, 'c1', [1], swap))).toMatchObject([{ ok: true, repeated: true }]);
      again.close();
    }
  });

  it('are the same bytes on every node that has applied as much', () => {
    const one = readFileSync(withSnapshot().file);
    const { folder } = withSnapshot();
    rmSync(path.join(folder, 'state.db'));
    const rebuilt = open(folder, 5);
    rebuilt.saveSnapshot(5);
    rebuilt.close();
    expect(readFileSync(path.join(folder, 'snapshot-5.bin'))).toEqual(one);
  });

  it('put back a state that a crash left behind the beginning of the log', () => {
    const { folder } = withSnapshot();
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(path.join(folder, `state.db${suffix}`), { force: true });
    const machine = open(folder, 5);
    expect(machine.applied).toBe(5);
    expect(machine.apply(fromClient(6, 'c1', [2], swap))).toMatchObject([{ ok: false, repeated: true }]);
    machine.close();
  });

  it('are left alone when the state is ahead of them', () => {
    const { folder } = withSnapshot();
    const machine = open(folder, 5);
    machine.apply(entries(6, put('a', 'newer')));
    machine.close();
    const again = open(folder, 5);
    expect(again.applied).toBe(6);
    expect(again.read(get('a'))).toMatchObject({ value: 'newer' });
    again.close();
  });

  it('that are damaged anywhere stop the node with file, place and remedy', () => {
    const { folder, file } = withSnapshot();
    const bytes = readFileSync(file);
    const said = new Set<string>();
    for (let at = 0; at < bytes.length; at++) {
      writeFileSync(file, flipped(bytes, at, 1 << (at % 8)));
      expect(() => open(folder, 5), `byte ${at}`).toThrow(DamagedDiskError);
      expect(() => open(folder, 5)).toThrow(/snapshot-5\.bin is damaged at .* new storage id/s);
      try {
        open(folder, 5);
      } catch (error) {
        said.add(/ is damaged at ([^:]*):/.exec(String(error))?.[1] ?? '');
      }
    }
    expect([...said]).toEqual(['its header (byte 0)', `byte 40 to ${bytes.length}`]);
  });

  it('that are cut or grown at any byte stop the node, and so do missing ones', () => {
    const { folder, file } = withSnapshot();
    const bytes = readFileSync(file);
    for (let length = 0; length < bytes.length; length++) {
      writeFileSync(file, bytes.subarray(0, length));
      expect(() => open(folder, 5), `${length} bytes`).toThrow(DamagedDiskError);
    }
    writeFileSync(file, Buffer.concat([bytes, Buffer.alloc(1)]));
    expect(() => open(folder, 5)).toThrow(/it is \d+ bytes long instead of \d+/);
    rmSync(file);
    expect(() => open(folder, 5)).toThrow(/snapshot-5\.bin is damaged at byte 0: the file is missing/);
  });

  it('of another entry than their name says are refused', () => {
    const { folder, file } = withSnapshot();
    writeFileSync(path.join(folder, 'snapshot-4.bin'), readFileSync(file));
    expect(() => open(folder, 4)).toThrow(/it is the snapshot of entry 5, not of 4/);
  });

  it('damaged while the node runs are never sent to a follower', () => {
    const { folder, file } = withSnapshot();
    const machine = open(folder);
    writeFileSync(file, flipped(readFileSync(file), statSync(file).size - 3, 4));
    expect(() => machine.readChunk(5, 0, 10)).toThrow(DamagedDiskError);
    machine.close();
  });

  it('from elsewhere are refused, and not kept, when they are none or of another entry', () => {
    const { folder } = withSnapshot();
    const from = open(folder);
    const parts = image(from, 5, 50);
    from.close();
    const elsewhere = folderOf();
    const to = open(elsewhere);
    expect(to.keepSnapshot(6, parts)).toBe('the image is that of entry 5, not of 6');
    expect(to.keepSnapshot(5, parts.slice(1))).toMatch(/the image does not begin with/);
    expect(to.keepSnapshot(5, parts.slice(0, -1))).toMatch(/the checksum of the image does not match/);
    expect(to.keepSnapshot(5, [])).toMatch(/the image does not begin with/);
    expect(readdirSync(elsewhere).filter((name) => name.startsWith('snapshot'))).toEqual([]);
    expect(to.readChunk(5, 0, 10)).toBeUndefined();
    to.close();
  });

  it('are kept two at a time, and besides them whichever the log relies on', () => {
    const folder = folderOf();
    let reliedOn = 0;
    const machine = new KeyValueMachine({ folder, sessions: true, reliedOn: () => reliedOn });
    const kept = (): string[] =>
      readdirSync(folder)
        .filter((name) => name.startsWith('snapshot'))
        .sort();
    for (let index = 1; index <= 5; index++) {
      machine.apply(entries(index, put('a', String(index))));
      machine.saveSnapshot(index);
      if (index === 2) reliedOn = 2;
    }
    expect(kept()).toEqual(['snapshot-2.bin', 'snapshot-4.bin', 'snapshot-5.bin']);
    expect(machine.readChunk(3, 0, 10)).toBeUndefined();
    expect(machine.readChunk(2, 0, 10)?.data).toHaveLength(10);
    reliedOn = 5;
    machine.apply(entries(6, put('a', '6')));
    machine.saveSnapshot(6);
    expect(kept()).toEqual(['snapshot-5.bin', 'snapshot-6.bin']);
    machine.close();
  });

  it('that a crash left unfinished are removed at the next start', () => {
    const { folder, file } = withSnapshot();
    writeFileSync(`${file}.unfinished`, 'half of it');
    const machine = open(folder, 5);
    expect(existsSync(`${file}.unfinished`)).toBe(false);
    machine.close();
  });

  it('that cannot be written end the node with the file and what to do', () => {
    const folder = folderOf();
    const machine = open(folder);
    machine.apply(entries(1, put('a', '1')));
    mkdirSync(path.join(folder, 'snapshot-1.bin.unfinished'));
    expect(() => machine.saveSnapshot(1)).toThrow(/snapshot-1\.bin: a write failed .* start the node again/);
    machine.close();
  });

  it('are of the state as it stands, or not at all', () => {
    const machine = open(folderOf());
    machine.apply(entries(1, put('a', '1')));
    expect(() => machine.saveSnapshot(3)).toThrow(/entry 3 .* that of 1/);
    machine.close();
  });
});
