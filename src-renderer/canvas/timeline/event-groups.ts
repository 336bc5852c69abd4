/** Kinds of events as people ask for them. */
import type { EventKind } from '../../../src-main/api/index.ts';

export const EVENT_GROUPS: readonly { readonly name: string; readonly kinds: readonly EventKind[] }[] = [
  { name: 'elections', kinds: ['role', 'term', 'vote', 'leader', 'tally'] },
  { name: 'messages', kinds: ['send', 'arrive', 'deliver', 'drop'] },
  { name: 'log and commit', kinds: ['append', 'truncate', 'commit', 'apply', 'progress'] },
  { name: 'members and transfers', kinds: ['configuration', 'transfer', 'role', 'process-spawned'] },
  { name: 'snapshots', kinds: ['snapshot', 'compact', 'restore'] },
  { name: 'reads and leases', kinds: ['reads', 'lease'] },
  { name: 'disk', kinds: ['persist-begun', 'persist-completed'] },
  { name: 'timers', kinds: ['timer-armed', 'timer-fired'] },
  { name: 'refusals', kinds: ['refuse', 'drop'] },
  {
    name: 'processes and faults',
    kinds: [
      'process-spawned',
      'process-ready',
      'process-exited',
      'process-paused',
      'process-resumed',
      'node-started',
      'node-stopped',
      'fault-started',
      'fault-ended',
      'link',
      'gap',
    ],
  },
  { name: 'operators', kinds: ['operator', 'run-started', 'run-stopped'] },
  { name: 'clients', kinds: ['invoke', 'complete', 'request', 'answer'] },
];
