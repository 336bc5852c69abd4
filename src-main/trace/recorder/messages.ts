/** Pairs what senders and receivers recorded of each copy of a message into one row. */
import type { NodeId } from '../../consensus/replica.ts';
import type { MessageId, Nanoseconds, TraceEvent } from '../model/events.ts';
import type { MessageFate, MessageRow } from '../model/queries.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';
import { carriedEntries, grantedBy, messageRank, messageSpan } from './message-facts.ts';

type SendEvent = Extract<TraceEvent, { kind: 'send' }>;
type ReceiptEvent = Extract<TraceEvent, { kind: 'arrive' | 'deliver' }>;

/** What is known of a copy so far; a receipt may be read before the sending. */
interface Copy {
  id: MessageId;
  sender: NodeId | null;
  receiver: NodeId | null;
  type: string | null;
  term: number | null;
  sentNs: Nanoseconds | null;
  arrivedNs: Nanoseconds | null;
  deliveredNs: Nanoseconds | null;
  droppedNs: Nanoseconds | null;
  lost: boolean;
  reason: string | null;
  bytes: number | null;
  entries: number | null;
  granted: number | null;
  rank: number | null;
  dirty: boolean;
}

/** A moment at which everything on its way to a node was lost. */
interface Loss {
  node: NodeId;
  atNs: Nanoseconds;
  why: string;
}

interface LinkDown {
  node: NodeId;
  peer: NodeId;
  atNs: Nanoseconds;
}

/** How long to wait for receipts recorded before a receiver's end and read after it, in the run's time. */
const LOSS_DELAY_NS = 250_000_000;

const COLUMNS =
  'id, sender, receiver, type, term, sent_ns, arrived_ns, delivered_ns, ended_ns, fate, reason, bytes, entries, granted, rank, span';

export class MessageCopies {
  /** Sendings seen, in this trace as a whole. */
  sent = 0;
  readonly #open = new Map<MessageId, Copy>();
  #dirty: Copy[] = [];
  #losses: Loss[] = [];
  readonly #linksDown: LinkDown[] = [];
  readonly #write: SqliteStatement;
  readonly #read: SqliteStatement;

  /** Takes up what an earlier recorder of the same file left open. */
  constructor(database: SqliteDatabase) {
    const marks = COLUMNS.replaceAll(/\w+/g, '?');
    const updates = COLUMNS.split(', ')
      .slice(1)
      .map((column) => `${column} = excluded.${column}`)
      .join(', ');
    this.#write = database.prepare(
      `INSERT INTO message (${COLUMNS}) VALUES (${marks}) ON CONFLICT (id) DO UPDATE SET ${updates}`,
    );
    this.#read = database.prepare(`SELECT ${COLUMNS} FROM message WHERE id = ?`);
    const open = database.prepare(
      `SELECT ${COLUMNS} FROM message WHERE fate IN ('under-way', 'arrived') OR sent_ns IS NULL`,
    );
    for (const row of open.iterate()) {
      const copy = copyOf(row as StoredCopy);
      this.#open.set(copy.id, copy);
    }
    const links = database.prepare(
      `SELECT source, body ->> '$.peer' AS peer, at_ns FROM event WHERE kind = 'link' AND body ->> '$.state' = 'down'`,
    );
    for (const row of links.iterate() as Iterable<{ source: string; peer: string; at_ns: number }>) {
      this.#linksDown.push({ node: row.source, peer: row.peer, atNs: row.at_ns });
    }
  }

  send(id: MessageId, event: SendEvent): Copy {
    const copy = this.#copy(id);
    copy.sender = event.source;
    copy.receiver = event.to;
    copy.type = event.type;
    copy.term = event.term;
    copy.sentNs = event.atNs;
    copy.bytes = event.bytes;
    copy.entries = carriedEntries(event.body);
    copy.granted = grantedBy(event.body);
    copy.rank = messageRank(event.type, event.body);
    this.sent++;
    return copy;
  }

  receipt(event: ReceiptEvent): Copy {
    const copy = this.#copy(event.message);
    copy.sender ??= event.from;
    copy.receiver ??= event.source;
    copy.type ??= event.type;
    if (event.kind === 'arrive') copy.arrivedNs = event.atNs;
    else copy.deliveredNs = event.atNs;
    return copy;
  }

  drop(event: Extract<TraceEvent, { kind: 'drop' }>): Copy {
    const copy = this.#copy(event.message);
    copy.droppedNs = event.atNs;
    copy.reason = event.reason;
    return copy;
  }

  /** A receiver's process ended or began: what was sent to it before and did not arrive never will. */
  receiverGone(node: NodeId, atNs: Nanoseconds, why: string): void {
    this.#losses.push({ node, atNs, why });
  }

  linkDown(node: NodeId, peer: NodeId, atNs: Nanoseconds): void {
    this.#linksDown.push({ node, peer, atNs });
  }

  /** Writes every row that changed. `reachedNs` is the time up to which all spools have been read. */
  flush(reachedNs: Nanoseconds): void {
    if (this.#losses.length > 0) this.#settleLosses(reachedNs);
    for (const copy of this.#dirty) this.#flushCopy(copy);
    this.#dirty = [];
  }

  /** The run is over: whatever has not been delivered never will be. */
  close(): void {
    this.flush(Infinity);
    for (const copy of this.#open.values()) {
      if (copy.deliveredNs === null && copy.droppedNs === null) {
        this.#lose(copy, 'the run ended while it was under way');
      }
    }
    this.flush(Infinity);
  }

  #copy(id: MessageId): Copy {
    let copy = this.#open.get(id);
    if (copy === undefined) {
      copy = emptyCopy(id);
      this.#open.set(id, copy);
    }
    this.#touch(copy);
    return copy;
  }

  #touch(copy: Copy): void {
    if (copy.dirty) return;
    copy.dirty = true;
    this.#dirty.push(copy);
  }

  #flushCopy(copy: Copy): void {
    copy.dirty = false;
    if (copy.sentNs === null) this.#recall(copy);
    const { sentNs } = copy;
    const fate = fateOf(copy);
    const endedNs = endOf(copy, fate);
    const span = messageSpan(sentNs, endedNs);
    this.#write.run(
      copy.id,
      copy.sender,
      copy.receiver,
      copy.type,
      copy.term,
      sentNs,
      copy.arrivedNs,
      copy.deliveredNs,
      endedNs,
      fate,
      copy.reason,
      copy.bytes,
      copy.entries,
      copy.granted,
      copy.rank,
      span,
    );
    if (sentNs !== null && fate !== 'under-way' && fate !== 'arrived') this.#open.delete(copy.id);
  }

  /** A receipt for a copy that was already given up for lost: take up again what its row says of the sending. */
  #recall(copy: Copy): void {
    const row = this.#read.get(copy.id) as StoredCopy | undefined;
    if (row === undefined) return;
    const stored = copyOf(row);
    const { arrivedNs, deliveredNs, droppedNs, reason } = copy;
    Object.assign(copy, stored, {
      arrivedNs: arrivedNs ?? stored.arrivedNs,
      deliveredNs: deliveredNs ?? stored.deliveredNs,
      droppedNs: droppedNs ?? stored.droppedNs,
      lost: false,
      reason: droppedNs === null ? null : reason,
      dirty: false,
    });
  }

  #settleLosses(reachedNs: Nanoseconds): void {
    const waiting: Loss[] = [];
    for (const loss of this.#losses) {
      if (reachedNs < loss.atNs + LOSS_DELAY_NS) {
        waiting.push(loss);
        continue;
      }
      for (const copy of this.#open.values()) {
        if (copy.receiver !== loss.node || copy.deliveredNs !== null || copy.droppedNs !== null) continue;
        if (copy.sentNs === null || (copy.arrivedNs ?? copy.sentNs) > loss.atNs) continue;
        this.#lose(copy, copy.arrivedNs === null ? loss.why : `${loss.why} (it had arrived)`);
      }
    }
    this.#losses = waiting;
  }

  #lose(copy: Copy, why: string): void {
    if (copy.sentNs === null) return;
    copy.lost = true;
    copy.reason = copy.arrivedNs === null ? (this.#downAfter(copy, copy.sentNs) ?? why) : why;
    this.#touch(copy);
  }

  #downAfter({ sender, receiver }: Copy, sentNs: Nanoseconds): string | undefined {
    for (const { node, peer, atNs } of this.#linksDown) {
      if (atNs < sentNs) continue;
      const ofThis = (node === sender && peer === receiver) || (node === receiver && peer === sender);
      if (ofThis) return `the connection between ${sender} and ${receiver} broke`;
    }
    return undefined;
  }
}

