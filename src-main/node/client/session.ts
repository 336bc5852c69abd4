import type { Milliseconds, NodeId, OperationId, ReadMode } from '../../consensus/replica.ts';
import { eventId } from '../../trace/model/events.ts';
import type { EventId } from '../../trace/model/events.ts';
import type { Answer, Recorder } from '../host/ports.ts';
import type { ClientCall, PeerAddress } from '../protocol.ts';
import type { Self } from '../transport/handshake.ts';
import { LeaderSearch } from './leader-search.ts';
import { NodeLine } from './node-line.ts';
import { NodeRing } from './node-ring.ts';
import { commandText, completePayload, invokePayload, readHow } from './operation.ts';
import type { Completion, Operation } from './operation.ts';
import { Patience } from './patience.ts';

export interface SessionOptions {
  readonly self: Self;
  readonly members: readonly PeerAddress[];
  readonly recorder: Recorder;
  /** An operation without an answer after this long ends. */
  readonly timeoutMs: number;
  /** How a read is made unless it says otherwise. */
  readonly reads: 'log' | ReadMode;
  /** An operation without an answer is sent again under its own id (dissertation §6.3): the state machine applies it once. */
  readonly retries: boolean;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const hopsMax = 3;
const sweepMs = 20;
/** Shorter than this, pauses of the machine itself would count as silence. */
const patienceMsMin = 150;
const patienceMsFirst = 500;
/** A silent node must not hold an operation for its whole time. */
const patienceShareMax = 1 / 4;

/**
 * The clients' way to the cluster: one connection to each node, shared by all clients of the process. It finds the leader by
 * redirection and repeats what was certainly not applied. While no leader is known operations wait, and one at a time asks the nodes in
 * turn. What was sent and has no answer ends as unknown when its connection breaks or its time is over; with `retries` other nodes are
 * asked as well until then, also when an answer is only late.
 */
export class ClientSession {
  readonly #recorder: Recorder;
  readonly #timeoutMs: number;
  readonly #reads: 'log' | ReadMode;
  readonly #retries: boolean;
  readonly #patience: Patience;
  readonly #ring: NodeRing;
  /** In the order of their invocation, so that those whose time is over stand first. */
  readonly #underWay = new Set<Operation>();
  readonly #search: LeaderSearch;
  #flushing: NodeJS.Immediate | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #idle: (() => void) | undefined;
  #over = false;

