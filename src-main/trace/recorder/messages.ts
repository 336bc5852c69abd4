/** Pairs what senders and receivers recorded of each copy of a message into one row. */
import type { NodeId } from '../../consensus/replica.ts';
import type { MessageId, Nanoseconds, TraceEvent } from '../model/events.ts';
import type { MessageFate } from '../model/queries.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';
import type { Density } from './density.ts';
import { copyOf, emptyCopy, endOf, fateOf } from './message-copy.ts';
import type { MessageCopy, StoredCopy } from './message-copy.ts';
import { carriedEntries, grantedBy, messageRank, messageSpan } from './message-facts.ts';

type SendEvent = Extract<TraceEvent, { kind: 'send' }>;
type ReceiptEvent = Extract<TraceEvent, { kind: 'arrive' | 'deliver' }>;

/** A moment at which a node's process was gone: what was on its way to it never came. */
interface Absence {
  node: NodeId;
  atNs: Nanoseconds;
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
  readonly #open = new Map<MessageId, MessageCopy>();
  #dirty: MessageCopy[] = [];
  readonly #absences: Absence[] = [];
  /** Absences whose losses have not been written yet. */
  #unsettled: Absence[] = [];
  readonly #linksDown: LinkDown[] = [];
  readonly #write: SqliteStatement;
  readonly #read: SqliteStatement;
  readonly #lost: SqliteStatement;

  readonly #density: Density;

  /** Takes up what an earlier recorder of the same file left open. */
  constructor(database: SqliteDatabase, density: Density) {
    this.#density = density;
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
    this.#lost = database.prepare(`SELECT ${COLUMNS} FROM message WHERE fate = 'lost'`);
    this.#remember(database);
  }

  send(id: MessageId, event: SendEvent): MessageCopy {
    const copy = this.#copy(id);
    copy.sender = event.source;
    copy.receiver = event.to;
    copy.type = event.type;
    copy.term = event.term;
    copy.sentNs = event.atNs;
    copy.bytes = event.bytes;
    copy.entries = carriedEntries(event.body);
    copy.granted = grantedBy(event.type, event.body);
    copy.rank = messageRank(event.type, event.body);
    this.sent++;
    this.#density.sent(event.source, event.to, copy.rank, event.atNs);
    return copy;
  }

  receipt(event: ReceiptEvent): MessageCopy {
    const copy = this.#copy(event.message);
    copy.sender ??= event.from;
    copy.receiver ??= event.source;
    copy.type ??= event.type;
    if (event.kind === 'arrive') copy.arrivedNs = event.atNs;
    else copy.deliveredNs = event.atNs;
    return copy;
  }

  drop(event: Extract<TraceEvent, { kind: 'drop' }>): MessageCopy {
    const copy = this.#copy(event.message);
    copy.droppedNs = event.atNs;
    copy.reason = event.reason;
    return copy;
  }

  /** A receiver's process ended or began: what was sent to it before and did not arrive never will. */
  receiverGone(node: NodeId, atNs: Nanoseconds): void {
    this.#absences.push({ node, atNs });
    this.#unsettled.push({ node, atNs });
  }

  linkDown(node: NodeId, peer: NodeId, atNs: Nanoseconds): void {
    this.#linksDown.push({ node, peer, atNs });
  }

  /** Writes every row that changed. `reachedNs` is the time up to which all spools have been read. */
  flush(reachedNs: Nanoseconds): void {
    if (this.#unsettled.length > 0) this.#settle(reachedNs);
    for (const copy of this.#dirty) this.#flushCopy(copy);
    this.#dirty = [];
  }

  /** The run is over: whatever has not been delivered never will be, and now everything is known that tells why. */
  close(): void {
    this.flush(Infinity);
    for (const copy of this.#open.values()) {
      if (copy.deliveredNs === null && copy.droppedNs === null) this.#lose(copy);
    }
    this.flush(Infinity);
    for (const row of this.#lost.all() as StoredCopy[]) this.#lose(copyOf(row));
    this.flush(Infinity);
  }

  #copy(id: MessageId): MessageCopy {
    let copy = this.#open.get(id);
    if (copy === undefined) {
      copy = emptyCopy(id);
      this.#open.set(id, copy);
    }
    this.#touch(copy);
    return copy;
  }

  #touch(copy: MessageCopy): void {
    if (copy.dirty) return;
    copy.dirty = true;
    this.#dirty.push(copy);
  }

  #flushCopy(copy: MessageCopy): void {
    copy.dirty = false;
    if (copy.sentNs === null) this.#recall(copy);
    const { sentNs } = copy;
    const fate = fateOf(copy);
    const endedNs = endOf(copy, fate);
    const span = messageSpan(sentNs, endedNs);
    this.#countLoss(copy, fate);
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

  #countLoss(copy: MessageCopy, fate: MessageFate): void {
    const isLost = fate === 'dropped' || fate === 'lost';
    const { sender, receiver, sentNs } = copy;
    if (isLost === copy.countedLost || sender === null || receiver === null || sentNs === null) return;
    copy.countedLost = isLost;
    this.#density.lost(sender, receiver, sentNs, isLost ? 1 : -1);
  }

  /** A receipt for a copy that was already given up for lost: take up again what its row says of the sending. */
  #recall(copy: MessageCopy): void {
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

  #settle(reachedNs: Nanoseconds): void {
    const waiting: Absence[] = [];
    for (const absence of this.#unsettled) {
      if (reachedNs < absence.atNs + LOSS_DELAY_NS) waiting.push(absence);
      else this.#loseThoseTo(absence);
    }
    this.#unsettled = waiting;
  }

  #loseThoseTo({ node, atNs }: Absence): void {
    for (const copy of this.#open.values()) {
      if (copy.receiver !== node || copy.deliveredNs !== null || copy.droppedNs !== null) continue;
      if (copy.sentNs !== null && (copy.arrivedNs ?? copy.sentNs) <= atNs) this.#lose(copy);
    }
  }

  #lose(copy: MessageCopy): void {
    if (copy.sentNs === null) return;
    copy.lost = true;
    copy.reason = this.#reasonOfLoss(copy, copy.sentNs);
    this.#touch(copy);
  }

  #reasonOfLoss({ sender, receiver, arrivedNs }: MessageCopy, sentNs: Nanoseconds): string {
    const gone = this.#absences.some(({ node, atNs }) => node === receiver && atNs >= (arrivedNs ?? sentNs));
    if (arrivedNs !== null)
      return gone ? `${receiver} was gone before it took it in` : 'the run ended before it was taken in';
    for (const { node, peer, atNs } of this.#linksDown) {
      if (atNs < sentNs) continue;
      const ofThis = (node === sender && peer === receiver) || (node === receiver && peer === sender);
      if (ofThis) return `the connection between ${sender} and ${receiver} broke`;
    }
    return gone ? `${receiver} was gone` : 'the run ended while it was under way';
  }

  /** What an earlier recorder of the same file saw of connections and processes. */
  #remember(database: SqliteDatabase): void {
    const links = database.prepare(
      `SELECT source AS node, body ->> '$.peer' AS peer, at_ns AS atNs FROM event
      WHERE kind = 'link' AND body ->> '$.state' = 'down'`,
    );
    for (const link of links.all() as LinkDown[]) this.#linksDown.push(link);
    const absences = database.prepare(
      `SELECT body ->> '$.node' AS node, at_ns AS atNs FROM event WHERE kind IN ('process-exited', 'process-spawned')`,
    );
    for (const absence of absences.all() as Absence[]) this.#absences.push(absence);
  }
}
