import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Limits } from '../../../src-main/trace/recorder/limits.ts';

const MB = 1024 * 1024;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'limits-'));
  file = join(folder, 'run.qlab');
  writeFileSync(file, 'x'.repeat(1_000));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the limits of a trace', () => {
  it('are far away for a small one on an empty disk', () => {
    expect(new Limits(file, {}, () => 1_000 * MB).reached()).toBeUndefined();
  });

  it('count what its write-ahead log holds', () => {
    const limits = new Limits(file, { traceBytesMax: 2_000 }, () => 1_000 * MB);
    expect(limits.reached(0)).toBeUndefined();
    writeFileSync(`${file}-wal`, 'x'.repeat(1_000));
    expect(limits.reached(5_000)).toMatch(
      /^the trace has reached the size that it may have \(2 KB\); allow it more/,
    );
  });

  it('keep some of the disk free, and say how much was left', () => {
    let free = 300 * MB;
    const asked: string[] = [];
    const limits = new Limits(file, {}, (of) => {
      asked.push(of);
      return free;
    });
    expect(limits.reached(0)).toBeUndefined();
    free = 255 * MB;
    expect(limits.reached(100)).toBeUndefined();
    expect(limits.reached(1_000)).toBe(
      `only 255 MB are left on the disk of ${file}, and 256 MB are kept free; make room, or record elsewhere`,
    );
    expect(asked).toEqual([folder, folder]);
  });

  it('stay reached', () => {
    let free = 0;
    const limits = new Limits(file, {}, () => free);
    const reason = limits.reached(0);
    free = 1_000 * MB;
    expect(limits.reached(60_000)).toBe(reason);
  });
});