  constructor({ self, members, recorder, timeoutMs, reads, retries, random }: SessionOptions) {
    this.#recorder = recorder;
    this.#timeoutMs = timeoutMs;
    this.#reads = reads;
    this.#retries = retries;
    const max = Math.max(sweepMs, timeoutMs * patienceShareMax);
    this.#patience = new Patience({ min: Math.min(patienceMsMin, max), max, first: patienceMsFirst });
    const patienceFor = ({ read, lates }: Operation): Milliseconds =>
      retries && read !== 'stale' ? this.#patience.ms(lates) : Infinity;
    this.#ring = new NodeRing(
      members,
      (member) =>
        new NodeLine(self, member, patienceFor, {
          up: (node) => this.#up(node),
          down: (node, lost, reason) => this.#down(node, lost, reason),
          answered: (node, operation, answer, tookMs) => this.#answered(operation, node, answer, tookMs),
        }),
    );
    this.#search = new LeaderSearch(this.#ring, random, {
      ask: (operation, node) => this.#ask(operation, node),
      send: (operation, node) => this.#send(operation, node),
    });
  }

  /** Connects. Resolves when every node has been reached once or has failed to answer, which takes a second at most. */
  async start(): Promise<void> {
    this.#sweep = setInterval(() => this.#expire(), sweepMs);
    await this.#ring.start();
  }

  /** Replaces the address book. What was sent to a node that is not in it any more counts as lost. */
  readdress(members: readonly PeerAddress[]): void {
    for (const node of this.#ring.readdress(members)) {
      this.#search.lost(node);
      for (const operation of node.takeStaged())
        this.#refused(operation, node, null, `${node.id} is not at that address any more`);
    }
  }

  /** Nodes that are connected. */
  get reachable(): number {
    return this.#ring.lines.filter((node) => node.open).length;
  }

  /** Operations that have not ended. */
  get underWay(): number {
    return this.#underWay.size;
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
      unanswered: 0,
      lates: 0,
      asked: null,
      waiting: false,
      ended: false,
      hops: 0,
      refusal: 'no leader was found',
    };
    this.#underWay.add(operation);
    if (operation.preferred === undefined) this.#toLeader(operation);
    else this.#toPreferred(operation, operation.preferred);
  }

  /** When everything under way has ended. Its timeout bounds that. */
  async settled(): Promise<void> {
    if (this.#underWay.size === 0) return;
    await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  end(): void {
    this.#over = true;
    clearInterval(this.#sweep);
    this.#search.end();
    this.#ring.end('the client has ended');
  }

  #up(node: NodeLine): void {
    this.#ring.noteTried(node);
    this.#search.wake();
  }

  #down(node: NodeLine, lost: readonly Operation[], reason: string): void {
    this.#ring.noteTried(node);
    this.#search.lost(node);
    for (const operation of lost)
      this.#lost(operation, node, `the connection to ${node.id} broke: ${reason}`);
  }

  #toLeader(operation: Operation): void {
    const { leader } = this.#search;
    if (leader === undefined || leader.silent) this.#search.park(operation);
    else this.#ask(operation, leader);
  }

  #toPreferred(operation: Operation, id: NodeId): void {
    const node = this.#ring.get(id);
    if (node?.open === true) this.#ask(operation, node);
    else if (operation.read === 'stale')
      this.#fail(operation, node === undefined ? `no node ${id} is known` : `no connection to ${id}`);
    else this.#toLeader(operation);
  }

  #ask(operation: Operation, node: NodeLine): void {
    operation.asked = node.id;
    operation.waiting = true;
    this.#send(operation, node);
  }

  #send(operation: Operation, node: NodeLine): void {
    operation.attempts++;
    node.stage(operation);
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  /** The records of everything that leaves are written first; then one frame a node. */
  #flush(): void {
    this.#flushing = undefined;
    this.#recorder.flush();
    for (const node of this.#ring.lines) {
      const refused = node.flush();
      if (refused === undefined) continue;
      this.#search.lost(node);
      for (const operation of refused.unsent) this.#refused(operation, node, null, refused.reason);
    }
  }

  #answered(operation: Operation, node: NodeLine, answer: Answer, tookMs: Milliseconds): void {
    const { outcome, value, index, reason, read } = answer;
    switch (outcome) {
      case 'ok':
      case 'fail':
        if (operation.attempts === 1) this.#patience.learn(tookMs);
        operation.unanswered--;
        operation.ended = true;
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
        this.#search.lost(node);
        this.#lost(operation, node, reason ?? 'leadership was lost');
        return;
      case 'refused':
        operation.unanswered--;
        this.#refused(operation, node, answer.leader, reason ?? 'refused');
    }
  }

  /** Only a leader answers what went through the log; other reads a follower may serve, and then no better place is known. */
  #servedBy(node: NodeLine, { read }: Operation): void {
    if (read === 'log' || (read !== 'stale' && this.#search.leader === undefined)) this.#search.found(node);
  }

  /** That attempt certainly was not applied: follows the redirection, if it leads anywhere, or waits for a leader. */
  #refused(operation: Operation, by: NodeLine, hint: NodeId | null, reason: string): void {
    operation.refusal = `${by.id}: ${reason}`;
    if (operation.read === 'stale') {
      this.#fail(operation, reason);
      return;
    }
    this.#search.lost(by);
    const current = isCurrent(operation, by);
    const leader = hint === null ? this.#search.leader : this.#ring.get(hint);
    const usable = leader !== undefined && leader !== by && leader.open && !leader.silent;
    if (usable && operation.hops < hopsMax) {
      operation.hops++;
      this.#search.found(leader);
      if (current) this.#ask(operation, leader);
    } else if (current) this.#search.park(operation);
  }

  /** It was sent and nobody can say what became of it. Sent again, it takes effect once. */
  #lost(operation: Operation, node: NodeLine, error: string): void {
    if (!this.#retries || this.#over || operation.read === 'stale') {
      this.#lose(operation, node.id, error);
      return;
    }
    operation.refusal = error;
    if (isCurrent(operation, node)) this.#toLeader(operation);
  }

  #expire(): void {
    const nowMs = performance.now();
    if (this.#retries) this.#askElsewhere(nowMs);
    const before = nowMs - this.#timeoutMs;
    let expired = false;
    for (const operation of this.#underWay) {
      if (operation.invokedMs > before) break;
      expired = true;
      this.#timeOut(operation);
    }
    if (expired) this.#search.dropEnded();
  }

  /** Operations whose answers are late wait for what one of them learns from another node. */
  #askElsewhere(nowMs: Milliseconds): void {
    for (const node of this.#ring.lines) {
      for (const operation of node.takeLate(nowMs)) {
        operation.lates++;
        operation.refusal = `${node.id} is silent`;
        if (isCurrent(operation, node)) this.#search.park(operation);
      }
    }
  }

  #timeOut(operation: Operation): void {
    const { asked, attempts, unanswered, refusal } = operation;
    const node = asked === null ? undefined : this.#ring.get(asked);
    if (operation.waiting && node !== undefined) this.#search.lost(node);
    if (unanswered === 0) {
      this.#fail(operation, `no leader within ${this.#timeoutMs} ms (${refusal})`);
      return;
    }
    const again = attempts > 1 ? `, after ${attempts} attempts` : '';
    this.#lose(operation, asked, `no answer from ${asked} within ${this.#timeoutMs} ms${again}`);
  }

  #lose(operation: Operation, node: NodeId | null, error: string): void {
    this.#complete(operation, { outcome: 'unknown', value: null, index: null, node, error, read: 'log' });
  }

  /** It certainly took no effect. */
  #fail(operation: Operation, error: string): void {
    this.#complete(operation, { outcome: 'fail', value: null, index: null, node: null, error, read: 'log' });
  }

  #complete(operation: Operation, completion: Completion): void {
    operation.ended = true;
    if (operation.unanswered > 0) for (const node of this.#ring.lines) node.forget(operation);
    this.#underWay.delete(operation);
    this.#recorder.record(completePayload(operation, completion), 0, operation.invokeId);
    this.#flushing ??= setImmediate(() => this.#flush());
    operation.done(operation, completion);
    if (this.#underWay.size > 0 || this.#idle === undefined) return;
    this.#idle();
    this.#idle = undefined;
  }
}

/** What this node says decides what comes next; otherwise another was asked since, or the operation is parked. */
function isCurrent({ asked, waiting }: Operation, { id }: NodeLine): boolean {
  return waiting && asked === id;
}
