/**
 * Remembers how much of the write-ahead log has been synced, so that damage to its last commit is told from a torn
 * tail: every frame up to the mark was acknowledged to the replica, so a log that ends before it has lost something.
 *
 * The mark is written after each sync and is itself not synced: after a power loss it may lag (and then claims
 * less), but it never claims what was not synced. Before a checkpoint lets SQLite start the log anew, the claim is
 * withdrawn, and that is synced.
 *
 * Beside it stands a digest of what was written: where another program has moved the log into the main file and removed it, as SQLite's
 * own tools do, the rows there show whether anything was lost.
 */
import { closeSync, constants, fdatasyncSync, openSync, readSync, writeSync } from 'node:fs';
import { endianness } from 'node:os';
import { crc32 } from 'node:zlib';

export interface SyncedClaim {
  readonly salt1: number;
  readonly salt2: number;
  /** Frames synced; 0 claims nothing. */
  readonly frames: number;
  /** Of the rows after the last of them (see `LastRows`). */
  readonly digest: number;
}

const magic = 0x514c534e;
const markBytes = 24;
/** Offsets in the first copy of the wal-index header (SQLite, "WAL-mode File Format", §2.1). */
const indexHeaderBytes = 48;
const indexMaxFrame = 16;
const indexSalt = 32;
const nativeLittleEndian = endianness() === 'LE';

export class SyncedMark {
  readonly #mark: number;
  readonly #walIndexFile: string;
  #walIndex: number | undefined;
  readonly #bytes = Buffer.alloc(markBytes);
  readonly #index = Buffer.alloc(indexHeaderBytes);

  /** Opens or makes the mark; `walIndexFile` is the database's `-shm` file. */
  constructor(file: string, walIndexFile: string) {
    this.#mark = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o644);
    this.#walIndexFile = walIndexFile;
  }

  /** What was claimed last; undefined if the mark is missing, torn or damaged, which claims nothing. */
  read(): SyncedClaim | undefined {
    const bytes = Buffer.alloc(markBytes);
    if (readSync(this.#mark, bytes, 0, markBytes, 0) !== markBytes) return undefined;
    if (bytes.readUInt32LE(0) !== magic || bytes.readUInt32LE(20) !== crc32(bytes.subarray(0, 20)))
      return undefined;
    return {
      salt1: bytes.readUInt32LE(4),
      salt2: bytes.readUInt32LE(8),
      frames: bytes.readUInt32LE(12),
      digest: bytes.readUInt32LE(16),
    };
  }

  /** Claims everything that the log holds now, and that it led to rows of this digest. To be called right after a synced commit. @returns frames claimed */
  advance(digest: number): number {
    this.#walIndex ??= openSync(this.#walIndexFile, 'r');
    const index = this.#index;
    readSync(this.#walIndex, index, 0, indexHeaderBytes, 0);
    // The salts are stored as they stand in the log's header, that is big-endian; the frame count is native.
    const frames = nativeLittleEndian ? index.readUInt32LE(indexMaxFrame) : index.readUInt32BE(indexMaxFrame);
    this.#write(index.readUInt32BE(indexSalt), index.readUInt32BE(indexSalt + 4), frames, digest);
    return frames;
  }

  /** Withdraws the claim, durably. */
  withdraw(): void {
    this.#write(0, 0, 0, 0);
    fdatasyncSync(this.#mark);
  }

  close(): void {
    closeSync(this.#mark);
    if (this.#walIndex !== undefined) closeSync(this.#walIndex);
  }

  #write(salt1: number, salt2: number, frames: number, digest: number): void {
    const bytes = this.#bytes;
    bytes.writeUInt32LE(magic, 0);
    bytes.writeUInt32LE(salt1, 4);
    bytes.writeUInt32LE(salt2, 8);
    bytes.writeUInt32LE(frames, 12);
    bytes.writeUInt32LE(digest, 16);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 20)), 20);
    writeSync(this.#mark, bytes, 0, markBytes, 0);
  }
}
