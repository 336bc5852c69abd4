/** Says in one sentence what an event is, for a person. Pure. */
import type { TraceEvent } from './events.ts';

export function describeEvent(event: TraceEvent): string {
  return describeReplica(event) ?? describeNode(event) ?? describeSurroundings(event);
}

/** What changed inside a replica. */
function describeReplica(event: TraceEvent): string | undefined {
  const { source } = event;
  switch (event.kind) {
    case 'role':
      return describeRole(event);
    case 'term':
      return `${source} enters term ${event.to} from ${event.from}: ${event.reason}`;
    case 'vote':
      return event.candidate === source
        ? `${source} votes for itself in term ${event.term}`
        : `${source} votes for ${event.candidate} in term ${event.term}: ${event.reason}`;
    case 'leader':
      if (event.leader === null) return `${source} knows no leader in term ${event.term}`;
      return event.leader === source
        ? `${source} leads term ${event.term}`
        : `${source} follows ${event.leader} in term ${event.term}`;
    case 'tally': {
      const whose = event.voter === source ? 'its own vote' : `the vote of ${event.voter}`;
      const count = `${event.votes} of ${event.needed} needed`;
      return event.granted
        ? `${source} counts ${whose} in term ${event.term}: ${count}`
        : `${source} is refused ${whose} in term ${event.term}: ${count}`;
    }
    case 'append':
      return `${source} appends ${positions(event.first, event.last)} of term ${event.term}`;
    case 'truncate':
      return `${source} removes ${positions(event.first, event.last)} from its log: ${event.reason}`;
    case 'commit':
      return `${source} commits ${positions(event.from + 1, event.to)}`;
    case 'progress':
      return `${source} knows that ${event.peer} holds its log up to ${event.match} and sends from ${event.next}`;
    case 'timer-armed':
      return `${source} arms its ${event.timer} timer: ${figure(event.timeoutMs)} ms`;
    case 'refuse':
      return event.peer === source
        ? `${source} refuses ${event.what}: ${event.reason}`
        : `${source} refuses ${event.what} of ${event.peer}: ${event.reason}`;
    default:
      return undefined;
  }
}

function describeRole({ source, to, from, term, reason }: Extract<TraceEvent, { kind: 'role' }>): string {
  if (to === 'leader') return `${source} becomes leader of term ${term}: ${reason}`;
  if (to === 'candidate' && from === 'candidate') return `${source} stands again, in term ${term}: ${reason}`;
  return `${source} becomes ${to} in term ${term}: ${reason}`;
}

/** What a node did around its replica. */
function describeNode(event: TraceEvent): string | undefined {
  const { source } = event;
  switch (event.kind) {
    case 'node-started':
      return event.lastIndex === 0 && event.term === 0
        ? `${source} starts on an empty disk`
        : `${source} starts from its disk: term ${event.term}, log up to ${event.lastIndex}, applied up to ${event.applied}`;
    case 'node-stopped':
      return `${source} stops: ${event.reason}`;
    case 'timer-fired':
      return `${source}'s ${event.timer} timer fires, ${figure(event.lateNs / 1e6)} ms late`;
    case 'send':
      return `${source} sends ${event.type} of term ${event.term} to ${event.to}`;
    case 'arrive':
      return `${event.type} from ${event.from} arrives at ${source}`;
    case 'deliver':
      return `${source} takes in ${event.type} of term ${event.term} from ${event.from}`;
    case 'drop':
      return `${source} drops message ${event.message}: ${event.reason}`;
    case 'persist-begun':
      return `${source} begins to write ${event.rows} ${event.rows === 1 ? 'row' : 'rows'} to its disk`;
    case 'persist-completed':
      return `${source}'s disk holds its log up to ${event.lastIndex} after ${figure(event.tookNs / 1e6)} ms`;
    case 'apply':
      return `${source} applies ${positions(event.from, event.to)}`;
    case 'request':
      return `${source} is asked for operation ${event.operation}`;
    case 'answer':
      return `${source} answers operation ${event.operation}: ${withReason(event.outcome, event.reason)}`;
    case 'link':
      return `${source}'s link to ${event.peer} is ${event.state}: ${event.reason}`;
    default:
      return undefined;
  }
}

/** What operators, clients and the supervisor did. */
function describeSurroundings(event: TraceEvent): string {
  switch (event.kind) {
    case 'process-spawned':
      return `${event.node} is started as process ${event.pid}`;
    case 'process-ready':
      return `${event.node} is ready`;
    case 'process-exited':
      return describeExit(event);
    case 'process-paused':
      return `${event.node} is paused`;
    case 'process-resumed':
      return `${event.node} goes on`;
    case 'operator': {
      const asked = `${event.origin} asks: ${describeCommand(event.command)}`;
      return event.refused === undefined ? asked : `${asked} – refused: ${event.refused}`;
    }
    case 'fault-started':
      return `fault ${event.fault} begins: ${event.type} on ${event.targets.join(', ')}`;
    case 'fault-ended':
      return `fault ${event.fault} ends`;
    case 'invoke':
      return `client ${event.client} begins ${event.operation}: ${describeCall(event)}`;
    case 'complete':
      return `operation ${event.operation} ends: ${withReason(event.outcome, event.error)}`;
    case 'run-started':
      return `the run starts with ${event.nodes.length} ${event.nodes.length === 1 ? 'node' : 'nodes'}`;
    case 'run-stopped':
      return `the run stops: ${event.reason}`;
    case 'gap': {
      const whose = `${event.of}, incarnation ${event.ofIncarnation}`;
      return `the recording lacks ${range('event', event.fromSeq, event.toSeq)} of ${whose}`;
    }
    default:
      return `${event.source} records ${event.kind}`;
  }
}

function describeExit(event: Extract<TraceEvent, { kind: 'process-exited' }>): string {
  switch (event.reason) {
    case 'killed':
      return `${event.node} is dead: killed${event.signal === null ? '' : ` by ${event.signal}`}`;
    case 'stopped':
      return `${event.node} has stopped`;
    default: {
      const how = event.signal ?? (event.code === null ? 'no exit code' : `exit code ${event.code}`);
      return `${event.node} has ${event.reason} (${how})${event.error === undefined ? '' : `: ${event.error}`}`;
    }
  }
}

function describeCommand(command: object): string {
  const fields = Object.entries(command).filter(([name]) => name !== 'kind');
  const kind = (command as { kind?: unknown }).kind;
  const words = fields.map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return name === 'node' || name === 'key' || name === 'value' ? text : `${name} ${text}`;
  });
  return [typeof kind === 'string' ? kind : 'command', ...words].join(' ');
}

function describeCall(event: Extract<TraceEvent, { kind: 'invoke' }>): string {
  const { call, key, value, expected, stale } = event;
  if (call === 'cas') return `cas ${key} ${expected ?? '(absent)'} → ${value ?? ''}`;
  if (call === 'put') return `put ${key} ${value ?? ''}`;
  return `${stale === true ? 'stale ' : ''}${call} ${key}`;
}

function withReason(outcome: string, reason: string | undefined): string {
  return reason === undefined ? outcome : `${outcome} (${reason})`;
}

function positions(first: number, last: number): string {
  return range('entry', first, last);
}

function range(what: 'entry' | 'event', first: number, last: number): string {
  if (first === last) return `${what} ${first}`;
  return `${what === 'entry' ? 'entries' : 'events'} ${first}–${last}`;
}

/** At most three decimals. */
function figure(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
