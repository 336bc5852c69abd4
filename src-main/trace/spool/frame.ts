/**
 * The bytes of a spool file: frames of `u32 length, u32 CRC32 of the body, body` (little endian). The first frame is the
 * file's header, every other one holds the events that one write recorded.
 */
import { crc32 } from 'node:zlib';
import type { SourceId } from '../model/events.ts';

export const FRAME_HEAD_BYTES = 8;
/** Longer frames are taken for damage, before anything is allocated for them. */
export const FRAME_BODY_BYTES_MAX = 64 * 1024 * 1024;

const FORMAT = 'quorum-lab-spool';
const VERSION = 1;

/** What the first frame of a spool says, as JSON. */
export interface SpoolHeader {
  source: SourceId;
  incarnation: number;
  /** `process.hrtime.bigint()` of the run's start. */
  originNs: bigint;
}

export type FrameAt =
  /** `next` is the offset behind the frame. */
  | { state: 'whole'; bodyFrom: number; next: number }
  /** The bytes end inside the frame: it is still being written, or its writer died. */
  | { state: 'torn' }
  /** Length or checksum are wrong. */
  | { state: 'damaged' };

/** Looks at the frame that starts at `offset` of `bytes`; `end` bounds what is filled. */
export function frameAt(bytes: Buffer, offset: number, end: number): FrameAt {
  if (end - offset < FRAME_HEAD_BYTES) return { state: 'torn' };
  const length = bytes.readUInt32LE(offset);
  if (length === 0 || length > FRAME_BODY_BYTES_MAX) return { state: 'damaged' };
  const bodyFrom = offset + FRAME_HEAD_BYTES;
  const next = bodyFrom + length;
  if (next > end) return { state: 'torn' };
  if (crc32(bytes.subarray(bodyFrom, next)) !== bytes.readUInt32LE(offset + 4)) return { state: 'damaged' };
  return { state: 'whole', bodyFrom, next };
}

/** Fills in length and checksum of the frame whose body stands at `bytes[8 … end)`. */
export function sealFrame(bytes: Buffer, end: number): void {
  bytes.writeUInt32LE(end - FRAME_HEAD_BYTES, 0);
  bytes.writeUInt32LE(crc32(bytes.subarray(FRAME_HEAD_BYTES, end)), 4);
}

export function headerText(header: SpoolHeader): string {
  const { source, incarnation, originNs } = header;
  return JSON.stringify({
    format: FORMAT,
    version: VERSION,
    source,
    incarnation,
    originNs: String(originNs),
  });
}

/** @throws when the text is no header, or one of a later version */
export function parseHeader(text: string): SpoolHeader {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error('the spool has no header');
  const { format, version, source, incarnation, originNs } = value as Record<string, unknown>;
  if (format !== FORMAT || typeof source !== 'string' || typeof incarnation !== 'number') {
    throw new Error('the spool has no header');
  }
  if (version !== VERSION)
    throw new Error(`the spool is of version ${String(version)}, this lab reads ${VERSION}`);
  return { source, incarnation, originNs: BigInt(String(originNs)) };
}
