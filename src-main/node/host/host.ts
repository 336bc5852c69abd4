import type {
  ChainHash,
  Effects,
  Entry,
  Input,
  LogIndex,
  MachineAnswer,
  Milliseconds,
  OperatorInput,
  Proposal,
  ReadRequest,
  Replica,
  Transition,
} from '../../consensus/replica.ts';
import { eventId } from '../../trace/model/events.ts';
import type { EventId } from '../../trace/model/events.ts';
import { obeyMachineRequest } from './machine-requests.ts';
import { Outbox } from './outbox.ts';
import { openDoor } from './ports.ts';
import type { Clock, Disk, Door, Envelope, Machine, Network, Parcel, Recorder, Request } from './ports.ts';
import { WaitingClients } from './waiting-clients.ts';
import { WaitingReads } from './waiting-reads.ts';
import { Writes } from './writes.ts';
import type { Batch } from './writes.ts';

export interface HostParts<P extends Parcel> {
  readonly replica: Replica;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly network: Network<P>;
  readonly recorder: Recorder;
  readonly machine: Machine;
  readonly door?: Door;
}

type TimerTransition = Extract<Transition, { kind: 'timer' }>;

interface OperatorCommand {
  readonly command: OperatorInput;
  readonly cause: EventId;
}

/**
 * The turn loop: runs a replica and obeys its effects. It knows the replica contract and the ports, no protocol and
 * no world; a node process and the simulation run this very loop.
 *
 * One turn drains what arrived, one step an input; records; lets leave what may leave at once; makes every write of
 * the turn durable together; records; lets leave what waited for it; applies what was committed; answers clients.
 * Everything that leaves goes through the outbox, which records first.
 */
export class Host<P extends Parcel = Parcel> {
  readonly #replica: Replica;
  readonly #clock: Clock;
  readonly #disk: Disk;
  readonly #recorder: Recorder;
  readonly #machine: Machine;
  readonly #door: Door;
  readonly #outbox: Outbox<P>;
  readonly #clients: WaitingClients<P>;
  readonly #reads: WaitingReads<P>;
  readonly #writes = new Writes();

  #arrived: Envelope[] = [];
  #requests: Request[] = [];
  #operators: OperatorCommand[] = [];

  #step = 0;
  #now: Milliseconds = 0;
  /** A replica comes up waiting for a leader. */
  #armedTimer: 'election' | 'heartbeat' = 'election';
  #armedBy: EventId | undefined;

  constructor(parts: HostParts<P>) {
    this.#replica = parts.replica;
    this.#clock = parts.clock;
    this.#disk = parts.disk;
    this.#recorder = parts.recorder;
    this.#machine = parts.machine;
    this.#door = parts.door ?? openDoor;
    this.#outbox = new Outbox(parts.recorder, parts.network);
    this.#clients = new WaitingClients(this.#outbox);
    this.#reads = new WaitingReads(this.#outbox, parts.machine);
  }

  /** Lets the replica's first timer run: it was armed when the replica came up, outside any step. */
  start(): void {
    const { deadline } = this.#replica;
    const now = this.#readClock();
    if (deadline !== undefined) {
      this.#recordTimer(
        { kind: 'timer', timer: this.#armedTimer, deadline, timeoutMs: deadline - now },
        now,
        0,
        undefined,
      );
    }
    this.#recorder.flush();
    this.#clock.alarm(deadline);
  }

  /** A peer's message has arrived; the door decides when it is delivered. */
  arrive(envelope: Envelope): void {
    const { from, type } = envelope.message;
    this.#recorder.record({ kind: 'arrive', message: messageId(envelope), from, type }, 0);
    this.#door.admit(envelope, this.#deliver);
  }

  request(request: Request): void {
    this.#requests.push(request);
    this.#clock.soon();
  }

  operator(command: OperatorInput, cause: EventId): void {
    this.#operators.push({ command, cause });
    this.#clock.soon();
  }

  /** One turn. The clock calls it; calling it with nothing to do does no harm. */
  turn(): void {
    this.#stepMessages();
    this.#stepRequests();
    this.#stepOperators();
    this.#stepTimer();
    this.#obey();
    this.#clock.alarm(this.#replica.deadline);
  }

