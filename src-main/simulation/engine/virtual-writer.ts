import type { Persist } from '../../consensus/replica.ts';
import type { Disk, DurableFacts } from '../../node/host/ports.ts';
import type { Nanoseconds } from '../../trace/model/events.ts';
import type { Lifetime } from './lifetime.ts';
import type { Stream } from './streams.ts';
import type { Timeline } from './timeline.ts';
import type { VirtualDisk } from './virtual-disk.ts';

export interface WriteTime {
  readonly min: Nanoseconds;
  readonly max: Nanoseconds;
}

/** One incarnation's way to its disk. A write takes its time, and is durable when that is over whatever the process does meanwhile. */
export class VirtualWriter implements Disk {
  readonly #timeline: Timeline;
  readonly #disk: VirtualDisk;
  readonly #lifetime: Lifetime;
  readonly #random: Stream;
  readonly #time: () => WriteTime;
  #underWay: readonly Persist[] | undefined;

  constructor(
    timeline: Timeline,
    disk: VirtualDisk,
    lifetime: Lifetime,
    random: Stream,
    time: () => WriteTime,
  ) {
    this.#timeline = timeline;
    this.#disk = disk;
    this.#lifetime = lifetime;
    this.#random = random;
    this.#time = time;
  }

  write(batch: readonly Persist[], done: () => void): void {
    this.#lifetime.pass('write');
    const { min, max } = this.#time();
    const takes = min + this.#random() * (max - min);
    if (takes === 0) {
      this.#disk.absorb(batch);
      this.#lifetime.pass('written');
      done();
      return;
    }
    this.#underWay = batch;
    this.#timeline.after(takes, () => {
      if (this.#underWay !== batch) return;
      this.#underWay = undefined;
      this.#disk.absorb(batch);
      this.#lifetime.run(() => {
        this.#lifetime.pass('written');
        done();
      });
    });
  }

  durable(): DurableFacts {
    return this.#disk.facts.copy();
  }

  /** The process has died: a write under way reached the page cache or did not, and a power loss takes it anyhow. */
  end(power: boolean): void {
    const batch = this.#underWay;
    this.#underWay = undefined;
    if (batch !== undefined && !power && this.#random() < 0.5) this.#disk.absorb(batch);
  }
}
