import type { Recorder } from '../../node/host/ports.ts';
import type {
  EventHead,
  EventId,
  EventKind,
  EventPayload,
  Nanoseconds,
  SourceId,
  TraceEvent,
} from '../../trace/model/events.ts';
import { ContentHash } from './content-hash.ts';
import { hashEvent } from './event-hash.ts';
import type { Timeline } from './timeline.ts';

export interface JournalListener {
  /** The kinds it wants to hear of; undefined: all. */
  readonly kinds: ReadonlySet<EventKind> | undefined;
  event(event: TraceEvent): void;
}

/** Everything that a run records, from all sources, in the order in which it happens. */
export class Journal {
  readonly #timeline: Timeline;
  readonly #listener: JournalListener;
  readonly #hash = new ContentHash();
  /** Messages that reached a replica. */
  delivered = 0;
  events = 0;

  constructor(timeline: Timeline, listener: JournalListener) {
    this.#timeline = timeline;
    this.#listener = listener;
  }

  get nowNs(): Nanoseconds {
    return this.#timeline.nowNs;
  }

  /** Over the content of every event so far, in order. */
  get hash(): string {
    return this.#hash.digest();
  }

  source(source: SourceId, incarnation: number): SourceJournal {
    return new SourceJournal(this, source, incarnation);
  }

  take(head: EventHead, payload: EventPayload): void {
    this.events++;
    if (payload.kind === 'deliver') this.delivered++;
    hashEvent(this.#hash, head, payload);
    const { kinds } = this.#listener;
    // Joining head and payload is dear, and most events concern nobody.
    if (kinds === undefined || kinds.has(payload.kind)) this.#listener.event({ ...payload, ...head });
  }
}

/** What one incarnation of one source records, numbered without gaps. */
export class SourceJournal implements Recorder {
  readonly #journal: Journal;
  readonly #source: SourceId;
  readonly #incarnation: number;
  #seq = 0;

  constructor(journal: Journal, source: SourceId, incarnation: number) {
    this.#journal = journal;
    this.#source = source;
    this.#incarnation = incarnation;
  }

  record(
    payload: EventPayload,
    step: number,
    cause?: EventId,
    atNs: Nanoseconds = this.#journal.nowNs,
  ): EventHead {
    const source = this.#source;
    const incarnation = this.#incarnation;
    const seq = ++this.#seq;
    const head: EventHead =
      cause === undefined
        ? { source, incarnation, seq, atNs, step }
        : { source, incarnation, seq, atNs, step, cause };
    this.#journal.take(head, payload);
    return head;
  }

  flush(): void {
    // What is recorded here outlives every simulated process.
  }

  now(): Nanoseconds {
    return this.#journal.nowNs;
  }
}
