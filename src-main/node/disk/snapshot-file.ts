/**
 * A snapshot's file: a header of 40 bytes, then the image. All numbers are little-endian.
 *
 * Offset 0: `QLABSNAP`; 8: u32 version; 12: u32 CRC32 of the image; 16: u64 index of the last entry that the image contains; 24: u64
 * bytes of the image; 32: u32 zero; 36: u32 CRC32 of the header up to here.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import type { LogIndex } from '../../consensus/replica.ts';

export interface SnapshotHead {
  readonly index: LogIndex;
  /** Of the image. */
  readonly bytes: number;
  readonly checksum: number;
}

const magic = Buffer.from('QLABSNAP');
const version = 1;
export const snapshotHeadBytes = 40;

/**
 * Writes the whole file under another name, syncs it and gives it its own. The folder is the caller's to sync.
 *
 * @returns bytes of the image
 */
export function writeSnapshotFile(file: string, index: LogIndex, parts: readonly Uint8Array[]): number {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const checksum = parts.reduce((sum, part) => crc32(part, sum), 0);
  const unfinished = `${file}${unfinishedSuffix}`;
  const fd = openSync(unfinished, 'w', 0o644);
  try {
    writeWhole(fd, encodeHead({ index, bytes, checksum }));
    for (const part of parts) writeWhole(fd, part);
    fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    rmSync(unfinished, { force: true });
    throw error;
  }
  closeSync(fd);
  renameSync(unfinished, file);
  return bytes;
}

/** What a file is called until it is whole. */
export const unfinishedSuffix = '.unfinished';

/** Reads the image of a file, if the file is whole; else says in one sentence what is wrong and where. */
export function readSnapshotFile(file: string, index: LogIndex): Buffer | Flaw {
  const fd = openSync(file, 'r');
  try {
    const head = readHead(fd, index);
    if ('found' in head) return head;
    const image = Buffer.alloc(head.bytes);
    const read = readFully(fd, image, snapshotHeadBytes);
    if (read < head.bytes || crc32(image) !== head.checksum)
      return { place: `byte ${snapshotHeadBytes} to ${snapshotHeadBytes + head.bytes}`, found: mismatch };
    return image;
  } finally {
    closeSync(fd);
  }
}

/** At most `bytesMax` bytes of the image from `offset` on. The image is not checked: that was done when it was opened or written. */
export function readSnapshotSlice(
  file: string,
  index: LogIndex,
  offset: number,
  bytesMax: number,
): { readonly data: Buffer; readonly total: number } | Flaw {
  const fd = openSync(file, 'r');
  try {
    const head = readHead(fd, index);
    if ('found' in head) return head;
    const data = Buffer.alloc(Math.max(0, Math.min(bytesMax, head.bytes - offset)));
    readFully(fd, data, snapshotHeadBytes + offset);
    return { data, total: head.bytes };
  } finally {
    closeSync(fd);
  }
}

/** What is wrong with a file. */
export interface Flaw {
  readonly place: string;
  readonly found: string;
}

const mismatch = 'its checksum does not match what it holds';

function encodeHead({ index, bytes, checksum }: SnapshotHead): Buffer {
  const head = Buffer.alloc(snapshotHeadBytes);
  magic.copy(head);
  head.writeUInt32LE(version, 8);
  head.writeUInt32LE(checksum, 12);
  head.writeBigUInt64LE(BigInt(index), 16);
  head.writeBigUInt64LE(BigInt(bytes), 24);
  head.writeUInt32LE(crc32(head.subarray(0, 36)), 36);
  return head;
}

function readHead(fd: number, index: LogIndex): SnapshotHead | Flaw {
  const place = 'its header (byte 0)';
  const head = Buffer.alloc(snapshotHeadBytes);
  const { size } = fstatSync(fd);
  if (readFully(fd, head, 0) < snapshotHeadBytes)
    return { place, found: `it is ${size} bytes long, and the header alone has ${snapshotHeadBytes}` };
  if (!head.subarray(0, 8).equals(magic)) return { place, found: 'it does not begin with QLABSNAP' };
  if (crc32(head.subarray(0, 36)) !== head.readUInt32LE(36)) return { place, found: mismatch };
  if (head.readUInt32LE(8) !== version)
    return {
      place,
      found: `it is of version ${head.readUInt32LE(8)}, and this node reads version ${version}`,
    };
  const held = Number(head.readBigUInt64LE(16));
  const bytes = Number(head.readBigUInt64LE(24));
  if (held !== index) return { place, found: `it is the snapshot of entry ${held}, not of ${index}` };
  if (size !== snapshotHeadBytes + bytes)
    return {
      place: `byte ${size}`,
      found: `it is ${size} bytes long instead of ${snapshotHeadBytes + bytes}`,
    };
  return { index, bytes, checksum: head.readUInt32LE(12) };
}

/** @returns bytes read: fewer only at the file's end */
function readFully(fd: number, into: Buffer, position: number): number {
  let at = 0;
  while (at < into.length) {
    const read = readSync(fd, into, at, into.length - at, position + at);
    if (read === 0) break;
    at += read;
  }
  return at;
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}
