import type { TraceEvent } from '../../../src-main/api/index.ts';
import type { ColourName } from '../../stores/appearance.ts';

/** Which token an event's dot has: what it is about. */
export function eventColour(event: TraceEvent): ColourName {
  switch (event.kind) {
    case 'role':
      return event.to === 'leader' ? 'leader' : event.to === 'candidate' ? 'candidate' : 'follower';
    case 'leader':
      return 'leader';
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
      return event.type.startsWith('RequestVote')
        ? event.type === 'RequestVote'
          ? 'candidate'
          : 'ok'
        : 'follower';
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
