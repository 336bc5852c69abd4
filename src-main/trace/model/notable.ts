/** Which events somebody would want to be told of, messages and figures left out. Pure. */
import type { OperatorInput } from '../../consensus/replica.ts';
import type { EventKind, TraceEvent } from './events.ts';

export const NOTABLE_KINDS: ReadonlySet<EventKind> = new Set<EventKind>([
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

/** Stages of a snapshot; its chunks are many. */
export const NOTABLE_STAGES: readonly string[] = ['saved', 'installed', 'abandoned'];

/** What somebody may ask of a node by hand: that it was refused is worth telling, unlike what is refused of messages. */
export const ASKED_BY_HAND: readonly string[] = [
  'campaign',
  'transfer-leadership',
  'change-membership',
  'leave-joint',
  'snapshot',
  'forget-leader',
] satisfies OperatorInput['kind'][];

/** Of a kind with many events, whether this one is notable. */
export function isNotable(event: TraceEvent): boolean {
  switch (event.kind) {
    case 'role':
      return event.to !== 'follower' || event.from !== 'follower';
    case 'snapshot':
      return NOTABLE_STAGES.includes(event.stage);
    case 'lease':
      return !event.held;
    case 'refuse':
      return ASKED_BY_HAND.includes(event.what);
    default:
      return NOTABLE_KINDS.has(event.kind);
  }
}
