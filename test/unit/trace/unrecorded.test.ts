import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventId } from '../../../src-main/trace/model/events.ts';
import { openSpool } from '../../../src-main/trace/spool/unrecorded.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unrecorded-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a process without a recording', () => {
  it('numbers its events as one with a spool does, and leaves no file', () => {
    const options = { folder, source: 'n1', incarnation: 2, originNs: process.hrtime.bigint() };
    const spool = openSpool(options, true);
    const ids: string[] = [];
    for (const operation of ['c1/1', 'c1/2', 'c1/3']) {
      const id = spool.nextId();
      expect(eventId(spool.record({ kind: 'request', operation }, 1))).toBe(id);
      ids.push(id);
    }
    spool.flush();
    spool.close();
    expect(ids).toEqual(['n1/2/1', 'n1/2/2', 'n1/2/3']);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('knows the time of the run all the same', () => {
    const originNs = process.hrtime.bigint() - 5_000_000_000n;
    const spool = openSpool({ folder, source: 'n1', incarnation: 1, originNs }, true);
    expect(spool.now()).toBeGreaterThanOrEqual(5_000_000_000);
  });
});
