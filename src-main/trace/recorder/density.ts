/** Counts what happens by slots of time, so that a zoomed-out drawing need not read the events. */
import type { NodeId } from '../../consensus/replica.ts';
import { describeEvent } from '../model/describe.ts';
import { eventId } from '../model/events.ts';
import type { EventKind, Nanoseconds, TraceEvent } from '../model/events.ts';
import { latencyClass } from '../model/latency.ts';
import { markOf } from '../model/lane-marks.ts';
import { COARSE_SLOTS_NS, DENSITY_SLOTS_NS } from '../schema.ts';
import type { SqliteDatabase } from '../sqlite.ts';
import { Marks } from './marks.ts';
import { Slots } from './slots.ts';

interface Counts {
  events: number;
  messages: number;
  operations: number;
}

interface OperationCounts {
  invoked: number;
  acknowledged: number;
  failed: number;
  unknown: number;
  maxNs: Nanoseconds;
  /** Class of latency -> how many. */
  latencies: Record<number, number>;
}

/** `n1>n2` -> sent by rank (elections, entries, heartbeats), and how many of them never arrived. */
export type LinkCounts = Record<string, [number, number, number, number]>;

export class Density {
  readonly #counts: Slots<Counts>;
  readonly #operations: Slots<OperationCounts>;
  readonly #commits: Slots<Record<NodeId, number>>;
  readonly #links: Slots<LinkCounts>;
  readonly #marks: Marks;

  constructor(database: SqliteDatabase) {
    this.#counts = countSlots(database);
    this.#operations = operationSlots(database);
    this.#commits = commitSlots(database);
    this.#links = linkSlots(database);
    this.#marks = new Marks(database);
  }

  /** Messages count when they are sent, operations when they complete. */
  count(kind: EventKind, atNs: Nanoseconds): void {
    const counts = this.#counts.at(atNs);
    counts.events++;
    if (kind === 'send') counts.messages++;
    else if (kind === 'complete') counts.operations++;
  }

  commit({ source, atNs, to }: Extract<TraceEvent, { kind: 'commit' }>): void {
    const reached = this.#commits.at(atNs);
    if (to > (reached[source] ?? 0)) reached[source] = to;
  }

  /** A mark of its node's lane, should it be one. */
  mark(event: TraceEvent): void {
    const kind = markOf(event);
    if (kind !== undefined) this.#marks.add(kind, event, eventId(event), describeEvent(event));
  }

  invoked(atNs: Nanoseconds): void {
    this.#operations.at(atNs).invoked++;
  }

  completed(atNs: Nanoseconds, outcome: 'ok' | 'fail' | 'unknown', tookNs: Nanoseconds): void {
    const counts = this.#operations.at(atNs);
    if (outcome === 'fail') counts.failed++;
    else if (outcome === 'unknown') counts.unknown++;
    else {
      counts.acknowledged++;
      if (tookNs > counts.maxNs) counts.maxNs = tookNs;
      const at = latencyClass(tookNs);
      counts.latencies[at] = (counts.latencies[at] ?? 0) + 1;
    }
  }

  sent(from: NodeId, to: NodeId, rank: number, atNs: Nanoseconds): void {
    const counts = this.#link(from, to, atNs);
    if (rank === 0) counts[0]++;
    else if (rank === 1) counts[1]++;
    else counts[2]++;
  }

  /** `by` is 1 for a copy that will never be delivered, -1 for one that was taken for such. */
  lost(from: NodeId, to: NodeId, sentNs: Nanoseconds, by: 1 | -1): void {
    this.#link(from, to, sentNs)[3] += by;
  }

  flush(): void {
    this.#counts.flush();
    this.#operations.flush();
    this.#commits.flush();
    this.#links.flush();
    this.#marks.flush();
  }

  #link(from: NodeId, to: NodeId, atNs: Nanoseconds): [number, number, number, number] {
    return (this.#links.at(atNs)[`${from}>${to}`] ??= [0, 0, 0, 0]);
  }
}

function countSlots(database: SqliteDatabase): Slots<Counts> {
  return new Slots<Counts>(database, {
    table: 'density',
    columns: ['events', 'messages', 'operations'],
    widthsNs: DENSITY_SLOTS_NS,
    empty: () => ({ events: 0, messages: 0, operations: 0 }),
    add: (into, part) => {
      into.events += part.events;
      into.messages += part.messages;
      into.operations += part.operations;
    },
    store: ({ events, messages, operations }) => [events, messages, operations],
    load: (row) => {
      const [events, messages, operations] = row as [number, number, number];
      return { events, messages, operations };
    },
  });
}

function operationSlots(database: SqliteDatabase): Slots<OperationCounts> {
  return new Slots<OperationCounts>(database, {
    table: 'operation_density',
    columns: ['invoked', 'acknowledged', 'failed', 'unknown', 'max_ns', 'latencies'],
    widthsNs: COARSE_SLOTS_NS,
    empty: () => ({ invoked: 0, acknowledged: 0, failed: 0, unknown: 0, maxNs: 0, latencies: {} }),
    add: (into, part) => {
      into.invoked += part.invoked;
      into.acknowledged += part.acknowledged;
      into.failed += part.failed;
      into.unknown += part.unknown;
      into.maxNs = Math.max(into.maxNs, part.maxNs);
      for (const at in part.latencies)
        into.latencies[at] = (into.latencies[at] ?? 0) + (part.latencies[at] ?? 0);
    },
    store: ({ invoked, acknowledged, failed, unknown, maxNs, latencies }) => [
      invoked,
      acknowledged,
      failed,
      unknown,
      maxNs,
      JSON.stringify(latencies),
    ],
    load: (row) => {
      const [invoked, acknowledged, failed, unknown, maxNs, text] = row as [
        number,
        number,
        number,
        number,
        number,
        string,
      ];
      const latencies = JSON.parse(text) as Record<number, number>;
      return { invoked, acknowledged, failed, unknown, maxNs, latencies };
    },
  });
}

function commitSlots(database: SqliteDatabase): Slots<Record<NodeId, number>> {
  return new Slots<Record<NodeId, number>>(database, {
    table: 'commit_density',
    columns: ['reached'],
    widthsNs: DENSITY_SLOTS_NS,
    empty: () => ({}),
    add: (into, part) => {
      for (const node in part) into[node] = Math.max(into[node] ?? 0, part[node] ?? 0);
    },
    store: (reached) => [sortedJson(reached)],
    load: (row) => JSON.parse(row[0] as string) as Record<NodeId, number>,
  });
}

function linkSlots(database: SqliteDatabase): Slots<LinkCounts> {
  return new Slots<LinkCounts>(database, {
    table: 'link_density',
    columns: ['links'],
    widthsNs: COARSE_SLOTS_NS,
    empty: () => ({}),
    add: (into, part) => {
      for (const link in part) {
        const known = (into[link] ??= [0, 0, 0, 0]);
        part[link]?.forEach((count, at) => (known[at] = (known[at] ?? 0) + count));
      }
    },
    store: (links) => [sortedJson(links)],
    load: (row) => JSON.parse(row[0] as string) as LinkCounts,
  });
}

/** The same text in whatever order the fields came. */
function sortedJson(fields: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(fields).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(fields[name])}`).join(',')}}`;
}
