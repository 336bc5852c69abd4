import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LogStore } from '../../../src-main/node/disk/log-store.ts';
import { scanWal, walFrameHeaderBytes, walHeaderBytes } from '../../../src-main/node/disk/wal-scan.ts';
import { flipped, storage, temporaryFolders, writeSmallLog } from './disk-folder.ts';

const folderOf = temporaryFolders();
const pageBytes = 4096;
const frameBytes = walFrameHeaderBytes + pageBytes;

/** A write-ahead log as SQLite wrote it, and where its commits end (in frames). */
function realWal(): { wal: Buffer; commits: number[]; frames: number } {
  const folder = folderOf();
  const log = new LogStore({ folder, ...storage });
  writeSmallLog(log);
  const wal = readFileSync(path.join(folder, 'log.db-wal'));
  log.close();
  const frames = (wal.length - walHeaderBytes) / frameBytes;
  const commits: number[] = [];
  for (let frame = 1; frame <= frames; frame++) {
    if (wal.readUInt32BE(walHeaderBytes + (frame - 1) * frameBytes + 4) !== 0) commits.push(frame);
  }
  return { wal, commits, frames };
}

describe('The scan of a write-ahead log', () => {
  it('accepts what SQLite wrote, to the last frame', () => {
    const { wal, frames } = realWal();
    expect(scanWal(wal, pageBytes)).toMatchObject({ committedFrames: frames, tail: 'clean' });
    expect(scanWal(wal, pageBytes).damage).toBeUndefined();
  });

  it('takes a log cut at any frame, or in the middle of one, for a torn tail and keeps the commits before the cut', () => {
    const { wal, commits, frames } = realWal();
    for (let frame = 0; frame <= frames; frame++) {
      for (const extra of [0, 1, walFrameHeaderBytes, 2000, frameBytes - 1]) {
        const end = walHeaderBytes + frame * frameBytes + extra;
        if (end > wal.length) continue;
        const scan = scanWal(wal.subarray(0, end), pageBytes);
        const committedFrames = commits.filter((commit) => commit <= frame).at(-1) ?? 0;
        expect(scan.damage).toBeUndefined();
        expect(scan.committedFrames).toBe(committedFrames);
      }
    }
  });

  it('names the frame and byte of damage in every frame that has a sound commit behind it', () => {
    const { wal, commits, frames } = realWal();
    const lastCommit = commits.at(-1) ?? 0;
    const places = [0, 5, 8, 13, 16, 23, walFrameHeaderBytes, walFrameHeaderBytes + 2048, frameBytes - 1];
    for (let frame = 1; frame < frames; frame++) {
      const offset = walHeaderBytes + (frame - 1) * frameBytes;
      for (const place of places) {
        const scan = scanWal(flipped(wal, offset + place, 0x10), pageBytes);
        // A changed stored sum also unchains the frame behind it.
        if (place >= 16 && place < 24 && frame + 1 >= lastCommit) continue;
        expect(scan.damage).toMatchObject({ frame, offset });
      }
    }
  });

  it('takes a bad last commit for a torn tail, because it looks like one', () => {
    const { wal, commits, frames } = realWal();
    const scan = scanWal(flipped(wal, wal.length - 10, 1), pageBytes);
    expect(scan.damage).toBeUndefined();
    expect(scan).toMatchObject({
      committedFrames: commits.filter((commit) => commit < frames).at(-1),
      tail: 'torn',
    });
  });

  it('finds damage to every byte of the header by the frames behind it', () => {
    const { wal } = realWal();
    for (let at = 0; at < walHeaderBytes; at++) {
      expect(scanWal(flipped(wal, at, 0x40), pageBytes).damage?.frame).toBe(0);
    }
  });

  it('is not misled by frames of an earlier log that lie behind the current one', () => {
    const { wal, commits } = realWal();
    const { wal: earlier } = realWal();
    const end = walHeaderBytes + (commits[2] ?? 0) * frameBytes;
    const restarted = Buffer.concat([wal.subarray(0, end), earlier.subarray(end)]);
    const scan = scanWal(restarted, pageBytes);
    expect(scan.damage).toBeUndefined();
    expect(scan).toMatchObject({ committedFrames: commits[2], tail: 'clean' });
  });

  it('finds nothing in an empty log', () => {
    expect(scanWal(new Uint8Array(0), pageBytes)).toMatchObject({ committedFrames: 0, tail: 'clean' });
  });
});
