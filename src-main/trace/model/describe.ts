/** Says in one sentence what an event is, for a person. Pure. */
import { describeMembership, grouped } from './describe-membership.ts';
import type { TraceEvent } from './events.ts';
import { describeMembers } from './members.ts';

export function describeEvent(event: TraceEvent): string {
  return (
    describeReplica(event) ?? describeMembership(event) ?? describeNode(event) ?? describeSurroundings(event)
  );
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
      const what = event.pre === true ? 'promise' : 'vote';
      const whose = event.voter === source ? `its own ${what}` : `the ${what} of ${event.voter}`;
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
      return describeProgress(event);
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
  if (to === 'pre-candidate') {
    const asks = from === 'pre-candidate' ? 'asks again' : 'asks';
    return `${source} ${asks} whether it could win term ${term + 1}: ${reason}`;
  }
  if (to === 'candidate' && from === 'candidate') return `${source} stands again, in term ${term}: ${reason}`;
  return `${source} becomes ${to} in term ${term}: ${reason}`;
}

function describeProgress(event: Extract<TraceEvent, { kind: 'progress' }>): string {
  const { source, peer, match, next, state, inFlight } = event;
  const known = `${source} knows that ${peer} holds its log up to ${match}`;
  if (state === 'snapshot') return `${known}, and sends it a snapshot`;
  if (state === 'probe') return `${known}, and probes from ${next}`;
  return `${known}, and sends from ${next}${inFlight === 0 ? '' : `, ${inFlight} unanswered`}`;
}

/** What a node did around its replica. */
function describeNode(event: TraceEvent): string | undefined {
  const { source } = event;
  switch (event.kind) {
    case 'node-started':
      return describeStart(event);
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
      return `${source} applies ${positions(event.from, event.to)}${skippedWords(event.skipped)}`;
    case 'restore':
      return `${source} takes over the state of the snapshot of entry ${event.index}, ${grouped(event.bytes)} bytes`;
    case 'request':
      return `${source} is asked for operation ${event.operation}${readWords(event.read)}`;
    case 'answer': {
      const answers = `${source} answers operation ${event.operation}${readWords(event.read)}`;
      return `${answers}: ${withReason(event.outcome, event.reason)}`;
    }
    case 'link':
      return `${source}'s link to ${event.peer} is ${event.state}: ${event.reason}`;
    default:
      return undefined;
  }
}

function describeStart(event: Extract<TraceEvent, { kind: 'node-started' }>): string {
  const { source, term, lastIndex, applied, snapshot, configuration } = event;
  if (lastIndex === 0 && term === 0) {
    const alone = configuration !== undefined && describeMembers(configuration) === 'nobody';
    return `${source} starts on an empty disk${alone ? ', to be told who takes part' : ''}`;
  }
  const held = snapshot === undefined ? '' : `snapshot of entry ${snapshot.index}, `;
  return `${source} starts from its disk: term ${term}, ${held}log up to ${lastIndex}, applied up to ${applied}`;
}

function skippedWords(skipped: readonly number[] | undefined): string {
  if (skipped === undefined || skipped.length === 0) return '';
  const which = skipped.length === 1 ? `entry ${skipped[0]} changes` : `entries ${skipped.join(', ')} change`;
  return `; ${which} nothing, a retry of what was applied before`;
}

/** How a read is answered that wants no entry of its own. */
function readWords(read: 'read-index' | 'lease' | 'stale' | undefined): string {
  switch (read) {
    case 'read-index':
      return ', a read by ReadIndex';
    case 'lease':
      return ', a read by the lease';
    case 'stale':
      return ', a stale read';
    case undefined:
      return '';
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
      return `operation ${event.operation}${readWords(event.read)} ends: ${withReason(event.outcome, event.error)}`;
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
    const text = typeof value === 'string' ? value : (changesWords(value) ?? JSON.stringify(value));
    if (name === 'changes') return text;
    if (name === 'transition') return `(${text})`;
    return name === 'node' || name === 'key' || name === 'value' ? text : `${name} ${text}`;
  });
  return [typeof kind === 'string' ? kind : 'command', ...words].join(' ');
}

/** `add-learner n4, remove n1`; undefined for anything but changes of membership. */
function changesWords(value: unknown): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const words = value.map((change: unknown) => {
    const { kind, node } = (change ?? {}) as { kind?: unknown; node?: unknown };
    return typeof kind === 'string' && typeof node === 'string' ? `${kind} ${node}` : undefined;
  });
  return words.includes(undefined) ? undefined : words.join(', ');
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
