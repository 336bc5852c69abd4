/** Sentences about configurations, leases, reads, transfers and snapshots. Pure. */
import type { TraceEvent } from './events.ts';
import { describeMembers, isJoint } from './members.ts';

type Said<Kind extends TraceEvent['kind']> = Extract<TraceEvent, { kind: Kind }>;

/** Undefined for events that are about something else. */
export function describeMembership(event: TraceEvent): string | undefined {
  switch (event.kind) {
    case 'configuration':
      return describeConfiguration(event);
    case 'lease':
      return event.held
        ? `${event.source} holds a lease for ${Math.round(event.forMs)} ms, and longer while it is renewed: ${event.reason}`
        : `${event.source} loses its lease: ${event.reason}`;
    case 'reads':
      return describeReads(event);
    case 'transfer':
      return describeTransfer(event);
    case 'snapshot':
      return describeSnapshot(event);
    case 'compact':
      return `${event.source} removes ${event.to === 1 ? 'entry 1' : `the entries up to ${event.to}`} from its log: a snapshot holds what they led to`;
    default:
      return undefined;
  }
}

function describeConfiguration({ source, stage, index, configuration }: Said<'configuration'>): string {
  const members = describeMembers(configuration);
  const kind = isJoint(configuration) ? 'joint configuration' : 'configuration';
  const which = index === 0 ? `the first ${kind}` : `the ${kind} of entry ${index}`;
  switch (stage) {
    case 'adopted':
      return `${source} adopts ${which}: ${members}`;
    case 'committed':
      return `${source} commits ${which}: ${members}`;
    case 'rolled-back':
      return `${source} goes back to ${which}, because the entry behind it was removed: ${members}`;
    case 'restored':
      return `${source} takes its configuration from a snapshot: ${members}`;
  }
}

function describeReads({ source, stage, mode, ids, atIndex, round }: Said<'reads'>): string {
  const one = ids.length === 1;
  const count = ids.length === 0 ? 'the reads of another node' : `${ids.length} ${one ? 'read' : 'reads'}`;
  const how = mode === 'lease' ? 'the lease' : 'ReadIndex';
  if (stage === 'asked') {
    const waits = round === 0 ? '' : `, until round ${round} of heartbeats confirms the leader`;
    return `${source} is asked for ${count} by ${how} at commit index ${atIndex}${waits}`;
  }
  const may = ids.length === 1 ? 'it may' : 'they may';
  return `${source} confirms ${count} by ${how}: ${may} be served once entry ${atIndex} is applied`;
}

function describeTransfer({ source, stage, to, reason }: Said<'transfer'>): string {
  switch (stage) {
    case 'started':
      return `${source} begins to hand the leadership to ${to}: ${reason}`;
    case 'timeout-now':
      return `${source} tells ${to} to time out now: ${reason}`;
    case 'ended':
      return `${source} has ended handing the leadership to ${to}: ${reason}`;
  }
}

function describeSnapshot(event: Said<'snapshot'>): string {
  const { source, stage, index, peer, bytes, total, reason } = event;
  const size = bytes === undefined ? '' : `, ${grouped(bytes)} bytes`;
  switch (stage) {
    case 'saved':
      return `${source} saves a snapshot of everything up to entry ${index}${size}`;
    case 'sending':
      return `${source} begins to send ${peer ?? 'a follower'} its snapshot of entry ${index}: the entries that it lacks are gone`;
    case 'sent':
      return `${source} has sent ${peer ?? 'a follower'} its snapshot of entry ${index}`;
    case 'receiving':
      return `${source} has ${grouped(bytes ?? 0)} of ${grouped(total ?? 0)} bytes of the snapshot of entry ${index} from ${peer ?? 'the leader'}`;
    case 'installed':
      return `${source} installs the snapshot of entry ${index} from ${peer ?? 'the leader'}${size}: its log begins behind it`;
    case 'abandoned':
      return `${source} gives up the snapshot of entry ${index}${peer === undefined ? '' : ` for ${peer}`}: ${reason ?? 'no reason said'}`;
  }
}

/** `300,000`. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
