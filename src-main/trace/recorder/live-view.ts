/** Folds what a live window shows beside the cluster's state: rates, votes, notable events, operations. */
import type { OperatorInput } from '../../consensus/replica.ts';
import type { EventKind, Nanoseconds, TraceEvent } from '../model/events.ts';
import { eventId } from '../model/events.ts';
import { describeEvent } from '../model/describe.ts';
import { operationBucket } from '../model/latency.ts';
import type { EventDetail, LiveSnapshot, MessageRow, OperationBucket } from '../model/queries.ts';
import { RANK_ELECTION } from './message-facts.ts';
import { messageRow } from './message-copy.ts';
import type { MessageCopy } from './message-copy.ts';
import type { RecordingListener } from './recording.ts';

const RATE_SLOT_NS = 100_000_000;
const RATE_SLOTS = 10;
const VOTES_NS = 2_000_000_000;
const VOTES_MAX = 200;
const NOTABLE_MAX = 50;
const BUCKET_NS = 250_000_000;
const BUCKETS = 120;
const LATENESS_NS = 5_000_000_000;
const LATENESS_MAX = 5_000;

const NOTABLE_KINDS: ReadonlySet<EventKind> = new Set<EventKind>([
  'role',
  'truncate',
  'configuration',
  'transfer',
  'snapshot',
  'lease',
  'refuse',
  'node-started',
  'node-stopped',
  'process-spawned',
  'process-exited',
  'process-paused',
  'process-resumed',
  'operator',
  'fault-started',
  'fault-ended',
  'link',
  'run-started',
  'run-stopped',
  'gap',
]);

/** What somebody may ask of a node by hand: that it was refused is worth telling. */
const ASKED_BY_HAND: ReadonlySet<string> = new Set<OperatorInput['kind']>([
  'campaign',
  'transfer-leadership',
  'change-membership',
  'leave-joint',
  'snapshot',
  'forget-leader',
]);

interface Bucket {
  invoked: number;
  failed: number;
  unknown: number;
  latenciesNs: number[];
}

export class LiveView implements RecordingListener {
  /** Directed link -> slot of 100 ms -> deliveries. */
  readonly #links = new Map<string, { from: string; to: string; slots: Map<number, number> }>();
  #votes: MessageCopy[] = [];
  #notable: EventDetail[] = [];
  readonly #buckets = new Map<number, Bucket>();
  readonly #invokedNs = new Map<string, Nanoseconds>();
  #lateness: { atNs: Nanoseconds; lateNs: Nanoseconds }[] = [];

  event(event: TraceEvent): void {
    switch (event.kind) {
      case 'deliver':
        this.#delivered(event.from, event.source, event.atNs);
        return;
      case 'invoke':
        this.#bucket(event.atNs).invoked++;
        this.#invokedNs.set(event.operation, event.atNs);
        return;
      case 'complete':
        this.#completed(event);
        return;
      case 'timer-fired':
        this.#fired(event.atNs, event.lateNs);
        return;
      default:
        if (NOTABLE_KINDS.has(event.kind)) this.#note(event);
    }
  }

