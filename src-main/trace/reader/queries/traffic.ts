/** Messages as a drawing can tell them apart: each by itself where they are few, links by columns where they are many. */
import type { Nanoseconds } from '../../model/events.ts';
import type { HazeLink, MessageClass, QueryAnswer, QueryParams } from '../../model/queries.ts';
import { RANK_ELECTION, RANK_ENTRIES, RANK_HEARTBEAT } from '../../recorder/message-facts.ts';
import { COARSE_SLOTS_NS, MESSAGE_SPANS_NS } from '../../schema.ts';
import type { TraceConnection } from '../connection.ts';
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
/** A message of a crowded class, as far as the haze needs it. */
type Passage = Pick<StoredMessage, 'sender' | 'receiver' | 'sent_ns' | 'fate'>;

export function traffic(trace: TraceConnection, params: QueryParams<'traffic'>): QueryAnswer<'traffic'> {
  const { fromNs, toNs, buckets, heartbeats, limit } = params;
  const rows: StoredMessage[] = [];
  const crowded: MessageClass[] = [];
  const haze: HazeLink[] = [];
  if (toNs <= fromNs) return { rows: [], crowded, haze };
  const dense: MessageClass[] = [];
  for (const { rank, class: of } of CLASSES) {
    if (rank === RANK_HEARTBEAT && !heartbeats) continue;
    const room = limit - rows.length;
    if (countUpTo(trace, rank, fromNs, toNs, room + 1) <= room) {
      rows.push(...touching(trace, rank, fromNs, toNs, room));
    } else {
      crowded.push(of);
      if (slotFor((toNs - fromNs) / buckets) === undefined) haze.push(...hazeOf(trace, rank, of, params));
      else dense.push(of);
    }
  }
  if (dense.length > 0) haze.push(...countedLinks(trace, dense, params));
  return { rows: rows.map(messageOf), crowded, haze };
}

/** The widest slots of the density table that a bucket is made of. */
function slotFor(widthNs: number): number | undefined {
  return COARSE_SLOTS_NS.findLast((slotNs) => widthNs >= slotNs && widthNs % slotNs === 0);
}

/** Place of a class in the counts of a slot; behind the classes stand those that never came. */
const COUNTED: Record<MessageClass, number> = { elections: 0, entries: 1, heartbeats: 2 };
const COUNTED_LOST = 3;

/** What the recorder counted on each link, slot by slot. What was lost is told with the first of the classes. */
function countedLinks(
  trace: TraceConnection,
  classes: readonly MessageClass[],
  { fromNs, toNs, buckets }: QueryParams<'traffic'>,
): HazeLink[] {
  const widthNs = (toNs - fromNs) / buckets;
  const slotNs = slotFor(widthNs) ?? widthNs;
  const rows = trace
    .statement(
      'SELECT slot, links FROM link_density WHERE slot_ns = ? AND slot >= ? AND slot < ? ORDER BY slot',
    )
    .all(slotNs, Math.floor(fromNs / slotNs), Math.ceil(toNs / slotNs)) as { slot: number; links: string }[];
  const links = new Map<string, HazeLink>();
  for (const { slot, links: text } of rows) {
    const bucket = Math.min(Math.max(Math.floor((slot * slotNs - fromNs) / widthNs), 0), buckets - 1);
    for (const [link, counts] of Object.entries(JSON.parse(text) as Record<string, number[]>)) {
      for (const [at, of] of classes.entries()) {
        const count = counts[COUNTED[of]] ?? 0;
        if (count > 0) addCounts(links, link, of, bucket, count, at === 0 ? (counts[COUNTED_LOST] ?? 0) : 0);
      }
    }
  }
  return [...links.values()];
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
  addCounts(links, `${sender}>${receiver}`, of, bucket, 1, fate === 'lost' || fate === 'dropped' ? 1 : 0);
}

function addCounts(
  links: Map<string, HazeLink>,
  name: string,
  of: MessageClass,
  bucket: number,
  count: number,
  lost: number,
): void {
  const key = `${name} ${of}`;
  let link = links.get(key);
  if (link === undefined) {
    const [from = '', to = ''] = name.split('>');
    link = { from, to, class: of, buckets: [], counts: [], lost: [] };
    links.set(key, link);
  }
  const last = link.buckets.length - 1;
  if (link.buckets[last] === bucket) {
    link.counts[last] = (link.counts[last] ?? 0) + count;
    link.lost[last] = (link.lost[last] ?? 0) + lost;
  } else {
    link.buckets.push(bucket);
    link.counts.push(count);
    link.lost.push(lost);
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
