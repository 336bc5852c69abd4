import type { Milliseconds, NodeId, OperationId, ReadMode } from '../../consensus/replica.ts';
import { eventId } from '../../trace/model/events.ts';
import type { EventId } from '../../trace/model/events.ts';
import type { Answer, Recorder } from '../host/ports.ts';
import type { ClientCall, PeerAddress } from '../protocol.ts';
import type { Self } from '../transport/handshake.ts';
import { NodeLine } from './node-line.ts';
import type { NodeLineEvents } from './node-line.ts';
import { commandText, completePayload, invokePayload, readHow } from './operation.ts';
import type { Completion, Operation } from './operation.ts';

export interface SessionOptions {
  readonly self: Self;
  readonly members: readonly PeerAddress[];
  readonly recorder: Recorder;
  /** An operation without an answer after this long ends. */
  readonly timeoutMs: number;
  /** How a read is made unless it says otherwise. */
  readonly reads: 'log' | ReadMode;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Between two attempts to find a leader. */
const probeMs = { min: 10, max: 50 };
const hopsMax = 3;
const sweepMs = 20;

/**
 * The clients' way to the cluster: one connection to each node, shared by all clients of the process. It finds the leader by
 * redirection and repeats what was certainly not applied. While no leader is known operations wait, and one at a time asks the nodes in
 * turn. What was sent and has no answer ends as unknown when its connection breaks or its time is over.
 */
export class ClientSession {
  readonly #recorder: Recorder;
  readonly #timeoutMs: number;
  readonly #reads: 'log' | ReadMode;
  readonly #random: () => number;
  readonly #nodes = new Map<NodeId, NodeLine>();
  readonly #ring: readonly NodeLine[];
  #turnOf = 0;
  #leader: NodeLine | undefined;
  #parked: Operation[] = [];
  #probe: NodeJS.Timeout | undefined;
  #flushing: NodeJS.Immediate | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #underWay = 0;
  #idle: (() => void) | undefined;
  readonly #tried = new Set<NodeId>();
  #allTried: () => void = () => undefined;

  constructor({ self, members, recorder, timeoutMs, reads, random }: SessionOptions) {
    this.#recorder = recorder;
    this.#timeoutMs = timeoutMs;
    this.#reads = reads;
    this.#random = random;
    const events: NodeLineEvents = {
      up: (node) => this.#up(node),
      down: (node, lost, reason) => this.#down(node, lost, reason),
      answered: (node, operation, answer) => this.#answered(operation, node, answer),
    };
    for (const member of members) this.#nodes.set(member.id, new NodeLine(self, member, events));
    this.#ring = [...this.#nodes.values()];
  }

  /** Connects. Resolves when every node has been reached once or has failed to answer, which takes a second at most. */
  async start(): Promise<void> {
    this.#sweep = setInterval(() => this.#expire(), sweepMs);
    await new Promise<void>((resolve) => {
      this.#allTried = resolve;
      for (const node of this.#ring) node.start();
    });
  }

  /** Nodes that are connected. */
  get reachable(): number {
    return this.#ring.filter((node) => node.open).length;
  }

  /** Operations that have not ended. */
  get underWay(): number {
    return this.#underWay;
  }

  /**
   * Begins an operation; `done` is called once, when it ends.
   * @throws RangeError when the call has no key, or key or value are too long; nothing is recorded then
   */
  call(
    id: OperationId,
    call: ClientCall,
    done: Operation['done'],
    options: { node?: NodeId; cause?: EventId } = {},
  ): void {
    const data = commandText(call);
    const head = this.#recorder.record(invokePayload(id, call), 0, options.cause);
    const operation: Operation = {
      id,
      call,
      data,
      read: readHow(call, this.#reads),
      preferred: options.node,
      invokedMs: performance.now(),
      done,
      invokeSeq: head.seq,
      invokeId: eventId(head),
      attempts: 0,
      hops: 0,
      refusal: 'no leader was found',
    };
    this.#underWay++;
    if (operation.preferred === undefined) this.#toLeader(operation);
    else this.#toPreferred(operation, operation.preferred);
  }

  /** When everything under way has ended. Its timeout bounds that. */
  async settled(): Promise<void> {
    if (this.#underWay === 0) return;
    await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  end(): void {
    clearInterval(this.#sweep);
    clearTimeout(this.#probe);
    for (const node of this.#ring) node.end('the client has ended');
  }

  #up(node: NodeLine): void {
    this.#noteTried(node);
    this.#scheduleProbe(0);
  }

  #down(node: NodeLine, lost: readonly Operation[], reason: string): void {
    this.#noteTried(node);
    this.#loseLeader(node);
    for (const operation of lost)
      this.#lose(operation, node, `the connection to ${node.id} broke: ${reason}`);
  }

  #noteTried(node: NodeLine): void {
    if (this.#tried.add(node.id).size === this.#ring.length) this.#allTried();
  }

  #toLeader(operation: Operation): void {
    if (this.#leader === undefined) this.#park(operation);
    else this.#stage(operation, this.#leader);
  }

  #toPreferred(operation: Operation, id: NodeId): void {
    const node = this.#nodes.get(id);
    if (node?.open === true) this.#stage(operation, node);
    else if (operation.read === 'stale')
      this.#fail(operation, node === undefined ? `no node ${id} is known` : `no connection to ${id}`);
    else this.#toLeader(operation);
  }

  #stage(operation: Operation, node: NodeLine): void {
    operation.attempts++;
    node.stage(operation);
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  /** The records of everything that leaves are written first; then one frame a node. */
  #flush(): void {
    this.#flushing = undefined;
    this.#recorder.flush();
    for (const node of this.#ring) {
      const refused = node.flush();
      if (refused === undefined) continue;
      this.#loseLeader(node);
      for (const operation of refused.unsent) this.#refused(operation, node, null, refused.reason);
    }
  }

  #answered(operation: Operation, node: NodeLine, answer: Answer): void {
    const { outcome, value, index, reason, read } = answer;
    switch (outcome) {
      case 'ok':
      case 'fail':
        this.#servedBy(node, operation);
        this.#complete(operation, {
          outcome,
          value,
          index,
          node: node.id,
          error: outcome === 'fail' ? reason : null,
          read,
        });
        return;
      case 'uncertain':
        this.#loseLeader(node);
        this.#lose(operation, node, reason ?? 'leadership was lost');
        return;
      case 'refused':
        this.#refused(operation, node, answer.leader, reason ?? 'refused');
    }
  }

