/**
 * Trace events in JSON (the "Trace Event Format" of Chrome), for ui.perfetto.dev and chrome://tracing. A node is a process, with one
 * track for what it is and one for its messages, and counters for its term and its log; the cluster is a process of its own, with
 * elections, faults and operations. A message is an arrow from its sending to its receipt.
 */
import { createHash } from 'node:crypto';
import type { NodeId } from '../../consensus/replica.ts';
import { describeEvent } from '../model/describe.ts';
import type { Nanoseconds, TraceEvent } from '../model/events.ts';
import { eventId, isNode } from '../model/events.ts';
import { initialState, reduce } from '../model/reducer.ts';
import type { NodeState } from '../model/state.ts';
import { elections } from '../reader/queries/overview.ts';
import type { TraceSource } from './exporting.ts';
import type { Output } from './output-file.ts';

const CLUSTER = 1;
/** Threads are known by their number alone, whatever process they are of. */
const ROLE = 0;
const MESSAGES = 1;

interface Known {
  readonly pid: number;
  /** What it is, as its track says; undefined before it has begun. */
  shown: string | undefined;
  term: number;
  commit: number;
  applied: number;
}

export function writePerfetto(from: TraceSource, output: Output): void {
  const { runId, title, startedAt } = from.header;
  output.write('{"displayTimeUnit":"ns","otherData":');
  output.write(JSON.stringify({ run: runId, title, startedAt, recordedBy: 'Quorum Lab' }));
  output.write(',"traceEvents":[\n');
  output.write(JSON.stringify(processName(CLUSTER, 'cluster')));
  const writer = new TraceEvents(from, output);
  writer.elections();
  for (const event of from.events()) writer.take(event);
  writer.end(from.info.durationNs);
  output.write('\n]}\n');
}

class TraceEvents {
  readonly #from: TraceSource;
  readonly #output: Output;
  readonly #state;
  readonly #known = new Map<NodeId, Known>();
  /** Fault that lasts -> its type. */
  readonly #faultTypes = new Map<string, string>();

  constructor(from: TraceSource, output: Output) {
    this.#from = from;
    this.#output = output;
    this.#state = initialState(from.header.nodes);
    for (const node of from.nodes) this.#knownOf(node);
  }

