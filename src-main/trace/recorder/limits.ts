/** How large a trace may grow: nothing is dropped, so at a limit the run has to end. */
import { statSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TraceLimits } from '../protocol.ts';

/** Below this a run does not fill the disk any further; closing needs some of it. */
export const FREE_BYTES_MIN = 256 * 1024 * 1024;
/** Looking at the disk takes a system call; a busy cluster writes some megabytes in between. */
const LOOK_MS = 1_000;

export class Limits {
  readonly #file: string;
  readonly #traceBytesMax: number;
  readonly #freeBytesMin: number;
  readonly #freeBytes: (folder: string) => number;
  #lookedMs = -Infinity;
  #reached: string | undefined;

  /** @param freeBytes of the disk that a folder lies on */
  constructor(
    file: string,
    { traceBytesMax = Infinity, freeBytesMin = FREE_BYTES_MIN }: TraceLimits,
    freeBytes: (folder: string) => number = freeBytesOf,
  ) {
    this.#file = file;
    this.#traceBytesMax = traceBytesMax;
    this.#freeBytesMin = freeBytesMin;
    this.#freeBytes = freeBytes;
  }

  /** Which limit has been reached, in a sentence; undefined while none has. Once it has, it stays so. */
  reached(nowMs: number = performance.now()): string | undefined {
    if (this.#reached !== undefined || nowMs - this.#lookedMs < LOOK_MS) return this.#reached;
    this.#lookedMs = nowMs;
    this.#reached = this.#look();
    return this.#reached;
  }

  #look(): string | undefined {
    const bytes = traceBytes(this.#file);
    if (bytes >= this.#traceBytesMax)
      return `the trace has reached the size that it may have (${size(this.#traceBytesMax)}); allow it more, or record a shorter run`;
    const free = this.#freeBytes(dirname(this.#file));
    if (free < this.#freeBytesMin)
      return `only ${size(free)} are left on the disk of ${this.#file}, and ${size(this.#freeBytesMin)} are kept free; make room, or record elsewhere`;
    return undefined;
  }
}

/** Of the trace with what its write-ahead log still holds. */
export function traceBytes(file: string): number {
  let bytes = 0;
  for (const name of [file, `${file}-wal`]) bytes += statSync(name, { throwIfNoEntry: false })?.size ?? 0;
  return bytes;
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

function size(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KB` : `${Math.floor(bytes / (1024 * 1024))} MB`;
}
