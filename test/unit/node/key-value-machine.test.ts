import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../src-main/consensus/replica.ts';
import { KeyValueMachine } from '../../../src-main/node/disk/key-value-machine.ts';
import { openDatabase } from '../../../src-main/trace/sqlite.ts';
import { temporaryFolders } from './disk-folder.ts';

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
