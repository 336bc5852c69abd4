import { encodeCommand } from '../../consensus/kv/command.ts';
import type { Command } from '../../consensus/kv/command.ts';
import type { NodeId, OperationId } from '../../consensus/replica.ts';
import type { Answer, ReadHow } from '../../node/host/ports.ts';
import type { EventId, EventPayload } from '../../trace/model/events.ts';
import { eventId } from '../../trace/model/events.ts';
import type { ClientPlan, PlannedCall } from '../schedule/schedule.ts';
import type { SourceJournal } from './journal.ts';
import type { Links } from './links.ts';
import type { SimNode } from './sim-node.ts';
import type { Stream } from './streams.ts';
import type { Timeline } from './timeline.ts';
import type { VirtualClientLink } from './virtual-network.ts';

/** After a refusal, before the next node is asked. */
const PAUSE_NS = { min: 2e6, max: 20e6 };

export interface ClientWorld {
  readonly timeline: Timeline;
  readonly links: Links;
  readonly recorder: SourceJournal;
  /** Every node that a client knows of, by name. */
  readonly nodes: ReadonlyMap<NodeId, SimNode>;
  readonly resolve: (node: string) => NodeId;
}

interface UnderWay {
  readonly id: OperationId;
  readonly planned: PlannedCall;
  /** The command as text. */
  readonly data: string;
  readonly read: ReadHow;
  readonly invoke: EventId;
  attempts: number;
  /** Some attempt may have been taken: nobody can say that it had no effect. */
  perhapsTaken: boolean;
  refusal: string;
}

/**
 * A client that makes its calls one after another. What has no answer in time, or an uncertain one, it asks again under the same id, of
 * another node; sessions make that safe.
 */
export class SimClient implements VirtualClientLink {
  readonly id: string;
  readonly gone = false;
  readonly #plan: ClientPlan;
  readonly #world: ClientWorld;
  readonly #random: Stream;
  readonly #ring: readonly NodeId[];
  #next = 0;
  #leader: NodeId | undefined;
  #turnOf = 0;
  #current: UnderWay | undefined;
  /** What it last read or wrote, by key. */
  readonly #known = new Map<string, string | null>();

  constructor(plan: ClientPlan, ring: readonly NodeId[], random: Stream, world: ClientWorld) {
    this.id = plan.id;
    this.#plan = plan;
    this.#ring = ring;
    this.#random = random;
    this.#world = world;
    this.#turnOf = Math.floor(random() * ring.length);
  }

  start(): void {
    this.#scheduleNext();
  }

  answered(by: NodeId, answer: Answer): void {
    const operation = this.#current;
    if (operation === undefined || operation.id !== answer.operation) return;
    switch (answer.outcome) {
      case 'ok':
      case 'fail':
        if (operation.read !== 'stale') this.#leader = by;
        this.#decided(operation, by, answer);
        return;
      case 'uncertain':
        operation.perhapsTaken = true;
        this.#refused(operation, by, null, answer.reason);
        return;
      case 'refused':
        this.#refused(operation, by, answer.leader, answer.reason);
    }
  }

