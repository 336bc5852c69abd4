/** Tails every spool of a run and hands out its events in order of time. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Nanoseconds } from '../model/events.ts';
import { SpoolReader, spoolOwner } from '../spool/reader.ts';
import type { SpooledEvent, SpoolPosition } from '../spool/reader.ts';

/** One source's file and what has been read of it but not handed out. */
interface Stream {
  file: string;
  reader: SpoolReader;
  queue: SpooledEvent[];
  /** Position in `queue` of the next event to hand out. */
  next: number;
  /** Time of the newest event read. */
  readNs: Nanoseconds;
  atEnd: boolean;
}

/** Where a file stands after the events handed out. */
export interface SpoolProgress extends SpoolPosition {
  file: string;
  atNs: Nanoseconds;
}

/** The end of a spool that is neither a whole frame nor one torn by its writer's death. */
export interface DamagedEnd {
  source: string;
  incarnation: number;
  nextSeq: number;
}

const QUEUE_EVENTS_MAX = 20_000;

/**
 * Events of different sources are merged by time. An effect is written after its cause, but its file may be looked at first;
 * so while the run lasts an event is handed out only when everything recorded up to its time must have been read: one round
 * of reading later. What still comes late (a process stopped between recording and writing) is handed out late.
 */
export class SpoolFolder {
  readonly #folder: string;
  readonly #positions: Map<string, SpoolPosition>;
  readonly #streams = new Map<string, Stream>();
  #originNs: bigint | undefined;
  #previousRoundNs: Nanoseconds = 0;

  constructor(folder: string, positions: Map<string, SpoolPosition>) {
    this.#folder = folder;
    this.#positions = positions;
  }

  get backlogBytes(): number {
    let bytes = 0;
    for (const { reader } of this.#streams.values()) bytes += reader.backlogBytes;
    return bytes;
  }

  /**
   * One round of reading: the events that are ready, in order of (atNs, source, incarnation, seq). `all` hands out
   * everything read: for a run whose sources have ended.
   */
  round(all = false): { events: SpooledEvent[]; progress: SpoolProgress[]; caughtUp: boolean } {
    const startedNs = this.#now();
    this.#findFiles();
    let readAnything = false;
    let caughtUp = true;
    let untilNs = all || startedNs === undefined ? Infinity : this.#previousRoundNs;
    for (const stream of this.#streams.values()) {
      readAnything = this.#read(stream) || readAnything;
      if (stream.atEnd) continue;
      caughtUp = false;
      untilNs = Math.min(untilNs, stream.readNs);
    }
    if (caughtUp && !readAnything) untilNs = Infinity;
    this.#previousRoundNs = startedNs ?? 0;
    const { events, progress } = this.#handOut(untilNs);
    for (const { queue, next } of this.#streams.values()) if (next < queue.length) caughtUp = false;
    return { events, progress, caughtUp };
  }

  /** Spools whose last bytes are damaged. */
  damagedEnds(): DamagedEnd[] {
    const ends: DamagedEnd[] = [];
    for (const { reader } of this.#streams.values()) {
      if (reader.tail !== 'damaged') continue;
      ends.push({ source: reader.source, incarnation: reader.incarnation, nextSeq: reader.nextSeq });
    }
    return ends;
  }

  close(): void {
    for (const { reader } of this.#streams.values()) reader.close();
    this.#streams.clear();
  }

  /** Nanoseconds since the run's start, once some spool has told when that was. */
  #now(): Nanoseconds | undefined {
    if (this.#originNs === undefined) {
      for (const { reader } of this.#streams.values()) this.#originNs ??= reader.header?.originNs;
    }
    return this.#originNs === undefined ? undefined : Number(process.hrtime.bigint() - this.#originNs);
  }

  #findFiles(): void {
    for (const file of readdirSync(this.#folder)) {
      if (this.#streams.has(file) || spoolOwner(file) === undefined) continue;
      const reader = new SpoolReader(join(this.#folder, file), this.#positions.get(file));
      this.#streams.set(file, { file, reader, queue: [], next: 0, readNs: 0, atEnd: false });
    }
  }

  #read(stream: Stream): boolean {
    if (stream.queue.length - stream.next > QUEUE_EVENTS_MAX) return false;
    const { events, atEnd } = stream.reader.read();
    stream.atEnd = atEnd;
    const newest = events[events.length - 1];
    if (newest === undefined) return false;
    stream.readNs = newest.atNs;
    // What was handed out is let go of: of a busy source the queue is never empty.
    stream.queue =
      stream.next === stream.queue.length ? events : stream.queue.slice(stream.next).concat(events);
    stream.next = 0;
    return true;
  }

  #handOut(untilNs: Nanoseconds): { events: SpooledEvent[]; progress: SpoolProgress[] } {
    const events: SpooledEvent[] = [];
    const progress: SpoolProgress[] = [];
    for (const stream of this.#streams.values()) {
      const { queue, file } = stream;
      let last: SpooledEvent | undefined;
      for (
        let event = queue[stream.next];
        event !== undefined && event.atNs <= untilNs;
        event = queue[stream.next]
      ) {
        events.push(event);
        last = event;
        stream.next++;
      }
      if (stream.next === queue.length) {
        stream.queue = [];
        stream.next = 0;
      }
      if (last !== undefined) progress.push({ file, offset: last.frame, seq: last.seq + 1, atNs: last.atNs });
    }
    events.sort(compareEvents);
    return { events, progress };
  }
}

interface Position {
  atNs: Nanoseconds;
  source: string;
  incarnation: number;
  seq: number;
}

/** The order of a trace. */
export function compareEvents(a: Position, b: Position): number {
  if (a.atNs !== b.atNs) return a.atNs - b.atNs;
  if (a.source !== b.source) return a.source < b.source ? -1 : 1;
  return a.incarnation - b.incarnation || a.seq - b.seq;
}