  message(copy: MessageCopy): void {
    if (copy.rank !== RANK_ELECTION) return;
    this.#votes.push(copy);
    if (this.#votes.length > 2 * VOTES_MAX) this.#votes = this.#votes.slice(-VOTES_MAX);
  }

  /** What it knows at the live edge; what has grown too old is forgotten. */
  snapshot(
    atNs: Nanoseconds,
  ): Pick<LiveSnapshot, 'links' | 'votes' | 'notable' | 'operations' | 'timerLatenessMsMax'> {
    this.#votes = this.#votes.filter((copy) => (copy.sentNs ?? 0) > atNs - VOTES_NS).slice(-VOTES_MAX);
    this.#lateness = this.#lateness.filter((one) => one.atNs > atNs - LATENESS_NS);
    let latestNs: Nanoseconds | null = null;
    for (const { lateNs } of this.#lateness) latestNs = Math.max(latestNs ?? 0, lateNs);
    return {
      links: this.#rates(atNs),
      votes: this.#votes.map(messageRow).filter((row): row is MessageRow => row !== undefined),
      notable: [...this.#notable],
      operations: this.#operationBuckets(atNs),
      timerLatenessMsMax: latestNs === null ? null : latestNs / 1e6,
    };
  }

  #delivered(from: string, to: string, atNs: Nanoseconds): void {
    const key = `${from} ${to}`;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = { from, to, slots: new Map() };
      this.#links.set(key, link);
    }
    const slot = Math.floor(atNs / RATE_SLOT_NS);
    link.slots.set(slot, (link.slots.get(slot) ?? 0) + 1);
    if (link.slots.size > 4 * RATE_SLOTS) forgetBelow(link.slots, slot - RATE_SLOTS);
  }

  #fired(atNs: Nanoseconds, lateNs: Nanoseconds): void {
    this.#lateness.push({ atNs, lateNs });
    if (this.#lateness.length > LATENESS_MAX)
      this.#lateness = this.#lateness.filter((one) => one.atNs > atNs - LATENESS_NS);
  }

  #rates(atNs: Nanoseconds): LiveSnapshot['links'] {
    const oldest = Math.floor(atNs / RATE_SLOT_NS) - RATE_SLOTS;
    const rates: LiveSnapshot['links'] = [];
    for (const { from, to, slots } of this.#links.values()) {
      forgetBelow(slots, oldest + 1);
      let perSecond = 0;
      for (const count of slots.values()) perSecond += count;
      rates.push({ from, to, perSecond });
    }
    return rates;
  }

  #completed(event: Extract<TraceEvent, { kind: 'complete' }>): void {
    const bucket = this.#bucket(event.atNs);
    const invokedNs = this.#invokedNs.get(event.operation);
    this.#invokedNs.delete(event.operation);
    if (event.outcome === 'fail') bucket.failed++;
    else if (event.outcome === 'unknown') bucket.unknown++;
    else bucket.latenciesNs.push(event.atNs - (invokedNs ?? event.atNs));
  }

  #bucket(atNs: Nanoseconds): Bucket {
    const slot = Math.floor(atNs / BUCKET_NS);
    let bucket = this.#buckets.get(slot);
    if (bucket === undefined) {
      bucket = { invoked: 0, failed: 0, unknown: 0, latenciesNs: [] };
      this.#buckets.set(slot, bucket);
      if (this.#buckets.size > 2 * BUCKETS) forgetBelow(this.#buckets, slot - BUCKETS);
    }
    return bucket;
  }

  #operationBuckets(atNs: Nanoseconds): OperationBucket[] {
    const newest = Math.floor(atNs / BUCKET_NS);
    const oldest = Math.max(0, newest - BUCKETS + 1);
    forgetBelow(this.#buckets, oldest);
    const buckets: OperationBucket[] = [];
    for (let slot = oldest; slot <= newest; slot++) {
      const { invoked = 0, failed = 0, unknown = 0, latenciesNs = [] } = this.#buckets.get(slot) ?? {};
      const span = { fromNs: slot * BUCKET_NS, toNs: (slot + 1) * BUCKET_NS };
      buckets.push(operationBucket(span, { invoked, failed, unknown }, latenciesNs));
    }
    return buckets;
  }

  #note(event: TraceEvent): void {
    if (!isNotable(event)) return;
    this.#notable.push({ id: eventId(event), event, text: describeEvent(event) });
    if (this.#notable.length > NOTABLE_MAX) this.#notable.shift();
  }
}

/** Of kinds with many events, those that somebody would want to be told. */
function isNotable(event: TraceEvent): boolean {
  switch (event.kind) {
    case 'role':
      return event.to !== 'follower' || event.from !== 'follower';
    case 'snapshot':
      return event.stage === 'saved' || event.stage === 'installed' || event.stage === 'abandoned';
    case 'lease':
      return !event.held;
    case 'refuse':
      return ASKED_BY_HAND.has(event.what);
    default:
      return true;
  }
}

function forgetBelow(slots: Map<number, unknown>, oldest: number): void {
  for (const slot of slots.keys()) if (slot < oldest) slots.delete(slot);
}
