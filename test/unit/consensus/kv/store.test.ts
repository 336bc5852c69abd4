import { describe, expect, it } from 'vitest';
import { encodeCommand } from '../../../../src-main/consensus/kv/command.ts';
import type { Command } from '../../../../src-main/consensus/kv/command.ts';
import {
  parseOperation,
  SESSION_OPERATIONS_MAX,
  Sessions,
} from '../../../../src-main/consensus/kv/sessions.ts';
import { KeyValueStore } from '../../../../src-main/consensus/kv/store.ts';
import type { Entry } from '../../../../src-main/consensus/replica.ts';

function entry(index: number, command: Command, id?: string): Entry {
  const data = encodeCommand(command);
  return id === undefined
    ? { index, term: 1, kind: 'command', data }
    : { index, term: 1, kind: 'command', data, id };
}

const put = (key: string, value: string): Command => ({ op: 'put', key, value });
const cas = (key: string, expected: string, value: string): Command => ({ op: 'cas', key, expected, value });

describe('the key-value store', () => {
  it('applies an operation once, however often it comes, and gives the same result again', () => {
    const store = new KeyValueStore();
    store.apply(entry(1, put('lamp', 'off'), 'c1/1'));
    const first = store.apply(entry(2, cas('lamp', 'off', 'on'), 'c1/2'));
    store.apply(entry(3, put('lamp', 'dim'), 'c2/1'));
    const again = store.apply(entry(4, cas('lamp', 'off', 'on'), 'c1/2'));
    expect(again.result).toEqual(first.result);
    expect(again.repeated).toBe(true);
    expect(again.writes).toEqual([]);
    expect(store.pairs.get('lamp')).toBe('dim');
  });

  it('repeats the failure of a compare-and-set that would succeed by now', () => {
    const store = new KeyValueStore();
    const failed = store.apply(entry(1, cas('lamp', 'off', 'on'), 'c1/1'));
    store.apply(entry(2, put('lamp', 'off'), 'c2/1'));
    const again = store.apply(entry(3, cas('lamp', 'off', 'on'), 'c1/1'));
    expect(failed.result.ok).toBe(false);
    expect(again).toMatchObject({ repeated: true, result: failed.result });
    expect(store.pairs.get('lamp')).toBe('off');
  });

  it('repeats what a get through the log found at first', () => {
    const store = new KeyValueStore();
    store.apply(entry(1, put('lamp', 'on'), 'c1/1'));
    store.apply(entry(2, { op: 'get', key: 'lamp' }, 'c2/1'));
    store.apply(entry(3, put('lamp', 'off'), 'c1/2'));
    expect(store.apply(entry(4, { op: 'get', key: 'lamp' }, 'c2/1')).result.value).toBe('on');
  });

  it('applies a retry again without sessions', () => {
    const store = new KeyValueStore(false);
    store.apply(entry(1, put('lamp', 'on'), 'c1/1'));
    store.apply(entry(2, put('lamp', 'off'), 'c2/1'));
    expect(store.apply(entry(3, put('lamp', 'on'), 'c1/1')).repeated).toBeUndefined();
    expect(store.pairs.get('lamp')).toBe('on');
  });

  it('takes operations of one client in any order', () => {
    const store = new KeyValueStore();
    store.apply(entry(1, put('a', '5'), 'c1/5'));
    store.apply(entry(2, put('b', '3'), 'c1/3'));
    expect(store.apply(entry(3, put('b', '3'), 'c1/3')).repeated).toBe(true);
    expect(store.apply(entry(4, put('c', '4'), 'c1/4')).repeated).toBeUndefined();
  });

  it('remembers the last operations of a client and applies none older than that', () => {
    const store = new KeyValueStore();
    for (let number = 1; number <= SESSION_OPERATIONS_MAX + 2; number++)
      store.apply(entry(number, put('k', String(number)), `c1/${number}`));
    const old = store.apply(entry(SESSION_OPERATIONS_MAX + 3, put('k', '2'), 'c1/2'));
    expect(old.repeated).toBe(true);
    expect(old.result.reason).toContain('remembers no operation up to 2');
    expect(store.pairs.get('k')).toBe(String(SESSION_OPERATIONS_MAX + 2));
  });

  it('goes on from an image as if it had applied the entries itself, to the byte', () => {
    const store = new KeyValueStore();
    store.apply(entry(1, put('ключ', '\ud800 ✓'), 'c2/1'));
    store.apply(entry(2, put('a', '1'), 'c1/1'));
    store.apply(entry(3, cas('a', '2', '3'), 'c2/2'));
    const bytes = store.image();
    const other = new KeyValueStore();
    const middle = 7;
    expect(other.restore([bytes.subarray(0, middle), bytes.subarray(middle)])).toBeUndefined();
    expect(other.applied).toBe(3);
    for (const replica of [store, other]) replica.apply(entry(4, cas('a', '2', '3'), 'c2/2'));
    expect(other.image()).toEqual(store.image());
    expect([...other.sessions].map(({ client }) => client)).toEqual(['c1', 'c2']);
  });

  it('refuses an image of which one byte is wrong and stays as it was', () => {
    const store = new KeyValueStore();
    store.apply(entry(1, put('a', '1'), 'c1/1'));
    const bytes = store.image();
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Uint8Array.from(bytes, (byte, place) => (place === at ? byte ^ 1 : byte));
      expect(store.restore([damaged])).toMatch(/image/);
    }
    expect(store.restore([bytes.subarray(0, bytes.length - 3)])).toMatch(/checksum/);
    expect(store.pairs.get('a')).toBe('1');
  });

  it('forgets the client that was applied longest ago when there are too many', () => {
    const sessions = new Sessions(2);
    const result = { ok: true, value: null };
    sessions.remember('a', 1, result, 1);
    sessions.remember('b', 1, result, 2);
    sessions.touch('a', 3);
    expect(sessions.remember('c', 1, result, 4)).toBe('b');
    expect(sessions.recall('a', 1, '')).toEqual(result);
    expect(sessions.recall('b', 1, '')).toBeUndefined();
  });
});

describe('the id of an operation', () => {
  it('names a client and a number, or has no session', () => {
    expect(parseOperation('c3/17')).toEqual({ client: 'c3', number: 17 });
    for (const id of ['c3', 'c3/', '/3', 'c3/x', 'c3/1.5']) expect(parseOperation(id)).toBeUndefined();
  });
});
