/** Keeps the `mark` table: of each kind of mark of each node one row a slot, which names the first. */
import type { NodeId } from '../../consensus/replica.ts';
import type { EventId, Nanoseconds, TraceEvent } from '../model/events.ts';
import type { LaneMarkKind } from '../model/queries.ts';
import { COARSE_SLOTS_NS } from '../schema.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';

interface Mark {
  node: NodeId;
  kind: LaneMarkKind;
  atNs: Nanoseconds;
  event: EventId;
  text: string;
}

export class Marks {
  #waiting: Mark[] = [];
  readonly #write: SqliteStatement;

  constructor(database: SqliteDatabase) {
    const earlier = '(excluded.at_ns, excluded.event) < (at_ns, event)';
    this.#write = database.prepare(
      `INSERT INTO mark (slot_ns, slot, node, kind, count, at_ns, event, text) VALUES (?, ?, ?, ?, 1, ?, ?, ?)
      ON CONFLICT (slot_ns, slot, node, kind) DO UPDATE SET count = count + 1,
        text = iif(${earlier}, excluded.text, text), event = iif(${earlier}, excluded.event, event),
        at_ns = min(at_ns, excluded.at_ns)`,
    );
  }

  add(kind: LaneMarkKind, { source: node, atNs }: TraceEvent, event: EventId, text: string): void {
    this.#waiting.push({ node, kind, atNs, event, text });
  }

  flush(): void {
    for (const { node, kind, atNs, event, text } of this.#waiting) {
      for (const widthNs of COARSE_SLOTS_NS)
        this.#write.run(widthNs, Math.floor(atNs / widthNs), node, kind, atNs, event, text);
    }
    this.#waiting = [];
  }
}