  elections(): void {
    for (const election of elections(this.#from.trace).elections) {
      const { number, term, leader, startedNs, electedNs, candidates, splitVotes } = election;
      const name = `election of term ${term}`;
      const args = { leader, candidates: candidates.join(' '), splitVotes };
      this.#async('b', 'election', `e${number}`, name, startedNs, args);
      this.#async('e', 'election', `e${number}`, name, electedNs);
    }
  }

  take(event: TraceEvent): void {
    reduce(this.#state, event);
    switch (event.kind) {
      case 'send':
        this.#message(event, `${event.type} to ${event.to}`, eventId(event), 'flow_out', {
          term: event.term,
        });
        break;
      case 'deliver':
        this.#message(event, `${event.type} from ${event.from}`, event.message, 'flow_in', {
          term: event.term,
        });
        break;
      case 'drop':
        this.#message(event, 'drop', event.message, 'flow_in', { reason: event.reason });
        break;
      case 'fault-started':
        this.#faultTypes.set(event.fault, event.type);
        this.#async('b', 'fault', event.fault, event.type, event.atNs, { targets: event.targets.join(' ') });
        break;
      case 'fault-ended':
        this.#endFault(event.fault, event.atNs);
        break;
      case 'invoke':
        this.#async('b', 'operation', event.operation, 'operation', event.atNs, {
          operation: event.operation,
          call: event.call,
          key: event.key,
        });
        break;
      case 'complete':
        this.#async('e', 'operation', event.operation, 'operation', event.atNs, { outcome: event.outcome });
        break;
      case 'operator':
        this.#write({
          name: describeEvent(event),
          cat: 'operator',
          ph: 'i',
          s: 'p',
          pid: CLUSTER,
          ts: event.atNs,
        });
        break;
      default:
        break;
    }
    const about = 'node' in event && typeof event.node === 'string' ? event.node : event.source;
    if (isNode(about)) this.#node(about, event.atNs);
  }

  /** Whatever lasts still, lasts to the end. */
  end(atNs: Nanoseconds): void {
    for (const known of this.#known.values()) {
      if (known.shown !== undefined) this.#slice('E', known, known.shown, atNs);
    }
    for (const fault of this.#faultTypes.keys()) this.#endFault(fault, atNs);
  }

  #node(id: NodeId, atNs: Nanoseconds): void {
    const node = this.#state.nodes.find((candidate) => candidate.id === id);
    if (node === undefined) return;
    const known = this.#knownOf(id);
    const shown = shownAs(node);
    if (shown !== known.shown) {
      if (known.shown !== undefined) this.#slice('E', known, known.shown, atNs);
      if (shown !== undefined) this.#slice('B', known, shown, atNs, { term: node.term });
      known.shown = shown;
    }
    for (const counter of ['term', 'commit', 'applied'] as const) {
      if (node[counter] === known[counter]) continue;
      known[counter] = node[counter];
      this.#write({ name: counter, ph: 'C', pid: known.pid, ts: atNs, args: { value: node[counter] } });
    }
  }

  #slice(ph: 'B' | 'E', { pid }: Known, name: string, atNs: Nanoseconds, args?: object): void {
    this.#write({ name, cat: 'role', ph, pid, tid: pid + ROLE, ts: atNs, args });
  }

  #message(
    event: TraceEvent,
    name: string,
    message: string,
    flow: 'flow_in' | 'flow_out',
    args: object,
  ): void {
    const { pid } = this.#knownOf(event.source);
    const bind = { bind_id: flowId(message), [flow]: true };
    const tid = pid + MESSAGES;
    this.#write({ name, cat: 'message', ph: 'X', pid, tid, ts: event.atNs, dur: 0, ...bind, args });
  }

  #async(ph: 'b' | 'e', cat: string, id: string, name: string, atNs: Nanoseconds, args?: object): void {
    this.#write({ name, cat, ph, id, pid: CLUSTER, tid: CLUSTER, ts: atNs, args });
  }

  /** An asynchronous event ends under the name that it began with. */
  #endFault(fault: string, atNs: Nanoseconds): void {
    const type = this.#faultTypes.get(fault);
    if (type !== undefined) this.#async('e', 'fault', fault, type, atNs);
    this.#faultTypes.delete(fault);
  }

  #knownOf(id: NodeId): Known {
    let known = this.#known.get(id);
    if (known === undefined) {
      known = { pid: (this.#known.size + 1) * 10, shown: undefined, term: 0, commit: 0, applied: 0 };
      this.#known.set(id, known);
      const { pid } = known;
      this.#raw(JSON.stringify(processName(pid, id)));
      this.#raw(JSON.stringify(threadName(pid, pid + ROLE, 'role')));
      this.#raw(JSON.stringify(threadName(pid, pid + MESSAGES, 'messages')));
    }
    return known;
  }

  #write({ ts, ...event }: TimedEvent): void {
    this.#raw(`{"ts":${microseconds(ts)},${JSON.stringify(event).slice(1)}`);
  }

  #raw(json: string): void {
    this.#output.write(`,\n${json}`);
  }
}

interface TimedEvent {
  readonly ts: Nanoseconds;
  readonly [field: string]: unknown;
}

/** Digits, not a quotient: thousandths keep their value. */
function microseconds(atNs: Nanoseconds): string {
  return `${Math.floor(atNs / 1_000)}.${String(atNs % 1_000).padStart(3, '0')}`;
}

function shownAs({ status, role }: NodeState): string | undefined {
  if (status === 'absent') return undefined;
  return status === 'running' ? role : status;
}

/** Both ends of an arrow work it out from the message's id, so that nothing need be remembered in between. */
function flowId(message: string): string {
  return `0x${createHash('sha1').update(message).digest('hex').slice(0, 15)}`;
}

function processName(pid: number, name: string): object {
  return { name: 'process_name', ph: 'M', pid, args: { name } };
}

function threadName(pid: number, tid: number, name: string): object {
  return { name: 'thread_name', ph: 'M', pid, tid, args: { name } };
}
