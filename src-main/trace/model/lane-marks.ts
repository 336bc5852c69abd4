/** Which events are marks of a node's lane. Pure. */
import type { EventKind, TraceEvent } from './events.ts';
import type { LaneMarkKind } from './queries.ts';

export const MARK_KINDS: ReadonlySet<EventKind> = new Set<EventKind>([
  'configuration',
  'snapshot',
  'transfer',
  'lease',
]);

/** Kind and stage as the events say them -> the mark. */
const MARKS: Readonly<Record<string, LaneMarkKind>> = {
  'configuration adopted': 'configuration-adopted',
  'configuration committed': 'configuration-committed',
  'configuration rolled-back': 'configuration-rolled-back',
  'snapshot saved': 'snapshot-saved',
  'snapshot installed': 'snapshot-installed',
  'snapshot abandoned': 'snapshot-abandoned',
  'transfer started': 'transfer-started',
  'transfer ended': 'transfer-ended',
};

/** Undefined for an event that is none. */
export function markOf(event: TraceEvent): LaneMarkKind | undefined {
  switch (event.kind) {
    case 'configuration':
    case 'snapshot':
    case 'transfer':
      return MARKS[`${event.kind} ${event.stage}`];
    case 'lease':
      return event.held ? undefined : 'lease-lost';
    default:
      return undefined;
  }
}
