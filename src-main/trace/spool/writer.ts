/** Where a process of a run records its events: appended to its own file, one synchronous write a turn. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { spoolFileName } from '../protocol.ts';
import type { EventHead, EventId, EventPayload, Nanoseconds, SourceId } from '../model/events.ts';
import { FRAME_BODY_BYTES_MAX, FRAME_HEAD_BYTES, headerText, sealFrame } from './frame.ts';

export interface SpoolOptions {
  /** The run's spool folder; it must exist. */
  folder: string;
  source: SourceId;
  incarnation: number;
  /** `process.hrtime.bigint()` of the run's start. */
  originNs: bigint;
}

/**
 * Buffers events and writes them as one frame per flush. An event is on its way to the trace once `flush` has returned: the
 * page cache keeps it whatever happens to the process, so messages whose sending was recorded may leave then.
 *
 * A frame's body is text: the first event's number, then a line an event of `atNs, step, cause, payload`, tab-separated, the
 * payload being the JSON that the trace will hold.
 */
export class SpoolWriter {
  readonly file: string;
  readonly source: SourceId;
  readonly incarnation: number;
  readonly #originNs: bigint;
  readonly #idPrefix: string;
  #fd: number | undefined;
  #writtenBytes = 0;
  #seq = 0;
  #pendingFrom = 1;
  #pending = '';
  #bytes = Buffer.allocUnsafe(64 * 1024);

  /** @throws when the file cannot be made, or this incarnation already has one */
  constructor(options: SpoolOptions) {
    this.source = options.source;
    this.incarnation = options.incarnation;
    this.#originNs = options.originNs;
    this.#idPrefix = `${options.source}/${options.incarnation}/`;
    this.file = join(options.folder, spoolFileName(options.source, options.incarnation));
    this.#fd = openSync(this.file, 'wx');
    this.#write(headerText(options));
  }

  /** Nanoseconds since the run's start. */
  now(): Nanoseconds {
    return Number(process.hrtime.bigint() - this.#originNs);
  }

  /** The id that the next recorded event will have. */
  nextId(): EventId {
    return this.#idPrefix + (this.#seq + 1);
  }

  /** The id of the event recorded last. @throws before the first */
  lastId(): EventId {
    if (this.#seq === 0) throw new Error(`${this.file} holds no event yet`);
    return this.#idPrefix + this.#seq;
  }

  /** Whether events wait for a flush. */
  get dirty(): boolean {
    return this.#pending !== '';
  }

  /** Numbers the event and buffers it; nothing is written yet. `eventId(head)` names it. */
  record(payload: EventPayload, step: number, cause?: EventId, atNs: Nanoseconds = this.now()): EventHead {
    const seq = ++this.#seq;
    this.#pending += `${atNs}\t${step}\t${cause ?? ''}\t${JSON.stringify(payload)}\n`;
    const head = { source: this.source, incarnation: this.incarnation, seq, atNs, step };
    return cause === undefined ? head : { ...head, cause };
  }

  /**
   * Writes everything buffered with one synchronous write.
   * @throws when the disk refuses; the file then ends with the last whole frame, and the events stay buffered
   */
  flush(): void {
    if (this.#pending === '') return;
    this.#write(`${this.#pendingFrom}\n${this.#pending}`);
    this.#pending = '';
    this.#pendingFrom = this.#seq + 1;
  }

  /** Flushes and closes, also when the disk refuses; recording after it fails at the next flush. @throws when the disk refuses */
  close(): void {
    const fd = this.#fd;
    if (fd === undefined) return;
    try {
      this.flush();
    } finally {
      this.#fd = undefined;
      closeSync(fd);
    }
  }

  #write(body: string): void {
    if (this.#fd === undefined) throw new Error(`${this.file} is closed: nothing more can be recorded`);
    const room = FRAME_HEAD_BYTES + body.length * 3;
    if (room > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(room);
    const end = FRAME_HEAD_BYTES + this.#bytes.write(body, FRAME_HEAD_BYTES, 'utf8');
    if (end > FRAME_BODY_BYTES_MAX)
      throw new Error(`${this.file}: ${end} bytes are too many for one turn's events`);
    sealFrame(this.#bytes, end);
    try {
      let written = 0;
      while (written < end) {
        // At its place, not at the file's position: a frame that was refused half-way has moved that.
        written += writeSync(this.#fd, this.#bytes, written, end - written, this.#writtenBytes + written);
      }
    } catch (error) {
      ftruncateSync(this.#fd, this.#writtenBytes);
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`cannot record events to ${this.file} (${why}): free space on that disk`, {
        cause: error,
      });
    }
    this.#writtenBytes += end;
  }
}