  readonly #deliver = (envelope: Envelope): void => {
    this.#arrived.push(envelope);
    this.#clock.soon();
  };

  #stepMessages(): void {
    if (this.#arrived.length === 0) return;
    const arrived = this.#arrived;
    this.#arrived = [];
    for (const envelope of arrived) {
      const { message } = envelope;
      const { from, type, term } = message;
      const id = messageId(envelope);
      const step = ++this.#step;
      const head = this.#recorder.record({ kind: 'deliver', message: id, from, type, term }, step, id);
      this.#feed({ kind: 'receive', message }, step, eventId(head));
    }
  }

  /** Everything that clients proposed since the last turn becomes one input, and everything they want to read another. */
  #stepRequests(): void {
    if (this.#requests.length === 0) return;
    const requests = this.#requests;
    this.#requests = [];
    const step = ++this.#step;
    const proposals: Proposal[] = [];
    const reads: ReadRequest[] = [];
    let proposed: EventId | undefined;
    let asked: EventId | undefined;
    for (const request of requests) {
      const { operation, data, read, cause } = request;
      const payload =
        read === 'log'
          ? ({ kind: 'request', operation } as const)
          : ({ kind: 'request', operation, read } as const);
      const head = this.#recorder.record(payload, step, cause);
      if (read === 'log') {
        proposed ??= eventId(head);
        this.#clients.add(request);
        proposals.push({ id: operation, data });
      } else if (read === 'stale') this.#reads.answerStale(request, step, eventId(head));
      else {
        asked ??= eventId(head);
        this.#reads.add(request);
        reads.push({ id: operation, mode: read });
      }
    }
    if (proposals.length > 0) this.#feed({ kind: 'propose', proposals }, step, proposed);
    if (reads.length > 0)
      this.#feed({ kind: 'read', reads }, proposals.length > 0 ? ++this.#step : step, asked);
  }

  #stepOperators(): void {
    if (this.#operators.length === 0) return;
    const operators = this.#operators;
    this.#operators = [];
    for (const { command, cause } of operators) {
      const step = ++this.#step;
      const head = this.#recorder.record({ kind: 'operator', command, origin: 'lab' }, step, cause);
      this.#feed({ kind: 'operator', command }, step, eventId(head));
    }
  }

  #stepTimer(): void {
    const { deadline } = this.#replica;
    if (deadline === undefined) return;
    const late = this.#readClock() - deadline;
    if (late < 0) return;
    const step = ++this.#step;
    const lateNs = Math.round(late * 1e6);
    const head = this.#recorder.record(
      { kind: 'timer-fired', timer: this.#armedTimer, lateNs },
      step,
      this.#armedBy,
    );
    this.#feed({ kind: 'timeout' }, step, eventId(head));
  }

  /**
   * Works off everything that the steps of this turn asked for, and what that asks for in turn. Whatever waits for nothing leaves
   * before the next write begins: the others write while this node does, and no client waits for a write that is none of its own.
   */
  #obey(): void {
    do {
      const batch = this.#writes.begin();
      const begun = batch === undefined ? undefined : this.#recordBegun(batch);
      this.#outbox.release();
      this.#releaseHeldMessages();
      this.#makeHeldChanges();
      this.#outbox.release();
      if (batch !== undefined && begun !== undefined) this.#write(batch, begun);
    } while (this.#writes.canGoOn(this.#machine.busy !== true));
    // What made nothing leave is on record a little later than what did.
    this.#recorder.flush();
  }

  #recordBegun({ ids, rows, cause }: Batch): EventId {
    return eventId(this.#recorder.record({ kind: 'persist-begun', ids, rows }, ++this.#step, cause));
  }

  #write(batch: Batch, begun: EventId): void {
    const startedNs = this.#recorder.now();
    let returned = false;
    this.#disk.write(batch.persists, () => {
      this.#noteWritten(batch, begun, startedNs);
      if (!returned) return;
      // The disk took its time, so this is outside any turn: go on from here.
      this.#obey();
      this.#clock.alarm(this.#replica.deadline);
    });
    returned = true;
  }

  #noteWritten(batch: Batch, begun: EventId, startedNs: number): void {
    const { ids } = batch;
    this.#writes.completed(batch);
    const atNs = this.#recorder.now();
    const tookNs = atNs - startedNs;
    const { lastIndex, term, votedFor } = this.#disk.durable();
    let step = ++this.#step;
    const completed = { kind: 'persist-completed', ids, tookNs, lastIndex, term, votedFor } as const;
    const cause = eventId(this.#recorder.record(completed, step, begun, atNs));
    for (const id of ids) {
      if (id !== ids[0]) step = ++this.#step;
      this.#feed({ kind: 'persisted', id }, step, cause);
    }
  }

  #releaseHeldMessages(): void {
    const messages = this.#writes.takeMessages();
    if (messages.length === 0) return;
    for (const { message, step, cause } of messages) this.#outbox.stageMessage(message, step, cause);
    // Before anything is applied: a leader waits for these.
    this.#outbox.release();
  }

  #makeHeldChanges(): void {
    while (this.#machine.busy !== true) {
      const change = this.#writes.takeChange();
      if (change === undefined) return;
      if (change.kind === 'apply') this.#apply(change.entries, change.hash, change.cause);
      else this.#restore(change.index, change.cause);
    }
  }

  #apply(entries: readonly Entry[], hash: ChainHash, cause: EventId | undefined): void {
    const first = entries[0];
    const last = entries[entries.length - 1];
    if (first === undefined || last === undefined) return;
    const results = this.#machine.apply(entries);
    const from = first.index;
    const to = last.index;
    let skipped: LogIndex[] | undefined;
    for (let at = 0; at < results.length; at++) {
      if (results[at]?.repeated === true) (skipped ??= []).push(from + at);
    }
    const step = ++this.#step;
    const payload =
      skipped === undefined
        ? ({ kind: 'apply', from, to, hash } as const)
        : ({ kind: 'apply', from, to, hash, skipped } as const);
    const applied = eventId(this.#recorder.record(payload, step, cause));
    this.#feed({ kind: 'applied', index: to }, step, applied);
    this.#clients.answerApplied(entries, results, step, applied);
    this.#reads.answerUpTo(to, step, applied);
  }

  #restore(index: LogIndex, cause: EventId | undefined): void {
    const bytes = this.#machine.restoreSnapshot(index);
    const step = ++this.#step;
    const restored = eventId(this.#recorder.record({ kind: 'restore', index, bytes }, step, cause));
    this.#feed({ kind: 'machine', answer: { kind: 'snapshot-restored', index } }, step, restored);
    this.#reads.answerUpTo(index, step, restored);
  }

  /** One step of the replica: records what changed and queues or stages what it asks for. */
  #feed(input: Input, step: number, cause: EventId | undefined): void {
    const now = this.#readClock();
    const effects: Effects = this.#replica.step(input, now);
    for (const transition of effects.transitions) this.#recordTransition(transition, now, step, cause);
    for (const message of effects.send) this.#outbox.stageMessage(message, step, cause);
    if (effects.persist !== undefined) this.#writes.ask(effects.persist, cause);
    for (const message of effects.sendAfterPersist) this.#writes.holdMessage({ message, step, cause });
    if (effects.apply.length > 0)
      this.#writes.holdChange({ kind: 'apply', entries: effects.apply, hash: effects.applyHash, cause });
    for (const reply of effects.replies) {
      if (!this.#clients.answerReply(reply, step, cause)) this.#reads.answerReply(reply, step, cause);
    }
    for (const { id, atIndex } of effects.reads) this.#reads.serve(id, atIndex, step, cause);
    if (effects.machine.length > 0) this.#obeyMachineRequests(effects, cause);
  }

  /** A restore changes the state and waits its turn; everything else is done at once, and the replica hears of it. */
  #obeyMachineRequests({ machine }: Effects, cause: EventId | undefined): void {
    for (const request of machine) {
      if (request.kind === 'restore-snapshot') {
        this.#writes.holdChange({ kind: 'restore', index: request.index, cause });
        continue;
      }
      const answer: MachineAnswer = obeyMachineRequest(this.#machine, request);
      this.#feed({ kind: 'machine', answer }, ++this.#step, cause);
    }
  }

  #recordTransition(
    transition: Transition,
    now: Milliseconds,
    step: number,
    cause: EventId | undefined,
  ): void {
    if (transition.kind === 'timer') this.#recordTimer(transition, now, step, cause);
    else this.#recorder.record(transition, step, cause);
  }

  /** A deadline on the node's clock is recorded as one on the run's. */
  #recordTimer(
    { timer, deadline, timeoutMs }: TimerTransition,
    now: Milliseconds,
    step: number,
    cause: EventId | undefined,
  ): void {
    const atNs = this.#recorder.now();
    const deadlineNs = atNs + Math.round((deadline - now) * 1e6);
    const head = this.#recorder.record(
      { kind: 'timer-armed', timer, deadlineNs, timeoutMs },
      step,
      cause,
      atNs,
    );
    this.#armedTimer = timer;
    this.#armedBy = eventId(head);
  }

  /** The node's clock as the replica sees it: a backward step shows as a freeze. */
  #readClock(): Milliseconds {
    this.#now = Math.max(this.#now, this.#clock.now());
    return this.#now;
  }
}

function messageId({ incarnation, seq, message }: Envelope): EventId {
  return `${message.from}/${incarnation}/${seq}`;
}
