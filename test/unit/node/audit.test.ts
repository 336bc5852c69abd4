import { mkdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { beforeEach, describe, expect, it } from 'vitest';
import { chainHash, EMPTY_LOG_HASH } from '../../../src-main/consensus/raft/chain-hash.ts';
import { votersOnly } from '../../../src-main/consensus/raft/configuration.ts';
import type { Entry, Row } from '../../../src-main/consensus/replica.ts';
import { audit } from '../../../src-main/node/audit/audit.ts';
import { KeyValueMachine } from '../../../src-main/node/disk/key-value-machine.ts';
import { LogStore } from '../../../src-main/node/disk/log-store.ts';
import { storage, temporaryFolders, write } from './disk-folder.ts';

const newFolder = temporaryFolders();
let folder: string;
beforeEach(() => (folder = newFolder()));

/** A no-op and four puts, two of them to the same key, the last one a retry of the one before. */
const history: Entry[] = [
  { index: 1, term: 1, kind: 'no-op', data: '' },
  put(2, 1, 'c1/1', 'a'),
  put(3, 1, 'c2/1', 'b'),
  put(4, 2, 'c1/2', 'a'),
  put(5, 2, 'c1/2', 'a'),
];

function put(index: number, term: number, id: string, key: string): Entry {
  return { index, term, kind: 'command', id, data: JSON.stringify({ op: 'put', key, value: id }) };
}

function hashUpTo(entries: readonly Entry[]): number {
  return entries.reduce((hash, entry) => chainHash(hash, entry), EMPTY_LOG_HASH);
}

interface Event {
  kind: string;
  body: object;
}

/** As leaders record what they append: in pieces of one term. */
function appends(entries: readonly Entry[], before: readonly Entry[] = []): Event[] {
  return entries.map((entry, at) => {
    const { index, term, id, data } = entry;
    const hash = hashUpTo([...before, ...entries.slice(0, at + 1)]);
    const created = [id === undefined ? { data } : { id, data }];
    return { kind: 'append', body: { first: index, last: index, term, hash, entries: created } };
  });
}

function committed(entries: readonly Entry[]): Event {
  return { kind: 'commit', body: { from: 1, to: entries.length, hash: hashUpTo(entries) } };
}

function trace(
  events: readonly Event[],
  acknowledged: readonly (readonly [string, number | null])[],
): string {
  const file = path.join(folder, 'run.qlab');
  const database = new Database(file);
  database.exec(`
    CREATE TABLE run (options TEXT, nodes TEXT);
    CREATE TABLE event (source TEXT, incarnation INTEGER, seq INTEGER, at_ns INTEGER, kind TEXT, body TEXT);
    CREATE TABLE operation (id TEXT, outcome TEXT, call TEXT, log_index INTEGER);`);
  const run = database.prepare('INSERT INTO run VALUES (?, ?)');
  run.run(JSON.stringify({ clientSessions: true }), JSON.stringify(['n1', 'n2', 'n3']));
  const insert = database.prepare("INSERT INTO event VALUES ('n1', 1, ?, ?, ?, ?)");
  events.forEach(({ kind, body }, at) => insert.run(at, at, kind, JSON.stringify(body)));
  const operation = database.prepare("INSERT INTO operation VALUES (?, 'ok', 'put', ?)");
  for (const [id, index] of acknowledged) operation.run(id, index);
  database.close();
  return file;
}

interface Held {
  entries: readonly Entry[];
  /** Entries up to here are compacted; the snapshot is of the entry after. */
  compacted?: number;
  /** What the state machine has run, if not `entries`. */
  applied?: readonly Entry[];
}

/** Writes a disk with the node's own code. */
function disk(node: string, { entries, compacted = 0, applied = entries }: Held): string {
  const own = path.join(folder, node);
  mkdirSync(own);
  const log = new LogStore({ ...storage, folder: own, node });
  const rows: Row[] = [];
  for (const { index, term, kind, data, id } of entries) {
    const hash = hashUpTo(entries.slice(0, index));
    const value = id === undefined ? { term, kind, data, hash } : { term, kind, data, id, hash };
    if (index > compacted) rows.push({ space: 'log', key: index, value });
  }
  if (compacted > 0) {
    const start = { index: compacted, term: 1, hash: hashUpTo(entries.slice(0, compacted)) };
    const hash = hashUpTo(entries.slice(0, compacted + 1));
    const value = { index: compacted + 1, term: 1, hash, configuration: votersOnly(['n1']), start };
    rows.push({ space: 'snapshot', key: 0, value });
  }
  write(log, rows);
  log.close();
  const machine = new KeyValueMachine({ folder: own, sessions: true, reliedOn: () => 0 });
  if (applied.length > 0) machine.apply(applied);
  machine.close();
  return own;
}

const told = [
  ['c1/1', 2],
  ['c2/1', 3],
  ['c1/2', 5],
] as const;
const whole = [...appends(history), committed(history)];

describe('an acknowledged write', () => {
  it('is held by a log that has it where it was acknowledged', () => {
    const disks = [
      disk('n1', { entries: history }),
      disk('n2', { entries: history }),
      disk('n3', { entries: history.slice(0, 2) }),
    ];
    const result = audit(trace(whole, told), disks);
    expect(result).toMatchObject({
      acknowledgedWrites: 3,
      lost: [],
      configuration: { voters: ['n1', 'n2', 'n3'] },
    });
    expect(result.disks).toEqual([
      { node: 'n1', snapshot: null, compacted: 0, last: 5, applied: 5, stateFlaw: null },
      { node: 'n2', snapshot: null, compacted: 0, last: 5, applied: 5, stateFlaw: null },
      { node: 'n3', snapshot: null, compacted: 0, last: 2, applied: 2, stateFlaw: null },
    ]);
  });

  it('is held by the state behind which a compacted log begins', () => {
    const disks = [
      disk('n1', { entries: history, compacted: 4 }),
      disk('n2', { entries: history, compacted: 3 }),
      disk('n3', { entries: [] }),
    ];
    const result = audit(trace(whole, told), disks);
    expect(result.lost).toEqual([]);
    expect(result.disks[0]).toMatchObject({ snapshot: 5, compacted: 4, last: 5 });
  });

  it('is lost when only a minority holds it, and when another entry stands there', () => {
    const other = [...history.slice(0, 3), put(4, 3, 'c9/1', 'a'), put(5, 3, 'c9/2', 'a')];
    const disks = [
      disk('n1', { entries: history }),
      disk('n2', { entries: other }),
      disk('n3', { entries: other.slice(0, 4) }),
    ];
    const events = [...whole, ...appends(other.slice(3), history.slice(0, 3))];
    expect(audit(trace(events, told), disks).lost).toEqual([{ operation: 'c1/2', index: 5, holders: 1 }]);
  });

  it('is lost with a compacted log whose state is not what was committed', () => {
    const without = [
      history[0]!,
      { ...history[1]!, kind: 'no-op', data: '' } as Entry,
      ...history.slice(2, 3),
    ];
    const disks = ['n1', 'n2'].map((node) =>
      disk(node, { entries: history, compacted: 3, applied: without }),
    );
    const result = audit(trace(whole, told), [...disks, disk('n3', { entries: history })]);
    expect(result.lost).toEqual([
      { operation: 'c1/1', index: 2, holders: 1 },
      { operation: 'c2/1', index: 3, holders: 1 },
    ]);
    expect(result.disks[0]?.stateFlaw).toBe('the state of n1 at entry 3: a holds nothing instead of "c1/1"');
    expect(result.disks[2]?.stateFlaw).toBeNull();
  });

  it('is lost with a compacted log of another history', () => {
    const other = [...history.slice(0, 1), put(2, 1, 'c7/1', 'z'), ...history.slice(2)];
    const disks = ['n1', 'n2'].map((node) => disk(node, { entries: other, compacted: 4 }));
    const result = audit(trace(whole, told), [...disks, disk('n3', { entries: history })]);
    expect(result.lost.map(({ operation }) => operation)).toEqual(['c1/1', 'c2/1']);
  });

  it('is not taken for held where the trace does not tell what was compacted', () => {
    const disks = ['n1', 'n2', 'n3'].map((node) => disk(node, { entries: history, compacted: 3 }));
    const result = audit(trace([...appends(history).slice(2), committed(history)], told), disks);
    expect(result.lost.map(({ operation }) => operation)).toEqual(['c1/1', 'c2/1']);
  });

  it('that says nowhere is lost', () => {
    const disks = ['n1', 'n2', 'n3'].map((node) => disk(node, { entries: history }));
    expect(audit(trace(whole, [['c1/1', null]]), disks).lost).toEqual([
      { operation: 'c1/1', index: null, holders: 0 },
    ]);
  });

  it('is judged by the members of the last configuration', () => {
    const last = votersOnly(['n2', 'n3', 'n4']);
    const changed = { kind: 'configuration', body: { stage: 'committed', index: 3, configuration: last } };
    const adopted = {
      ...changed,
      body: { ...changed.body, stage: 'adopted', index: 4, configuration: votersOnly(['n9']) },
    };
    const disks = [
      disk('n1', { entries: history }),
      disk('n2', { entries: history }),
      disk('n3', { entries: [] }),
      disk('n4', { entries: [] }),
    ];
    const result = audit(trace([...whole, changed, adopted], [['c1/1', 2]]), disks);
    expect(result.configuration).toEqual(last);
    expect(result.lost).toEqual([{ operation: 'c1/1', index: 2, holders: 2 }]);
  });
});