/** The row of a copy whose sending is known. */
export function messageRow(copy: Copy): MessageRow | undefined {
  const { id, sender, receiver, sentNs } = copy;
  if (sender === null || receiver === null || sentNs === null) return undefined;
  return {
    id,
    from: sender,
    to: receiver,
    type: copy.type ?? '',
    term: copy.term ?? 0,
    sentNs,
    arrivedNs: copy.arrivedNs,
    deliveredNs: copy.deliveredNs,
    fate: fateOf(copy),
    reason: copy.reason,
    bytes: copy.bytes ?? 0,
    entries: copy.entries ?? 0,
    granted: copy.granted === null ? null : copy.granted === 1,
  };
}

export type { Copy as MessageCopy };

function emptyCopy(id: MessageId): Copy {
  return {
    id,
    sender: null,
    receiver: null,
    type: null,
    term: null,
    sentNs: null,
    arrivedNs: null,
    deliveredNs: null,
    droppedNs: null,
    lost: false,
    reason: null,
    bytes: null,
    entries: null,
    granted: null,
    rank: null,
    dirty: false,
  };
}

function fateOf(copy: Copy): MessageFate {
  if (copy.deliveredNs !== null) return 'delivered';
  if (copy.droppedNs !== null) return 'dropped';
  if (copy.lost) return 'lost';
  return copy.arrivedNs === null ? 'under-way' : 'arrived';
}

/** The last moment at which the copy is known to have been on its way; null while it is. */
function endOf(copy: Copy, fate: MessageFate): Nanoseconds | null {
  if (fate === 'delivered') return copy.deliveredNs;
  if (fate === 'dropped') return copy.droppedNs;
  return fate === 'lost' ? (copy.arrivedNs ?? copy.sentNs) : null;
}

interface StoredCopy {
  id: string;
  sender: string | null;
  receiver: string | null;
  type: string | null;
  term: number | null;
  sent_ns: number | null;
  arrived_ns: number | null;
  delivered_ns: number | null;
  ended_ns: number | null;
  fate: MessageFate;
  reason: string | null;
  bytes: number | null;
  entries: number | null;
  granted: number | null;
  rank: number | null;
}

function copyOf(row: StoredCopy): Copy {
  const { id, sender, receiver, type, term, reason, bytes, entries, granted, rank } = row;
  return {
    id,
    sender,
    receiver,
    type,
    term,
    sentNs: row.sent_ns,
    arrivedNs: row.arrived_ns,
    deliveredNs: row.delivered_ns,
    droppedNs: row.fate === 'dropped' ? row.ended_ns : null,
    lost: row.fate === 'lost',
    reason,
    bytes,
    entries,
    granted,
    rank,
    dirty: false,
  };
}
