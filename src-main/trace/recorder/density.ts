/** Counts events by slots of time, so that a zoomed-out drawing need not read them. */
import type { EventKind, Nanoseconds } from '../model/events.ts';
import { DENSITY_SLOTS_NS } from '../schema.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';

interface Counts {
  events: number;
  messages: number;
  operations: number;
}

export class Density {
  readonly #levels = DENSITY_SLOTS_NS.map((slotNs) => ({ slotNs, slots: new Map<number, Counts>() }));
  readonly #add: SqliteStatement;

  constructor(database: SqliteDatabase) {
    this.#add = database.prepare(
      `INSERT INTO density (slot_ns, slot, events, messages, operations) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (slot_ns, slot) DO UPDATE SET events = events + excluded.events,
        messages = messages + excluded.messages, operations = operations + excluded.operations`,
    );
  }

  /** Messages count when they are sent, operations when they complete. */
  count(kind: EventKind, atNs: Nanoseconds): void {
    const [finest] = this.#levels;
    if (finest !== undefined)
      addTo(finest.slots, Math.floor(atNs / finest.slotNs), 1, kind === 'send', kind === 'complete');
  }

  flush(): void {
    this.#coarsen();
    for (const { slotNs, slots } of this.#levels) {
      for (const [slot, { events, messages, operations }] of slots) {
        this.#add.run(slotNs, slot, events, messages, operations);
      }
      slots.clear();
    }
  }

  #coarsen(): void {
    const [finest, ...coarser] = this.#levels;
    if (finest === undefined) return;
    for (const [slot, counts] of finest.slots) {
      for (const { slotNs, slots } of coarser) {
        const wide = Math.floor((slot * finest.slotNs) / slotNs);
        addTo(slots, wide, counts.events, counts.messages, counts.operations);
      }
    }
  }
}

function addTo(
  slots: Map<number, Counts>,
  slot: number,
  events: number,
  messages: number | boolean,
  operations: number | boolean,
): void {
  const counts = slots.get(slot);
  if (counts === undefined) {
    slots.set(slot, { events, messages: Number(messages), operations: Number(operations) });
    return;
  }
  counts.events += events;
  counts.messages += Number(messages);
  counts.operations += Number(operations);
}
