/** The file that an export goes to: nobody ever finds half of it under its name. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

/** Asked for in vain: the message says what to do. */
export class ExchangeRefused extends Error {}

const BUFFER_CHARACTERS = 256 * 1024;
const FULL_PIPE_MS = 2;

/** Where text is written to. */
export interface Output {
  write(text: string): void;
  readonly bytes: number;
}

/** @throws ExchangeRefused when the file is there and may not be replaced */
export function refuseExisting(file: string, force: boolean): void {
  if (!force && existsSync(file))
    throw new ExchangeRefused(`${file} is there already. Choose another name, or replace it with --force.`);
}

/**
 * Calls `work` with where to write, and puts what it wrote in place when it is done. `part` is the name under which it grows; after
 * an error nothing is left of it. @throws what `work` throws, and ExchangeRefused when the disk refuses
 */
export function writeFileWhole<T>(
  file: string,
  part: string,
  force: boolean,
  work: (output: Output) => T,
): T {
  refuseExisting(file, force);
  const output = openPart(part, file);
  try {
    const result = work(output);
    output.finish();
    refuseExisting(file, force);
    renameSync(part, file);
    return result;
  } catch (error) {
    output.abandon();
    rmSync(part, { force: true });
    throw error;
  }
}

/** Standard output of this process; whoever reads it may be slow, or may have had enough. */
export function writeStandardOutput<T>(work: (output: Output) => T): T {
  const output = new BufferedOutput(1, 'standard output');
  const result = work(output);
  output.flush();
  return result;
}

function openPart(part: string, file: string): BufferedOutput {
  try {
    return new BufferedOutput(openSync(part, 'wx'), file);
  } catch (error) {
    throw cannotWrite(file, error);
  }
}

function cannotWrite(file: string, error: unknown): ExchangeRefused {
  const why = error instanceof Error ? error.message : String(error);
  return new ExchangeRefused(
    `${file} cannot be written (${why}). Choose a folder that can be, with space left.`,
  );
}

class BufferedOutput implements Output {
  bytes = 0;
  readonly #fd: number;
  readonly #file: string;
  #pending = '';
  #open = true;

  constructor(fd: number, file: string) {
    this.#fd = fd;
    this.#file = file;
  }

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= BUFFER_CHARACTERS) this.flush();
  }

  flush(): void {
    const bytes = Buffer.from(this.#pending, 'utf8');
    this.#pending = '';
    let written = 0;
    while (written < bytes.length) {
      try {
        written += writeSync(this.#fd, bytes, written);
      } catch (error) {
        // A pipe whose reader is slow.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw cannotWrite(this.#file, error);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_MS);
      }
    }
    this.bytes += bytes.length;
  }

  finish(): void {
    this.flush();
    fsyncSync(this.#fd);
    this.abandon();
  }

  abandon(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
  }
}
