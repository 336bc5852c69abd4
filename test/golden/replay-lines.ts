/** A run of the simulation told like a golden transcript, from the events that it records. */
import { describeCommand } from '../../src-main/consensus/kv/command.ts';
import type { Entry, LogIndex, Message, NodeId, Term, Transition } from '../../src-main/consensus/replica.ts';
import type { RecordedEntries } from '../../src-main/node/host/recorded-body.ts';
import { runSchedule } from '../../src-main/simulation/run.ts';
import type { Schedule } from '../../src-main/simulation/schedule/schedule.ts';
import { eventId, type EventId, type TraceEvent } from '../../src-main/trace/model/events.ts';
import { entryText, messageText, rangeText, transitionText, type Telling } from './raft-lines.ts';

/** Marks what shows that a rule is broken. */
const MARK = '! ';
const PLAIN = '  ';

/** Runs the schedule and tells it step by step; what broke stands at the end, and the events that show it are marked. */
export function replay(schedule: Schedule): string[] {
  const events: TraceEvent[] = [];
  const { finding } = runSchedule(schedule, (event) => events.push(event));
  const lines = new Replay(events, new Set(finding?.events)).lines;
  const end = finding === undefined ? 'nothing is broken' : `broken: ${finding.rule}. ${finding.text}`;
  return [...lines, end];
}

class Replay {
  readonly lines: string[] = [];
  readonly #marked: ReadonlySet<EventId>;
  readonly #sent = new Map<EventId, string>();
  readonly #roles = new Map<NodeId, string>();
  readonly #known = new Map<string, Pick<Entry, 'kind' | 'data'>>();

  constructor(events: readonly TraceEvent[], marked: ReadonlySet<EventId>) {
    this.#marked = marked;
    for (let at = 0; at < events.length;) {
      let end = at + 1;
      while (end < events.length && isSameStep(events[at]!, events[end]!)) end++;
      this.#tell(events.slice(at, end));
      at = end;
    }
  }

  #tell(step: readonly TraceEvent[]): void {
    for (const event of step) {
      const id = eventId(event);
      const text = this.#text(event, step);
      if (text === undefined) continue;
      const [head, body] = text;
      const at = head ? `${(event.atNs / 1e6).toFixed(1).padStart(7)} ms  ` : ' '.repeat(14);
      this.lines.push(`${this.#marked.has(id) ? MARK : PLAIN}${at}${body}`);
    }
  }

  /** Whether the line begins a step or stands for itself, and what it says. */
  #text(event: TraceEvent, step: readonly TraceEvent[]): [head: boolean, text: string] | undefined {
    const { source } = event;
    switch (event.kind) {
      case 'send':
        this.#sent.set(eventId(event), messageText(this.#messageOf(event)));
        // Else its delivery says it.
        return this.#marked.has(eventId(event))
          ? [false, `${source} → ${event.to}  ${this.#sent.get(eventId(event)) ?? ''}`]
          : undefined;
      case 'deliver':
        return [true, `${source} ← ${event.from}  ${this.#sent.get(event.message) ?? event.type}`];
      case 'drop':
        return [
          true,
          `lost on the way to ${source}: ${this.#sent.get(event.message) ?? 'a message'} (${event.reason})`,
        ];
      case 'timer-fired':
        return [true, `${source}: the ${event.timer} timer runs out`];
      case 'node-started':
        return [
          true,
          `${source} comes up in term ${event.term}, log up to ${event.lastIndex}, applied up to ${event.applied}`,
        ];
      case 'process-exited':
        return [true, `${event.node} is down (${event.reason})`];
      case 'process-paused':
        return [true, `${event.node} is paused`];
      case 'process-resumed':
        return [true, `${event.node} goes on`];
      case 'operator':
        return [true, `asked for: ${JSON.stringify(event.command)}`];
      case 'fault-started':
        return [true, `fault ${event.fault} begins: ${event.type} ${event.targets.join(' ')}`];
      case 'fault-ended':
        return [true, `fault ${event.fault} ends`];
      case 'persist-completed':
        return [
          true,
          `${source}: on disk are entries up to ${event.lastIndex}, term ${event.term}, ${event.votedFor === null ? 'no vote' : `vote ${event.votedFor}`}`,
        ];
      case 'apply':
        return [false, `${source} applies ${rangeText(event.from, event.to)}`];
      case 'restore':
        return [false, `${source} takes over the state of entry ${event.index}`];
      case 'request':
        return [true, `${source} is asked for ${event.operation}`];
      case 'answer':
        return [false, `${source} answers ${event.operation}: ${event.outcome}`];
      case 'invoke':
        return [
          true,
          `client: ${event.operation} is ${event.call} ${event.key} ${event.value ?? ''}`.trimEnd(),
        ];
      case 'complete':
        return [
          true,
          `client: ${event.operation} ${event.outcome}${event.value === undefined || event.value === null ? '' : ` ${event.value}`}`,
        ];
      case 'timer-armed':
      case 'arrive':
      case 'persist-begun':
      case 'process-spawned':
      case 'process-ready':
      case 'node-stopped':
      case 'link':
      case 'run-started':
      case 'run-stopped':
      case 'gap':
        return undefined;
      default: {
        if (event.kind === 'role') this.#roles.set(source, event.to);
        const text = transitionText(event satisfies Transition, this.#telling(source, step));
        return text === undefined ? undefined : [false, `${source} ${text}`];
      }
    }
  }

  #telling(id: NodeId, step: readonly TraceEvent[]): Telling {
    return {
      id,
      leads: this.#roles.get(id) === 'leader',
      step: step.map((each) => ({ kind: each.kind, reason: 'reason' in each ? each.reason : undefined })),
      appended: (append) => {
        this.#learn(append);
        return this.#entries(append.first, append.last, append.term).map(entryText).join(', ');
      },
    };
  }

  /** Only who makes an entry says what it is; everybody else is told of it by index and term (Log Matching). */
  #learn({ first, term, entries }: Extract<Transition, { kind: 'append' }>): void {
    entries?.forEach(({ data }, at) => {
      const kind = data === '' ? 'no-op' : data.startsWith('{"voters"') ? 'configuration' : 'command';
      const shown = kind === 'command' ? describeCommand(data) : data;
      this.#known.set(`${first + at}@${term}`, { kind, data: shown });
    });
  }

  #entries(first: LogIndex, last: LogIndex, term: Term): Entry[] {
    return Array.from({ length: last - first + 1 }, (_, at) => {
      const known = this.#known.get(`${first + at}@${term}`) ?? { kind: 'command', data: '?' };
      return { index: first + at, term, ...known };
    });
  }

  /** The message that was sent, as far as its recorded body tells. */
  #messageOf({ source, to, type, term, body }: TraceEvent & { readonly kind: 'send' }): Message {
    const { entries, data } = body as { entries?: RecordedEntries; data?: number };
    const runs = entries?.terms ?? [];
    return {
      type,
      from: source,
      to,
      term,
      body: {
        ...body,
        ...(entries !== undefined && {
          entries: runs.flatMap((run) => this.#entries(run.first, run.last, run.term)),
        }),
        ...(data !== undefined && { data: new Uint8Array(data) }),
      },
    };
  }
}

function isSameStep(one: TraceEvent, other: TraceEvent): boolean {
  return (
    one.step !== 0 &&
    one.source === other.source &&
    one.incarnation === other.incarnation &&
    one.step === other.step
  );
}
