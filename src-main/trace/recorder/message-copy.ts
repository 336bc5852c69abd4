/** One copy of a message as far as it is known, between events and its row. */
import type { NodeId } from '../../consensus/replica.ts';
import type { MessageId, Nanoseconds } from '../model/events.ts';
import type { MessageFate, MessageRow } from '../model/queries.ts';

/** What is known of a copy so far; a receipt may be read before the sending. */
export interface MessageCopy {
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
  /** Whether the densities count it among those that were never delivered. */
  countedLost: boolean;
  dirty: boolean;
}

/** The row of a copy whose sending is known. */
export function messageRow(copy: MessageCopy): MessageRow | undefined {
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

export function emptyCopy(id: MessageId): MessageCopy {
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
    countedLost: false,
    dirty: false,
  };
}

export function fateOf(copy: MessageCopy): MessageFate {
  if (copy.deliveredNs !== null) return 'delivered';
  if (copy.droppedNs !== null) return 'dropped';
  if (copy.lost) return 'lost';
  return copy.arrivedNs === null ? 'under-way' : 'arrived';
}

/** The last moment at which the copy is known to have been on its way; null while it is. */
export function endOf(copy: MessageCopy, fate: MessageFate): Nanoseconds | null {
  if (fate === 'delivered') return copy.deliveredNs;
  if (fate === 'dropped') return copy.droppedNs;
  return fate === 'lost' ? (copy.arrivedNs ?? copy.sentNs) : null;
}

export interface StoredCopy {
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

export function copyOf(row: StoredCopy): MessageCopy {
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
    countedLost: row.sent_ns !== null && (row.fate === 'dropped' || row.fate === 'lost'),
    dirty: false,
  };
}
