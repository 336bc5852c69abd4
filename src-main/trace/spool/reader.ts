/** Reads a spool while it is being written, or after its writer died. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import type { EventId, Nanoseconds, SourceId } from '../model/events.ts';
import { FRAME_HEAD_BYTES, frameAt, parseHeader } from './frame.ts';
import type { SpoolHeader } from './frame.ts';

/** An event as it stands in a spool; `json` is its payload, unparsed. */
export interface SpooledEvent {
  source: SourceId;
  incarnation: number;
  seq: number;
  atNs: Nanoseconds;
  step: number;
  cause: EventId | null;
  json: string;
  /** Offset of the frame that holds it: where a later reader goes on, skipping what it already has. */
  frame: number;
  /** How many events right before this one were numbered by the source but cannot be read. */
  missing: number;
}

export interface SpoolBatch {
  events: SpooledEvent[];
  /** Everything that the file holds in whole frames has been read. */
  atEnd: boolean;
}

/** Where to go on reading: the offset of a frame and the first event wanted from it. */
export interface SpoolPosition {
  offset: number;
  seq: number;
}

/** What stands behind the last whole frame: nothing, a frame whose rest is not there (yet), or bytes that are no frame. */
export type SpoolTail = 'clean' | 'torn' | 'damaged';

const CHUNK_BYTES = 1024 * 1024;

/** Whose spool a file is; undefined for a file that is none. */
export function spoolOwner(file: string): { source: SourceId; incarnation: number } | undefined {
  const found = /^(.+)-(\d+)\.spool$/.exec(basename(file));
  const [, source, incarnation] = found ?? [];
  return source === undefined ? undefined : { source, incarnation: Number(incarnation) };
}

export class SpoolReader {
  readonly file: string;
  readonly source: SourceId;
  readonly incarnation: number;
  /** Known once the first frame has been read whole. */
  header: SpoolHeader | undefined;
  tail: SpoolTail = 'clean';
  readonly #fd: number;
  #offset: number;
  #seq: number;
  #bytes = Buffer.allocUnsafe(CHUNK_BYTES);

  /** @throws when the file cannot be opened, or its name is not that of a spool */
  constructor(file: string, from: SpoolPosition = { offset: 0, seq: 1 }) {
    const owner = spoolOwner(file);
    if (!owner) throw new Error(`${file} is not named like a spool (source-incarnation.spool)`);
    this.file = file;
    this.source = owner.source;
    this.incarnation = owner.incarnation;
    this.#fd = openSync(file, 'r');
    this.#offset = from.offset;
    this.#seq = from.seq;
    if (from.offset > 0) this.#readHeader();
  }

  /** Bytes written to the file that have not been read. */
  get backlogBytes(): number {
    return Math.max(0, fstatSync(this.#fd).size - this.#offset);
  }

  /** The offset behind the last frame read. */
  get offset(): number {
    return this.#offset;
  }

  /** The number of the next event. */
  get nextSeq(): number {
    return this.#seq;
  }

  /**
   * Reads whole frames, about a megabyte at a time. An incomplete last frame is left for later; a damaged one is skipped when a
   * good one follows, and the first event behind it says how many are `missing`.
   */
  read(): SpoolBatch {
    const events: SpooledEvent[] = [];
    const size = fstatSync(this.#fd).size;
    this.tail = 'clean';
    if (size <= this.#offset) return { events, atEnd: true };
    let filled = this.#fill(size);
    let at = 0;
    while (at < filled) {
      const frame = frameAt(this.#bytes, at, filled);
      if (frame.state === 'whole') {
        this.#take(this.#bytes.toString('utf8', frame.bodyFrom, frame.next), this.#offset + at, events);
        at = frame.next;
      } else if (frame.state === 'torn' && this.#offset + filled < size) {
        if (at > 0) break;
        filled = this.#fill(size, this.#bytes.length * 2);
      } else {
        const resumeAt = this.#nextWhole(this.#offset + at, size);
        this.#offset = resumeAt ?? this.#offset + at;
        if (resumeAt === undefined) this.tail = frame.state;
        return { events, atEnd: resumeAt === undefined };
      }
    }
    this.#offset += at;
    return { events, atEnd: this.#offset >= size };
  }

  close(): void {
    closeSync(this.#fd);
  }

  #fill(size: number, room = this.#bytes.length): number {
    if (room > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(room);
    return readSync(this.#fd, this.#bytes, 0, Math.min(room, size - this.#offset), this.#offset);
  }

  /** Behind a bad frame at `from`: the file offset of the next good one whose events come later, if there is one. */
  #nextWhole(from: number, size: number): number | undefined {
    const rest = Buffer.allocUnsafe(size - from);
    const filled = readSync(this.#fd, rest, 0, rest.length, from);
    for (let offset = 1; offset + FRAME_HEAD_BYTES < filled; offset++) {
      const frame = frameAt(rest, offset, filled);
      if (frame.state !== 'whole') continue;
      const first = Number.parseInt(rest.toString('latin1', frame.bodyFrom, frame.bodyFrom + 16), 10);
      if (first >= this.#seq) return from + offset;
    }
    return undefined;
  }

  /** Body of a frame: the first event's number, then `atNs, step, cause, payload` a line, tab-separated. */
  #take(body: string, frame: number, events: SpooledEvent[]): void {
    if (frame === 0) {
      this.header = parseHeader(body);
      return;
    }
    let from = body.indexOf('\n') + 1;
    let seq = Number.parseInt(body, 10);
    let missing = Math.max(0, seq - this.#seq);
    while (from < body.length) {
      const afterTime = body.indexOf('\t', from);
      const afterStep = body.indexOf('\t', afterTime + 1);
      const afterCause = body.indexOf('\t', afterStep + 1);
      const end = body.indexOf('\n', afterCause + 1);
      if (seq >= this.#seq) {
        events.push({
          source: this.source,
          incarnation: this.incarnation,
          seq,
          atNs: Number(body.slice(from, afterTime)),
          step: Number(body.slice(afterTime + 1, afterStep)),
          cause: afterCause === afterStep + 1 ? null : body.slice(afterStep + 1, afterCause),
          json: body.slice(afterCause + 1, end),
          frame,
          missing,
        });
        missing = 0;
      }
      seq++;
      from = end + 1;
    }
    this.#seq = Math.max(this.#seq, seq);
  }

  #readHeader(): void {
    const head = Buffer.allocUnsafe(4096);
    const frame = frameAt(head, 0, readSync(this.#fd, head, 0, head.length, 0));
    if (frame.state === 'whole') this.header = parseHeader(head.toString('utf8', frame.bodyFrom, frame.next));
  }
}
