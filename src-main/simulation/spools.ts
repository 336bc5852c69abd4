/** Writes the events of a simulated run as its processes would: a spool file an incarnation. */
import type { TraceEvent } from '../trace/model/events.ts';
import { eventId } from '../trace/model/events.ts';
import { SpoolWriter } from '../trace/spool/writer.ts';

/** Events that one frame of a spool takes at most. */
const FRAME_EVENTS_MAX = 1_000;

interface OpenSpool {
  writer: SpoolWriter;
  incarnation: number;
  waiting: number;
  step: number;
}

export class Spools {
  readonly #folder: string;
  readonly #frameATurn: boolean;
  readonly #open = new Map<string, OpenSpool>();

  /** @param frameATurn a frame for every turn of a process, as real ones write them; else as few as may be */
  constructor(folder: string, frameATurn = false) {
    this.#folder = folder;
    this.#frameATurn = frameATurn;
  }

  /** @throws when the disk refuses */
  take(event: TraceEvent): void {
    const { source, incarnation, seq, atNs, step, cause, ...payload } = event;
    const spool = this.#spool(source, incarnation);
    if (spool.waiting >= FRAME_EVENTS_MAX || (this.#frameATurn && spool.step !== step)) {
      spool.waiting = 0;
      spool.writer.flush();
    }
    spool.step = step;
    spool.waiting++;
    const head = spool.writer.record(payload, step, cause, atNs);
    if (head.seq !== seq) throw new Error(`${eventId(event)} would be spooled as number ${head.seq}`);
  }

  close(): void {
    for (const { writer } of this.#open.values()) writer.close();
  }

  /** An incarnation begins when the one before has ended. */
  #spool(source: string, incarnation: number): OpenSpool {
    const known = this.#open.get(source);
    if (known?.incarnation === incarnation) return known;
    known?.writer.close();
    const writer = new SpoolWriter({ folder: this.#folder, source, incarnation, originNs: 0n });
    const spool = { writer, incarnation, waiting: 0, step: 0 };
    this.#open.set(source, spool);
    return spool;
  }
}
