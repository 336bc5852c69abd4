import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import type { Persist, Row } from '../../../src-main/consensus/replica.ts';
import type { LogStore } from '../../../src-main/node/disk/log-store.ts';

export const storage = {
  storageId: 'disk-1',
  spaces: ['meta', 'log', 'snapshot'],
  node: 'n1',
  mayBeEmpty: true,
};

/** Folders that vanish after each test. */
export function temporaryFolders(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-disk-'));
    made.push(folder);
    return folder;
  };
}

export function logRow(index: number, term = 1, data = `{"op":"put","key":"k","value":"${index}"}`): Row {
  return {
    space: 'log',
    key: index,
    value: { term, kind: 'command', data, id: `c1/${index}`, hash: index * 7919 },
  };
}

export function metaRow(term: number, votedFor: string | null): Row {
  return { space: 'meta', key: 0, value: { term, votedFor } };
}

/** A snapshot of entry `index`, the log beginning behind `start`. */
export function snapshotRow(index: number, start: number): Row {
  const mark = { index, term: 1, hash: index * 7919, configuration: { voters: ['n1'] } };
  return {
    space: 'snapshot',
    key: 0,
    value: { ...mark, start: { index: start, term: 1, hash: start * 7919 } },
  };
}

let lastId = 0;
export function write(log: LogStore, puts: Row[], deletes: Persist['deletes'] = []): void {
  let done = false;
  log.write([{ id: ++lastId, deletes, puts }], () => (done = true));
  if (!done) throw new Error('the write was not reported done');
}

/** A log with terms, votes, five entries and a truncation, each written in its own transaction. */
export function writeSmallLog(log: LogStore): void {
  for (let index = 1; index <= 5; index++) write(log, [metaRow(index, 'n1'), logRow(index)]);
  write(log, [logRow(4, 6)], [{ space: 'log', from: 4, to: 5 }]);
}

/** The files as a killed process leaves them: nothing is closed, nothing is moved out of the write-ahead log. */
export function copyAsKilled(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
  rmSync(path.join(to, 'log.db-shm'), { force: true });
}

export function readFolder(folder: string): Map<string, Buffer> {
  return new Map(readdirSync(folder).map((file) => [file, readFileSync(path.join(folder, file))]));
}

export function writeFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const file of readdirSync(folder)) rmSync(path.join(folder, file));
  for (const [file, bytes] of files) writeFileSync(path.join(folder, file), bytes);
}

export function flipped(bytes: Uint8Array, at: number, mask: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ mask;
  return copy;
}
