/**
 * Spools written anew from events that were recorded before, for a recorder to make a trace of them: so an imported trace gets all
 * its tables from the same code as any other.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EventId, Nanoseconds } from '../model/events.ts';
import { spoolFileName } from '../protocol.ts';
import { FRAME_BODY_BYTES_MAX, FRAME_HEAD_BYTES, headerText, sealFrame } from '../spool/frame.ts';

export interface ReplayedEvent {
  readonly source: string;
  readonly incarnation: number;
  readonly seq: number;
  readonly atNs: Nanoseconds;
  readonly step: number;
  readonly cause: EventId | null;
  /** The payload as JSON. */
  readonly json: string;
}

const FRAME_CHARACTERS = 256 * 1024;
const INCARNATIONS_MAX = 20_000;
/** Events of one incarnation that wait for one with a lower number. */
const WAITING_MAX = 100_000;

interface Spool {
  readonly file: string;
  next: number;
  /** Number of the first event of the frame that is being filled. */
  from: number;
  pending: string;
  readonly waiting: Map<number, ReplayedEvent>;
  /** Numbers that the trace itself says are missing: first -> last. */
  readonly gaps: Map<number, number>;
}

/** What cannot be replayed: the message names the events. */
export class ReplayRefused extends Error {}

export class ReplayedSpools {
  /** Events handed over, those that wait for others included. */
  taken = 0;
  readonly #folder: string;
  readonly #spools = new Map<string, Spool>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Events of one incarnation may come in any order, as long as none is missing but what `gap` tells of before. @throws ReplayRefused */
  take(event: ReplayedEvent): void {
    const spool = this.#spool(event.source, event.incarnation);
    this.taken++;
    this.#skipGap(spool);
    if (event.seq !== spool.next) {
      if (event.seq < spool.next || spool.waiting.has(event.seq))
        throw new ReplayRefused(`event ${idOf(event)} stands there twice`);
      if (spool.waiting.size >= WAITING_MAX) throw missing(event, spool);
      spool.waiting.set(event.seq, event);
      return;
    }
    this.#write(spool, event);
    for (let next = this.#nextWaiting(spool); next !== undefined; next = this.#nextWaiting(spool)) {
      spool.waiting.delete(next.seq);
      this.#write(spool, next);
    }
  }

  /** These numbers were given to events that nobody recorded. */
  gap(source: string, incarnation: number, fromSeq: number, toSeq: number): void {
    if (toSeq >= fromSeq) this.#spool(source, incarnation).gaps.set(fromSeq, toSeq);
  }

  /** Number of the newest event of an incarnation. */
  lastSeq(source: string, incarnation: number): number {
    const spool = this.#spools.get(spoolFileName(source, incarnation));
    return spool === undefined ? 0 : spool.next - 1;
  }

  /** @throws ReplayRefused when events are missing */
  close(): void {
    for (const spool of this.#spools.values()) {
      const [first] = spool.waiting.values();
      if (first !== undefined) throw missing(first, spool);
      this.#flush(spool);
    }
  }

  #nextWaiting(spool: Spool): ReplayedEvent | undefined {
    this.#skipGap(spool);
    return spool.waiting.get(spool.next);
  }

  #skipGap(spool: Spool): void {
    const last = spool.gaps.get(spool.next);
    if (last === undefined) return;
    this.#flush(spool);
    spool.gaps.delete(spool.next);
    spool.next = last + 1;
    spool.from = spool.next;
  }

  #write(spool: Spool, { atNs, step, cause, json }: ReplayedEvent): void {
    spool.pending += `${atNs}\t${step}\t${cause ?? ''}\t${json}\n`;
    spool.next++;
    if (spool.pending.length >= FRAME_CHARACTERS) this.#flush(spool);
  }

  #flush(spool: Spool): void {
    if (spool.pending !== '') appendFileSync(spool.file, frameOf(`${spool.from}\n${spool.pending}`));
    spool.pending = '';
    spool.from = spool.next;
  }

  #spool(source: string, incarnation: number): Spool {
    const name = spoolFileName(source, incarnation);
    let spool = this.#spools.get(name);
    if (spool === undefined) {
      if (this.#spools.size >= INCARNATIONS_MAX)
        throw new ReplayRefused(`there are more than ${INCARNATIONS_MAX} incarnations of nodes`);
      const file = join(this.#folder, name);
      spool = { file, next: 1, from: 1, pending: '', waiting: new Map(), gaps: new Map() };
      writeFileSync(file, frameOf(headerText({ source, incarnation, originNs: 0n })), { flag: 'wx' });
      this.#spools.set(name, spool);
    }
    return spool;
  }
}

function frameOf(body: string): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES + Buffer.byteLength(body));
  bytes.write(body, FRAME_HEAD_BYTES);
  if (bytes.length > FRAME_BODY_BYTES_MAX) throw new ReplayRefused('an event is longer than any can be');
  sealFrame(bytes, bytes.length);
  return bytes;
}

function idOf({ source, incarnation, seq }: ReplayedEvent): string {
  return `${source}/${incarnation}/${seq}`;
}

function missing(event: ReplayedEvent, { next }: Spool): ReplayRefused {
  const { source, incarnation } = event;
  const from = `${source}/${incarnation}/${next}`;
  return new ReplayRefused(
    `event ${from}${event.seq - 1 > next ? ` and those up to ${source}/${incarnation}/${event.seq - 1} are` : ' is'} missing before ${idOf(event)}`,
  );
}
