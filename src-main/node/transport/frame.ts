/**
 * Frames on the wire: `u32 length, u32 CRC32 of the payload, payload`, little endian. A length beyond the limit is refused
 * before anything is allocated for it.
 */
import { crc32 } from 'node:zlib';

export const frameHeadBytes = 8;
/** The longest payload between peers that know each other. */
export const payloadBytesMax = 8 * 1024 * 1024;
/** The longest payload before both ends have proved themselves. */
export const handshakePayloadBytesMax = 4096;

/** Fills in the head of a frame whose payload starts at byte 8 of `frame`. */
export function sealFrame(frame: Buffer): Buffer {
  const payload = frame.subarray(frameHeadBytes);
  frame.writeUInt32LE(payload.length, 0);
  frame.writeUInt32LE(crc32(payload), 4);
  return frame;
}

export function frameOf(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeadBytes + payload.length);
  frame.set(payload, frameHeadBytes);
  return sealFrame(frame);
}

/** Cuts a stream of bytes into the payloads of its frames. After a fault it reads nothing more. */
export class FrameReader {
  /** Frames with a longer payload are a fault. Raised once the other end has proved itself. */
  payloadLimit: number;
  readonly #onPayload: (payload: Buffer) => void;
  readonly #head = Buffer.alloc(frameHeadBytes);
  #headFilled = 0;
  #payload: Buffer | undefined;
  #payloadFilled = 0;
  #fault: string | undefined;
  #stopped = false;

  constructor(payloadLimit: number, onPayload: (payload: Buffer) => void) {
    this.payloadLimit = payloadLimit;
    this.#onPayload = onPayload;
  }

  /** Stops reading: nothing behind the frame at hand is looked at. */
  stop(): void {
    this.#stopped = true;
  }

  /** Takes the next bytes. Returns what is wrong with them, if anything: the connection must then be closed. */
  push(chunk: Buffer): string | undefined {
    let at = 0;
    while (at < chunk.length && this.#fault === undefined && !this.#stopped) {
      at = this.#payload === undefined ? this.#takeHead(chunk, at) : this.#takePayload(chunk, at);
    }
    return this.#fault;
  }

  #takeHead(chunk: Buffer, from: number): number {
    const missing = frameHeadBytes - this.#headFilled;
    const taken = chunk.copy(this.#head, this.#headFilled, from, from + missing);
    this.#headFilled += taken;
    const at = from + taken;
    if (this.#headFilled < frameHeadBytes) return at;
    const length = this.#head.readUInt32LE(0);
    if (length === 0 || length > this.payloadLimit) {
      this.#fault = `a frame of ${length} bytes, where 1 to ${this.payloadLimit} are allowed`;
      return at;
    }
    if (chunk.length - at >= length) {
      this.#headFilled = 0;
      this.#deliver(chunk.subarray(at, at + length));
      return at + length;
    }
    this.#payload = Buffer.allocUnsafe(length);
    this.#payloadFilled = 0;
    return at;
  }

  #takePayload(chunk: Buffer, from: number): number {
    const payload = this.#payload;
    if (payload === undefined) return from;
    const taken = chunk.copy(payload, this.#payloadFilled, from);
    this.#payloadFilled += taken;
    if (this.#payloadFilled === payload.length) {
      this.#payload = undefined;
      this.#headFilled = 0;
      this.#deliver(payload);
    }
    return from + taken;
  }

  #deliver(payload: Buffer): void {
    if (crc32(payload) === this.#head.readUInt32LE(4)) this.#onPayload(payload);
    else this.#fault = `a frame of ${payload.length} bytes with a bad checksum`;
  }
}
