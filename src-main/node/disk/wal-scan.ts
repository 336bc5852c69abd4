/**
 * Reads a SQLite write-ahead log before SQLite does. SQLite takes the first frame with a bad checksum for the end of
 * the log and silently drops every commit behind it; this scan tells such damage from a torn tail, which a crash in
 * the middle of an unsynced write rightly leaves.
 *
 * The rule: a bad frame with a valid later commit of the same salts behind it is damage, because the next transaction
 * is only written after the one before it was synced. Without one it is a torn tail.
 *
 * Source: the SQLite file format, §4 "The Write-Ahead Log".
 */
import { walChecksum } from './wal-checksum.ts';
import type { WalSum } from './wal-checksum.ts';

export const walHeaderBytes = 32;
export const walFrameHeaderBytes = 24;
const magic = 0x377f0682;
const formatVersion = 3007000;

export interface WalDamage {
  /** 1-based frame number; 0 is the header of the whole log. */
  readonly frame: number;
  /** Byte offset of that frame in the file. */
  readonly offset: number;
  readonly found: string;
}

export interface WalScan {
  /** Frames up to and including the last commit that SQLite will accept. */
  readonly committedFrames: number;
  readonly salt1: number;
  readonly salt2: number;
  readonly tail: 'clean' | 'torn';
  readonly damage?: WalDamage;
}

interface WalLayout {
  readonly view: DataView;
  readonly pageBytes: number;
  readonly littleEndian: boolean;
  readonly salt1: number;
  readonly salt2: number;
  readonly frames: number;
}

/** Scans the whole `-wal` file. `pageBytes` is the database's page size, needed when the log's own header is bad. */
export function scanWal(wal: Uint8Array, pageBytes: number): WalScan {
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength);
  if (wal.byteLength < walHeaderBytes) {
    return { committedFrames: 0, salt1: 0, salt2: 0, tail: wal.byteLength === 0 ? 'clean' : 'torn' };
  }
  const wrong = headerFault(view, pageBytes);
  return wrong === undefined
    ? scanFrames(layoutOf(view, pageBytes, headerIsLittleEndian(view)))
    : scanHeadless(view, pageBytes, wrong);
}

function headerIsLittleEndian(view: DataView): boolean {
  return (view.getUint32(0) & 1) === 0;
}

function headerFault(view: DataView, pageBytes: number): string | undefined {
  const found = view.getUint32(0);
  if (found >>> 1 !== magic >>> 1) return `its magic number is ${hex(found)}`;
  if (view.getUint32(4) !== formatVersion) return `its format version is ${view.getUint32(4)}`;
  if (view.getUint32(8) !== pageBytes)
    return `its page size is ${view.getUint32(8)} and the database's is ${pageBytes}`;
  const sum = walChecksum(view, 0, 24, { s0: 0, s1: 0 }, headerIsLittleEndian(view));
  return sum.s0 === view.getUint32(24) && sum.s1 === view.getUint32(28)
    ? undefined
    : 'its checksum does not match';
}

function layoutOf(view: DataView, pageBytes: number, littleEndian: boolean): WalLayout {
  return {
    view,
    pageBytes,
    littleEndian,
    salt1: view.getUint32(16),
    salt2: view.getUint32(20),
    frames: Math.floor((view.byteLength - walHeaderBytes) / (walFrameHeaderBytes + pageBytes)),
  };
}

function scanFrames(wal: WalLayout): WalScan {
  const { view, salt1, salt2 } = wal;
  let sum: WalSum = { s0: view.getUint32(24), s1: view.getUint32(28) };
  let committedFrames = 0;
  let frame = 1;
  for (; frame <= wal.frames; frame++) {
    if (!hasSalts(wal, frame)) break;
    sum = frameSum(wal, frame, sum);
    if (!sumEquals(sum, storedSum(wal, frame))) break;
    if (isCommit(wal, frame)) committedFrames = frame;
  }
  const rest = view.byteLength > frameOffset(wal, frame);
  if (!rest)
    return { committedFrames, salt1, salt2, tail: committedFrames === wal.frames ? 'clean' : 'torn' };
  const later = laterCommit(wal, frame + 1);
  const leftover = frame > wal.frames || !hasSalts(wal, frame);
  if (later === undefined) {
    return {
      committedFrames,
      salt1,
      salt2,
      tail: leftover && frame === committedFrames + 1 ? 'clean' : 'torn',
    };
  }
  const found = hasSalts(wal, frame) ? 'its checksum does not match' : 'it carries foreign salts';
  const damage = {
    frame,
    offset: frameOffset(wal, frame),
    found: `${found}, yet the commit in frame ${later} behind it is sound, so it is no torn tail`,
  };
  return { committedFrames, salt1, salt2, tail: 'torn', damage };
}

/** The log's own header is bad. Frames whose sums chain on to each other behind it show that it once was good. */
function scanHeadless(view: DataView, pageBytes: number, wrong: string): WalScan {
  const nothing: WalScan = { committedFrames: 0, salt1: 0, salt2: 0, tail: 'torn' };
  for (const littleEndian of [true, false]) {
    const wal = layoutOf(view, pageBytes, littleEndian);
    for (let frame = 1; frame <= wal.frames; frame++) {
      if (!isCommit(wal, frame)) continue;
      if (!sumEquals(frameSum(wal, frame, storedSum(wal, frame - 1)), storedSum(wal, frame))) continue;
      const found = `${wrong}, yet the commit in frame ${frame} behind it is sound`;
      return { ...nothing, damage: { frame: 0, offset: 0, found } };
    }
  }
  return nothing;
}

/** The first frame from `from` on that is a commit of this log and whose sum follows from the frame before it. */
function laterCommit(wal: WalLayout, from: number): number | undefined {
  for (let frame = from; frame <= wal.frames; frame++) {
    if (!isCommit(wal, frame) || !hasSalts(wal, frame)) continue;
    if (sumEquals(frameSum(wal, frame, storedSum(wal, frame - 1)), storedSum(wal, frame))) return frame;
  }
  return undefined;
}

function frameOffset(wal: WalLayout, frame: number): number {
  return walHeaderBytes + (frame - 1) * (walFrameHeaderBytes + wal.pageBytes);
}

function isCommit(wal: WalLayout, frame: number): boolean {
  return wal.view.getUint32(frameOffset(wal, frame) + 4) !== 0;
}

function hasSalts(wal: WalLayout, frame: number): boolean {
  const at = frameOffset(wal, frame);
  return wal.view.getUint32(at + 8) === wal.salt1 && wal.view.getUint32(at + 12) === wal.salt2;
}

/** The sum stored in a frame's header; frame 0 is the log's header. */
function storedSum(wal: WalLayout, frame: number): WalSum {
  const at = frame === 0 ? 24 : frameOffset(wal, frame) + 16;
  return { s0: wal.view.getUint32(at), s1: wal.view.getUint32(at + 4) };
}

/** The sum over the first 8 bytes of a frame's header and its page, continued from the frame before. */
function frameSum(wal: WalLayout, frame: number, seed: WalSum): WalSum {
  const at = frameOffset(wal, frame);
  const head = walChecksum(wal.view, at, 8, seed, wal.littleEndian);
  return walChecksum(wal.view, at + walFrameHeaderBytes, wal.pageBytes, head, wal.littleEndian);
}

function sumEquals(a: WalSum, b: WalSum): boolean {
  return a.s0 === b.s0 && a.s1 === b.s1;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
