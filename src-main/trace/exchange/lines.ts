/** Reads a text file line by line, with bounds: it may come from anywhere. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { ExchangeRefused } from './output-file.ts';

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

export interface LineReading {
  readonly lineBytesMax: number;
  /** Told as the file is read. */
  readonly progress?: (bytesRead: number, bytesTotal: number) => void;
}

const CHUNK_BYTES = 1024 * 1024;

/** Lines that hold something. @throws ExchangeRefused for a file that cannot be read, and for a line that is too long */
export function* readLines(file: string, { lineBytesMax, progress }: LineReading): Generator<Line> {
  const fd = openToRead(file);
  try {
    const total = fstatSync(fd).size;
    const decoder = new StringDecoder('utf8');
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    let number = 0;
    let rest = '';
    let read = 0;
    for (let filled = readSync(fd, chunk); filled > 0; filled = readSync(fd, chunk)) {
      read += filled;
      const pieces = decoder.write(chunk.subarray(0, filled)).split('\n');
      pieces[0] = rest + (pieces[0] ?? '');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) {
        number++;
        const text = lineOf(file, number, piece, lineBytesMax);
        if (text !== '') yield { number, text };
      }
      if (rest.length > lineBytesMax) throw tooLong(file, number + 1, lineBytesMax);
      progress?.(read, total);
    }
    const text = lineOf(file, number + 1, rest + decoder.end(), lineBytesMax);
    if (text !== '') yield { number: number + 1, text };
  } finally {
    closeSync(fd);
  }
}

function lineOf(file: string, number: number, piece: string, lineBytesMax: number): string {
  if (piece.length > lineBytesMax) throw tooLong(file, number, lineBytesMax);
  const text = number === 1 && piece.startsWith('\uFEFF') ? piece.slice(1) : piece;
  return text.trim();
}

function tooLong(file: string, number: number, lineBytesMax: number): ExchangeRefused {
  return new ExchangeRefused(
    `${file}, line ${number}: is longer than ${lineBytesMax / 2 ** 20} MiB, as no line of such a file is. Export it again from where it came.`,
  );
}

function openToRead(file: string): number {
  try {
    // Looked at before it is opened: a pipe would be waited for until somebody writes to it.
    if (statSync(file).isFile()) return openSync(file, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'There is no such file.' : `It cannot be read (${message}).`;
    throw new ExchangeRefused(`${file}: ${why} Check its path and permissions.`);
  }
  throw new ExchangeRefused(`${file} is no file that could be imported. Name a file.`);
}
