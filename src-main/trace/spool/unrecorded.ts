/** Stands where a spool stands while nothing is to be recorded: what recording costs is measured against it. */
import type { EventHead, EventId, EventPayload, Nanoseconds, SourceId } from '../model/events.ts';
import { SpoolWriter } from './writer.ts';
import type { SpoolOptions } from './writer.ts';

/** Where a process records its events. */
export type Spool = Pick<SpoolWriter, 'now' | 'nextId' | 'record' | 'flush' | 'close'>;

/** A spool, or what takes its place in a run without a trace. @throws when the file cannot be made */
export function openSpool(options: SpoolOptions, untraced = false): Spool {
  return untraced ? new Unrecorded(options) : new SpoolWriter(options);
}

/** Numbers events, so that they can still name each other, and forgets them. */
export class Unrecorded implements Spool {
  readonly #source: SourceId;
  readonly #incarnation: number;
  readonly #originNs: bigint;
  #seq = 0;

  constructor({ source, incarnation, originNs }: Omit<SpoolOptions, 'folder'>) {
    this.#source = source;
    this.#incarnation = incarnation;
    this.#originNs = originNs;
  }

  now(): Nanoseconds {
    return Number(process.hrtime.bigint() - this.#originNs);
  }

  nextId(): EventId {
    return `${this.#source}/${this.#incarnation}/${this.#seq + 1}`;
  }

  /** An event that nobody will read has no time of its own: 0, unless it was given one. */
  record(_payload: EventPayload, step: number, cause?: EventId, atNs: Nanoseconds = 0): EventHead {
    const head = { source: this.#source, incarnation: this.#incarnation, seq: ++this.#seq, atNs, step };
    return cause === undefined ? head : { ...head, cause };
  }

  flush(): void {
    // Nothing waits.
  }

  close(): void {
    // Nothing is open.
  }
}
