import type * as Fs from 'node:fs';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SpoolWriter } from '../../../src-main/trace/spool/writer.ts';

/** How many bytes the disk still takes. */
let room = Infinity;

vi.mock('node:fs', async (load) => {
  const fs = await load<typeof Fs>();
  return {
    ...fs,
    writeSync(fd: number, bytes: Buffer, from: number, length: number, position?: number): number {
      if (room === 0)
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      const written = fs.writeSync(fd, bytes, from, Math.min(length, room), position);
      room -= written;
      return written;
    },
  };
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spool-'));
});
afterEach(() => {
  room = Infinity;
  rmSync(folder, { recursive: true });
});

describe('a spool on a disk that is full', () => {
  it('says so with its name, and once there is room again holds every event and no hole', () => {
    const originNs = process.hrtime.bigint();
    const [hurt, whole] = ['hurt', 'whole'].map((name) => {
      mkdirSync(join(folder, name));
      return new SpoolWriter({ folder: join(folder, name), source: 'n1', incarnation: 1, originNs });
    });
    if (!hurt || !whole) throw new Error('no spools');
    const record = (writer: SpoolWriter, reason: string, atNs: number) =>
      writer.record({ kind: 'node-stopped', reason }, 0, undefined, atNs);
    record(hurt, 'one', 1);
    hurt.flush();
    room = 20;
    record(hurt, 'two', 2);
    expect(() => hurt.flush()).toThrow(/cannot record events to .*n1-1\.spool \(ENOSPC.*free space/);
    expect(() => hurt.flush()).toThrow(/ENOSPC/);
    room = Infinity;
    record(hurt, 'three', 3);
    hurt.close();

    record(whole, 'one', 1);
    whole.flush();
    record(whole, 'two', 2);
    record(whole, 'three', 3);
    whole.close();
    expect(readFileSync(hurt.file).equals(readFileSync(whole.file))).toBe(true);
  });

  it('is closed all the same: nothing goes out after the process said that it cannot go on', () => {
    const writer = new SpoolWriter({
      folder,
      source: 'n1',
      incarnation: 1,
      originNs: process.hrtime.bigint(),
    });
    writer.record({ kind: 'node-stopped', reason: 'one' }, 0);
    room = 0;
    expect(() => writer.close()).toThrow(/ENOSPC/);
    room = Infinity;
    expect(() => writer.flush()).toThrow(/is closed: nothing more can be recorded/);
  });
});