  #scheduleNext(): void {
    const planned = this.#plan.calls[this.#next++];
    if (planned !== undefined) this.#world.timeline.after(planned.afterNs, () => this.#begin(planned));
  }

  #begin(planned: PlannedCall): void {
    const id = `${this.id}/${planned.number}`;
    const command = this.#command(planned, id);
    const read = planned.call === 'get' ? planned.read : 'log';
    const head = this.#world.recorder.record(invoke(id, this.id, command, read), 0);
    this.#current = {
      id,
      planned,
      data: encodeCommand(command),
      read,
      invoke: eventId(head),
      attempts: 0,
      perhapsTaken: false,
      refusal: 'no node answered',
    };
    this.#attempt(this.#current, planned.node === undefined ? undefined : this.#world.resolve(planned.node));
  }

  #command({ call, key }: PlannedCall, id: OperationId): Command {
    switch (call) {
      case 'put':
        return { op: 'put', key, value: id };
      case 'get':
      case 'delete':
        return { op: call, key };
      case 'cas': {
        const expected = this.#known.get(key);
        return typeof expected === 'string'
          ? { op: 'cas', key, value: id, expected }
          : { op: 'cas', key, value: id };
      }
    }
  }

  #attempt(operation: UnderWay, preferred?: NodeId): void {
    if (operation !== this.#current) return;
    if (operation.attempts >= this.#plan.attemptsMax) {
      this.#giveUp(operation);
      return;
    }
    operation.attempts++;
    const to = preferred ?? this.#leader ?? this.#nextNode();
    const attempt = operation.attempts;
    const { timeline, links } = this.#world;
    links.ofClient(this.id, to).carry(() => this.#reach(operation, to));
    timeline.after(this.#plan.attemptNs, () => {
      if (operation !== this.#current || attempt !== operation.attempts) return;
      operation.perhapsTaken = true;
      if (this.#leader === to) this.#leader = undefined;
      this.#attempt(operation);
    });
  }

  /** The request is at the node, perhaps for the second time, or long after. */
  #reach({ id, data, read, invoke }: UnderWay, to: NodeId): void {
    this.#world.nodes.get(to)?.request({ operation: id, data, read, client: this, cause: invoke });
  }

  #nextNode(): NodeId {
    this.#turnOf = (this.#turnOf + 1) % this.#ring.length;
    return this.#ring[this.#turnOf] ?? '';
  }

  #refused(operation: UnderWay, by: NodeId, hint: NodeId | null, reason: string | null): void {
    operation.refusal = `${by}: ${reason ?? 'refused'}`;
    if (this.#leader === by) this.#leader = undefined;
    if (hint !== null && hint !== by) {
      this.#leader = hint;
      this.#attempt(operation, hint);
      return;
    }
    const attempt = operation.attempts;
    const pause = PAUSE_NS.min + this.#random() * (PAUSE_NS.max - PAUSE_NS.min);
    this.#world.timeline.after(pause, () => {
      if (attempt === operation.attempts) this.#attempt(operation);
    });
  }

  #giveUp(operation: UnderWay): void {
    const { attempts, perhapsTaken, refusal } = operation;
    const outcome = perhapsTaken ? 'unknown' : 'fail';
    this.#complete(operation, { outcome, attempts, error: refusal });
  }

  #decided(operation: UnderWay, node: NodeId, answer: Answer): void {
    const { planned, attempts } = operation;
    const { value, index, reason, read } = answer;
    const ok = answer.outcome === 'ok';
    if (ok || planned.call === 'cas') this.#known.set(planned.key, value);
    this.#complete(operation, {
      outcome: ok ? 'ok' : 'fail',
      // What a put wrote stands in its invocation.
      ...(planned.call === 'put' ? undefined : { value }),
      ...(index === null ? undefined : { index }),
      ...(read === 'log' ? undefined : { read }),
      node,
      attempts,
      ...(ok || reason === null ? undefined : { error: reason }),
    });
  }

  #complete({ id, invoke }: UnderWay, result: Omit<Completed, 'kind' | 'operation'>): void {
    this.#current = undefined;
    this.#world.recorder.record({ kind: 'complete', operation: id, ...result }, 0, invoke);
    this.#scheduleNext();
  }
}

type Completed = Extract<EventPayload, { kind: 'complete' }>;

function invoke(operation: OperationId, client: string, command: Command, read: ReadHow): EventPayload {
  const { op: call, key } = command;
  return {
    kind: 'invoke',
    operation,
    client,
    call,
    key,
    ...(command.op === 'put' || command.op === 'cas' ? { value: command.value } : undefined),
    ...(command.op === 'cas' && command.expected !== undefined ? { expected: command.expected } : undefined),
    ...(read === 'stale' ? { stale: true } : undefined),
  };
}
