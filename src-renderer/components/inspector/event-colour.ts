import type { TraceEvent } from '../../../src-main/api/index.ts';
import type { ColourName } from '../../stores/appearance.ts';

/** Which token an event's dot has: what it is about. */
export function eventColour(event: TraceEvent): ColourName {
  switch (event.kind) {
    case 'role':
      return event.to === 'pre-candidate' ? 'candidate' : event.to;
    case 'leader':
    case 'transfer':
      return 'leader';
    case 'lease':
      return event.held ? 'ok' : 'fault';
    case 'configuration':
      return 'accent';
    case 'snapshot':
    case 'compact':
    case 'restore':
      return event.kind === 'snapshot' && event.stage === 'abandoned' ? 'fault' : 'learner';
    case 'reads':
      return 'accent';
    case 'vote':
      return 'ok';
    case 'tally':
      return event.granted ? 'ok' : 'down';
    case 'term':
    case 'timer-fired':
      return 'candidate';
    case 'send':
    case 'arrive':
    case 'deliver':
      return messageColour(event.type);
    case 'commit':
    case 'apply':
      return 'ok';
    case 'refuse':
    case 'drop':
    case 'truncate':
    case 'process-exited':
    case 'process-paused':
    case 'fault-started':
    case 'gap':
      return 'fault';
    default:
      return 't3';
  }
}

/** The colour of a type of message, the same wherever it is drawn. */
export function messageColour(type: string): ColourName {
  switch (type) {
    case 'RequestVote':
    case 'PreVote':
      return 'candidate';
    case 'RequestVoteReply':
    case 'PreVoteReply':
      return 'ok';
    case 'TimeoutNow':
      return 'leader';
    case 'InstallSnapshot':
    case 'InstallSnapshotReply':
      return 'learner';
    case 'ReadIndex':
    case 'ReadIndexReply':
      return 'accent';
    default:
      return 'follower';
  }
}