  /** Only a leader answers what went through the log; other reads a follower may serve, and then no better place is known. */
  #servedBy(node: NodeLine, { read }: Operation): void {
    if (read === 'log' || (read !== 'stale' && this.#leader === undefined)) this.#foundLeader(node);
  }

  /** Certainly not applied: follows the redirection, if it leads anywhere, or waits for a leader. */
  #refused(operation: Operation, by: NodeLine, hint: NodeId | null, reason: string): void {
    operation.refusal = `${by.id}: ${reason}`;
    if (operation.read === 'stale') {
      this.#fail(operation, reason);
      return;
    }
    this.#loseLeader(by);
    const leader = hint === null ? this.#leader : this.#nodes.get(hint);
    if (leader === undefined || leader === by || !leader.open || operation.hops >= hopsMax) {
      this.#park(operation);
      return;
    }
    operation.hops++;
    this.#foundLeader(leader);
    this.#stage(operation, leader);
  }

  #park(operation: Operation): void {
    operation.hops = 0;
    this.#parked.push(operation);
    this.#scheduleProbe(operation.attempts === 0 ? 0 : this.#probePause());
  }

  #foundLeader(node: NodeLine): void {
    this.#leader = node;
    if (this.#parked.length === 0) return;
    const parked = this.#parked;
    this.#parked = [];
    for (const operation of parked) this.#stage(operation, node);
  }

  #loseLeader(node: NodeLine): void {
    if (this.#leader === node) this.#leader = undefined;
  }

  #probePause(): Milliseconds {
    return probeMs.min + this.#random() * (probeMs.max - probeMs.min);
  }

  #scheduleProbe(afterMs: Milliseconds): void {
    if (this.#parked.length === 0 || this.#probe !== undefined) return;
    this.#probe = setTimeout(() => {
      this.#probe = undefined;
      this.#probeNext();
    }, afterMs);
  }

  /** One waiting operation asks the next node that is connected. The others wait for what it learns. */
  #probeNext(): void {
    const node = this.#nextOpen();
    const operation = node === undefined ? undefined : this.#parked.shift();
    if (node !== undefined && operation !== undefined) this.#stage(operation, node);
    this.#scheduleProbe(this.#probePause());
  }

  #nextOpen(): NodeLine | undefined {
    for (let tried = 0; tried < this.#ring.length; tried++) {
      this.#turnOf = (this.#turnOf + 1) % this.#ring.length;
      const node = this.#ring[this.#turnOf];
      if (node?.open === true) return node;
    }
    return undefined;
  }

  #expire(): void {
    const before = performance.now() - this.#timeoutMs;
    for (const node of this.#ring) {
      const late = node.takeOlder(before);
      if (late.length > 0) this.#loseLeader(node);
      for (const operation of late) {
        this.#lose(operation, node, `no answer from ${node.id} within ${this.#timeoutMs} ms`);
      }
    }
    const late = this.#parked.filter((operation) => operation.invokedMs <= before);
    if (late.length === 0) return;
    this.#parked = this.#parked.filter((operation) => operation.invokedMs > before);
    for (const operation of late) {
      this.#fail(operation, `no leader within ${this.#timeoutMs} ms (${operation.refusal})`);
    }
  }

  /** It was sent and nobody can say what became of it. */
  #lose(operation: Operation, node: NodeLine, error: string): void {
    this.#complete(operation, {
      outcome: 'unknown',
      value: null,
      index: null,
      node: node.id,
      error,
      read: 'log',
    });
  }

  /** It certainly took no effect. */
  #fail(operation: Operation, error: string): void {
    this.#complete(operation, { outcome: 'fail', value: null, index: null, node: null, error, read: 'log' });
  }

  #complete(operation: Operation, completion: Completion): void {
    this.#recorder.record(completePayload(operation, completion), 0, operation.invokeId);
    this.#flushing ??= setImmediate(() => this.#flush());
    this.#underWay--;
    operation.done(operation, completion);
    if (this.#underWay > 0 || this.#idle === undefined) return;
    this.#idle();
    this.#idle = undefined;
  }
}
