/**
 * The course of a run: per source, in its own order, the events that matter when two runs are compared. Times, processes, causes and
 * the words of reasons are left out; who did what, in which order, on which entries is what remains. Pure.
 */
import type { EventId, EventKind, Nanoseconds, TraceEvent } from './events.ts';

/** elections: roles, terms, votes, membership, faults; everything: the log as well. */
export type CourseScope = 'elections' | 'everything';

export interface CourseStep {
  id: EventId;
  atNs: Nanoseconds;
  /** What is compared: equal for equal steps. */
  key: string;
  /** One sentence for a person. */
  text: string;
}

const ELECTION_KINDS = [
  'role',
  'term',
  'vote',
  'configuration',
  'transfer',
  'node-started',
  'node-stopped',
  'process-exited',
  'process-paused',
  'process-resumed',
  'fault-started',
  'fault-ended',
] as const satisfies readonly EventKind[];
const LOG_KINDS = [
  'append',
  'truncate',
  'commit',
  'snapshot',
  'compact',
] as const satisfies readonly EventKind[];

/** Kinds among which the steps of a course are found. */
export function courseKinds(scope: CourseScope): readonly EventKind[] {
  return scope === 'elections' ? ELECTION_KINDS : [...ELECTION_KINDS, ...LOG_KINDS];
}

/** What is compared of an event; undefined for one that is no step of a course. */
export function courseKey(event: TraceEvent, scope: CourseScope): string | undefined {
  return electionKey(event) ?? (scope === 'everything' ? logKey(event) : undefined);
}

function electionKey(event: TraceEvent): string | undefined {
  switch (event.kind) {
    case 'role':
      return `role ${event.from} ${event.to} ${event.term}`;
    case 'term':
      return `term ${event.to}`;
    case 'vote':
      return `vote ${event.candidate} ${event.term}`;
    case 'configuration':
      return `configuration ${event.stage} ${event.index} ${plain(event.configuration)}`;
    case 'transfer':
      return `transfer ${event.stage} ${event.to}`;
    case 'node-started':
      return `started ${event.term} ${event.votedFor ?? '-'} ${event.lastIndex} ${event.applied}`;
    case 'node-stopped':
      return 'stopped';
    case 'process-exited':
      return `exited ${event.node} ${event.of} ${event.reason}`;
    case 'process-paused':
    case 'process-resumed':
      return `${event.kind} ${event.node}`;
    case 'fault-started':
      return `fault ${event.fault} ${event.type} ${event.targets.join()} ${plain(event.parameters)}`;
    case 'fault-ended':
      return `fault over ${event.fault}`;
    default:
      return undefined;
  }
}

function logKey(event: TraceEvent): string | undefined {
  switch (event.kind) {
    case 'append':
      return `append ${event.first}-${event.last} ${event.term} ${event.hash}`;
    case 'truncate':
      return `truncate ${event.first}-${event.last}`;
    case 'commit':
      return `commit ${event.from}-${event.to} ${event.hash}`;
    case 'snapshot':
      // Chunks come and go as the network lets them; what counts is that one was saved or taken over.
      return event.stage === 'saved' || event.stage === 'installed'
        ? `snapshot ${event.stage} ${event.index} ${event.term} ${event.hash}`
        : undefined;
    case 'compact':
      return `compact ${event.to} ${event.term}`;
    default:
      return undefined;
  }
}

/** JSON with the keys of every object in order, so that equal values give equal text. */
function plain(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** Folds keys into one text of 16 digits: equal sequences give equal digests, others (but for one in 2^64) not. */
export class CourseDigest {
  #low = 0x811c9dc5;
  #high = 0x9e3779b9;

  add(key: string): void {
    let [low, high] = [this.#low, this.#high];
    for (let at = 0; at < key.length; at++) {
      const code = key.charCodeAt(at);
      // FNV-1a and, beside it, a multiplicative hash of another odd constant that sees the first one's bits.
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul((high ^ code) + (low >>> 15), 0x85ebca6b);
    }
    // The end of a key counts: `ab`, `c` is not `a`, `bc`.
    this.#low = Math.imul(low ^ 0x1_0000, 0x01000193);
    this.#high = Math.imul(high ^ (high >>> 13) ^ 0x1_0000, 0xc2b2ae35);
  }

  get text(): string {
    const hex = (part: number): string => (part >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }
}
