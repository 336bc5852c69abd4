/** Messages as a drawing can tell them apart: each by itself where they are few, links by columns where they are many. */
import type { Nanoseconds } from '../../model/events.ts';
import type { HazeLink, MessageClass, QueryAnswer, QueryParams } from '../../model/queries.ts';
import { RANK_ELECTION, RANK_ENTRIES, RANK_HEARTBEAT } from '../../recorder/message-facts.ts';
import { DENSITY_SLOTS_NS, MESSAGE_SPANS_NS } from '../../schema.ts';
import type { TraceConnection } from '../connection.ts';
import { density } from './density.ts';
import { TOUCHES, messageOf, sentWindows, touching } from './messages.ts';
import type { StoredMessage } from './messages.ts';

const CLASSES: readonly { rank: number; class: MessageClass }[] = [
  { rank: RANK_ELECTION, class: 'elections' },
  { rank: RANK_ENTRIES, class: 'entries' },
  { rank: RANK_HEARTBEAT, class: 'heartbeats' },
];

/**
 * In a busy bucket so many messages tell which links were in use; all of them need not be looked at. More than the links that a cluster
 * of nine uses between two heartbeats, there and back.
 */
const LOOKED_AT_MAX = 16;
/** Of the copies that were long under way, which are few. */
const SLOW_MAX = 1_000;
/** A bucket holds at least so many slots of the density table, or what it says of a bucket is too coarse. */
const SLOTS_A_BUCKET_MIN = 4;

/** A message of a crowded class, as far as the haze needs it. */
type Passage = Pick<StoredMessage, 'sender' | 'receiver' | 'sent_ns' | 'fate'>;

export function traffic(trace: TraceConnection, params: QueryParams<'traffic'>): QueryAnswer<'traffic'> {
  const { fromNs, toNs, buckets, heartbeats, limit } = params;
  const rows: StoredMessage[] = [];
  const crowded: MessageClass[] = [];
  const haze: HazeLink[] = [];
  if (toNs <= fromNs) return { rows: [], crowded, haze, sent: null };
  for (const { rank, class: of } of CLASSES) {
    if (rank === RANK_HEARTBEAT && !heartbeats) continue;
    const room = limit - rows.length;
    if (countUpTo(trace, rank, fromNs, toNs, room + 1) <= room) {
      rows.push(...touching(trace, rank, fromNs, toNs, room));
    } else {
      crowded.push(of);
      haze.push(...hazeOf(trace, rank, of, params));
    }
  }
  const [finestNs = Infinity] = DENSITY_SLOTS_NS;
  const isKnown = crowded.length > 0 && (toNs - fromNs) / buckets >= finestNs * SLOTS_A_BUCKET_MIN;
  const sent = isKnown ? density(trace, params).buckets.map(({ messages }) => messages) : null;
  return { rows: rows.map(messageOf), crowded, haze, sent };
}

/** How many copies of a rank touch the window, but no more than `most`: beyond that it does not matter. */
function countUpTo(
  trace: TraceConnection,
  rank: number,
  fromNs: Nanoseconds,
  toNs: Nanoseconds,
  most: number,
): number {
  const statement = trace
    .statement(
      `SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY message_by_rank WHERE ${TOUCHES} LIMIT ?)`,
    )
    .pluck();
  let count = 0;
  for (const { span, sentFromNs } of sentWindows(fromNs)) {
    if (count < most) count += statement.get(rank, span, sentFromNs, toNs, fromNs, most - count) as number;
  }
  return count;
}

function hazeOf(
  trace: TraceConnection,
  rank: number,
  of: MessageClass,
  { fromNs, toNs, buckets }: QueryParams<'traffic'>,
): HazeLink[] {
  const statement = trace.statement(
    `SELECT sender, receiver, sent_ns, fate FROM message INDEXED BY message_by_rank
    WHERE rank = ? AND span = ? AND sent_ns >= ? AND sent_ns < ? ORDER BY sent_ns LIMIT ?`,
  );
  const widthNs = (toNs - fromNs) / buckets;
  const links = new Map<string, HazeLink>();
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.ceil(fromNs + bucket * widthNs);
    const to = Math.ceil(fromNs + (bucket + 1) * widthNs);
    for (const passage of statement.iterate(rank, 0, from, to, LOOKED_AT_MAX) as Iterable<Passage>)
      add(links, of, bucket, passage);
  }
  for (let span = 1; span <= MESSAGE_SPANS_NS.length; span++) {
    for (const passage of statement.iterate(rank, span, fromNs, toNs, SLOW_MAX) as Iterable<Passage>)
      add(links, of, Math.min(Math.floor((passage.sent_ns - fromNs) / widthNs), buckets - 1), passage);
  }
  return [...links.values()].map(inOrder);
}

function add(
  links: Map<string, HazeLink>,
  of: MessageClass,
  bucket: number,
  { sender, receiver, fate }: Passage,
): void {
  const key = `${sender}>${receiver}`;
  let link = links.get(key);
  if (link === undefined) {
    link = { from: sender, to: receiver, class: of, buckets: [], counts: [], lost: [] };
    links.set(key, link);
  }
  const isLost = fate === 'lost' || fate === 'dropped' ? 1 : 0;
  const last = link.buckets.length - 1;
  if (link.buckets[last] === bucket) {
    link.counts[last] = (link.counts[last] ?? 0) + 1;
    link.lost[last] = (link.lost[last] ?? 0) + isLost;
  } else {
    link.buckets.push(bucket);
    link.counts.push(1);
    link.lost.push(isLost);
  }
}

/** Slow copies were added behind the others: sorted in, and joined with those of the same bucket. */
function inOrder(link: HazeLink): HazeLink {
  const isOrdered = link.buckets.every((bucket, at) => at === 0 || (link.buckets[at - 1] ?? 0) < bucket);
  if (isOrdered) return link;
  const order = [...link.buckets.keys()].sort((a, b) => (link.buckets[a] ?? 0) - (link.buckets[b] ?? 0));
  const sorted: HazeLink = { ...link, buckets: [], counts: [], lost: [] };
  for (const at of order) {
    const bucket = link.buckets[at] ?? 0;
    const last = sorted.buckets.length - 1;
    if (sorted.buckets[last] === bucket) {
      sorted.counts[last] = (sorted.counts[last] ?? 0) + (link.counts[at] ?? 0);
      sorted.lost[last] = (sorted.lost[last] ?? 0) + (link.lost[at] ?? 0);
    } else {
      sorted.buckets.push(bucket);
      sorted.counts.push(link.counts[at] ?? 0);
      sorted.lost.push(link.lost[at] ?? 0);
    }
  }
  return sorted;
}
