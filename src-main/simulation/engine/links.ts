import type { NodeId } from '../../consensus/replica.ts';
import type { Nanoseconds } from '../../trace/model/events.ts';
import type { LinkQuality } from '../schedule/schedule.ts';
import type { Stream, Streams } from './streams.ts';
import type { Task, Timeline } from './timeline.ts';

const STRAGGLER_TIMES = 10;

/** A directed link: how long what is sent over it takes, and whether it arrives at all. */
export class Link {
  readonly #timeline: Timeline;
  readonly #random: Stream;
  readonly #usual: LinkQuality;
  /** The quality that faults give it, the latest last. */
  readonly #faults: LinkQuality[] = [];
  #cuts = 0;
  #calm = false;
  /** Nothing overtakes on a connection, but for stragglers. */
  #lastNs: Nanoseconds = 0;

  constructor(timeline: Timeline, random: Stream, usual: LinkQuality) {
    this.#timeline = timeline;
    this.#random = random;
    this.#usual = usual;
  }

  get isCut(): boolean {
    return this.#cuts > 0;
  }

  cut(): void {
    this.#cuts++;
  }

  mend(): void {
    this.#cuts--;
  }

  worsen(quality: LinkQuality): void {
    this.#faults.push(quality);
  }

  /** From now on nothing is lost, doubled or straggles. */
  calm(): void {
    this.#calm = true;
  }

  recover(quality: LinkQuality): void {
    const at = this.#faults.indexOf(quality);
    if (at >= 0) this.#faults.splice(at, 1);
  }

  /** Has `arrive` run when it arrives, which may be twice. @returns why it never will, if so */
  carry(arrive: Task): string | undefined {
    if (this.#cuts > 0) return 'the link is cut';
    const random = this.#random;
    const quality = this.#faults[this.#faults.length - 1] ?? this.#usual;
    const { delayNs, loss, duplicate, straggle } = quality;
    if (loss > 0 && !this.#calm && random() < loss) return 'lost on the way';
    let delay = delayNs.min + random() * (delayNs.max - delayNs.min);
    if (straggle > 0 && !this.#calm && random() < straggle) {
      delay *= 1 + random() * (STRAGGLER_TIMES - 1);
      this.#timeline.after(delay, arrive);
    } else {
      this.#lastNs = Math.max(this.#lastNs, Math.round(this.#timeline.nowNs + delay));
      this.#timeline.at(this.#lastNs, arrive);
    }
    if (duplicate > 0 && !this.#calm && random() < duplicate)
      this.#timeline.after(delay * (1 + random() * STRAGGLER_TIMES), arrive);
    return undefined;
  }
}

/** Every link of a run, made when it is first asked for. */
export class Links {
  readonly #timeline: Timeline;
  readonly #streams: Streams;
  readonly #between: LinkQuality;
  readonly #ofClients: LinkQuality;
  readonly #links = new Map<string, Link>();
  #calm = false;

  constructor(timeline: Timeline, streams: Streams, between: LinkQuality, ofClients: LinkQuality) {
    this.#timeline = timeline;
    this.#streams = streams;
    this.#between = between;
    this.#ofClients = ofClients;
  }

  get nowNs(): Nanoseconds {
    return this.#timeline.nowNs;
  }

  calm(): void {
    this.#calm = true;
    for (const link of this.#links.values()) link.calm();
  }

  between(from: NodeId, to: NodeId): Link {
    return this.#link(`${from} ${to}`, this.#between);
  }

  /** From a client to a node, or back: faults do not reach them. */
  ofClient(from: string, to: string): Link {
    return this.#link(`client ${from} ${to}`, this.#ofClients);
  }

  #link(name: string, usual: LinkQuality): Link {
    let link = this.#links.get(name);
    if (link === undefined) {
      link = new Link(this.#timeline, this.#streams.of(`link ${name}`), usual);
      if (this.#calm) link.calm();
      this.#links.set(name, link);
    }
    return link;
  }
}
