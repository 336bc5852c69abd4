import type {
  Effects,
  Entry,
  Input,
  Message,
  Milliseconds,
  OperationId,
  OperatorInput,
  Persist,
  PersistId,
  Replica,
  Reply,
  Transition,
} from '../../consensus/replica.ts';
import { eventId } from '../../trace/model/events.ts';
import type { EventId } from '../../trace/model/events.ts';
import { Outbox } from './outbox.ts';
import { openDoor } from './ports.ts';
import type {
  ClientLink,
  Clock,
  Disk,
  Door,
  Envelope,
  Machine,
  MachineResult,
  Network,
  Parcel,
  Recorder,
  Request,
} from './ports.ts';

export interface HostParts<P extends Parcel> {
  readonly replica: Replica;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly network: Network<P>;
  readonly recorder: Recorder;
  readonly machine: Machine;
  readonly door?: Door;
}

interface HeldMessage {
  readonly barrier: PersistId;
  readonly message: Message;
  readonly step: number;
  readonly cause: EventId | undefined;
}

interface HeldEntries {
  readonly barrier: PersistId;
  readonly entries: readonly Entry[];
  readonly cause: EventId | undefined;
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

  #arrived: Envelope[] = [];
  #requests: Request[] = [];
  #operators: OperatorCommand[] = [];

  #step = 0;
  #now: Milliseconds = 0;
  /** A replica comes up waiting for a leader. */
  #armedTimer: 'election' | 'heartbeat' = 'election';
  #armedBy: EventId | undefined;

  /** Writes that the replica asked for and that no transaction has taken yet. */
  #queued: Persist[] = [];
  #queuedCause: EventId | undefined;
  #writing = false;
  #lastIssued: PersistId = 0;
  #lastDurable: PersistId = 0;
  #heldMessages: HeldMessage[] = [];
  #heldEntries: HeldEntries[] = [];
  readonly #waiting = new Map<OperationId, ClientLink>();

  constructor(parts: HostParts<P>) {
    this.#replica = parts.replica;
    this.#clock = parts.clock;
    this.#disk = parts.disk;
    this.#recorder = parts.recorder;
    this.#machine = parts.machine;
    this.#door = parts.door ?? openDoor;
    this.#outbox = new Outbox(parts.recorder, parts.network);
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
    this.#outbox.release();
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

  /** Everything that clients proposed since the last turn becomes one input. */
  #stepRequests(): void {
    if (this.#requests.length === 0) return;
    const requests = this.#requests;
    this.#requests = [];
    const step = ++this.#step;
    const proposals: { id: OperationId; data: string }[] = [];
    let first: EventId | undefined;
    for (const request of requests) {
      const { operation, data, client, cause } = request;
      const head = this.#recorder.record({ kind: 'request', operation }, step, cause);
      first ??= eventId(head);
      if (request.stale) {
        this.#answerStale(request, step, eventId(head));
        continue;
      }
      this.#waiting.set(operation, client);
      proposals.push({ id: operation, data });
    }
    if (proposals.length > 0) this.#feed({ kind: 'propose', proposals }, step, first);
  }

  #answerStale({ operation, data, client }: Request, step: number, cause: EventId): void {
    const { ok, value, reason } = this.#machine.read(data);
    const index = this.#machine.applied;
    const label = `stale read at applied index ${index}`;
    this.#outbox.stageAnswer(
      client,
      { operation, outcome: ok ? 'ok' : 'fail', value, index, leader: null, reason: reason ?? label },
      step,
      cause,
    );
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

  /** Works off everything that the steps of this turn asked for, and what that asks for in turn. */
  #obey(): void {
    do {
      const batch = this.#beginWrite();
      this.#outbox.release();
      if (batch !== undefined) this.#write(batch.persists, batch.begun);
      this.#releaseHeldMessages();
      this.#applyHeldEntries();
      this.#outbox.release();
    } while (
      !this.#writing &&
      this.#queued.length + this.#heldMessages.length + this.#heldEntries.length > 0
    );
  }

  #beginWrite(): { persists: readonly Persist[]; begun: EventId } | undefined {
    if (this.#writing || this.#queued.length === 0) return undefined;
    const persists = this.#queued;
    this.#queued = [];
    this.#writing = true;
    const ids: PersistId[] = [];
    let rows = 0;
    for (const { id, puts } of persists) {
      ids.push(id);
      rows += puts.length;
    }
    const head = this.#recorder.record({ kind: 'persist-begun', ids, rows }, ++this.#step, this.#queuedCause);
    this.#queuedCause = undefined;
    return { persists, begun: eventId(head) };
  }

  #write(persists: readonly Persist[], begun: EventId): void {
    const startedNs = this.#recorder.now();
    let returned = false;
    this.#disk.write(persists, () => {
      this.#noteWritten(persists, begun, startedNs);
      if (!returned) return;
      // The disk took its time, so this is outside any turn: go on from here.
      this.#obey();
      this.#clock.alarm(this.#replica.deadline);
    });
    returned = true;
  }

  #noteWritten(persists: readonly Persist[], begun: EventId, startedNs: number): void {
    this.#writing = false;
    const ids = persists.map((persist) => persist.id);
    const atNs = this.#recorder.now();
    const { lastIndex, term, votedFor } = this.#disk.durable();
    const completed = {
      kind: 'persist-completed',
      ids,
      tookNs: atNs - startedNs,
      lastIndex,
      term,
      votedFor,
    } as const;
    let step = ++this.#step;
    const cause = eventId(this.#recorder.record(completed, step, begun, atNs));
    for (const id of ids) {
      if (id !== ids[0]) step = ++this.#step;
      this.#lastDurable = id;
      this.#feed({ kind: 'persisted', id }, step, cause);
    }
  }

  #releaseHeldMessages(): void {
    if (this.#heldMessages.length === 0) return;
    const held = this.#heldMessages;
    this.#heldMessages = [];
    for (const one of held) {
      if (one.barrier > this.#lastDurable) this.#heldMessages.push(one);
      else this.#outbox.stageMessage(one.message, one.step, one.cause);
    }
    this.#outbox.release();
  }

  /** Entries wait for the writes asked for before them, so that the state on disk is never ahead of the log on disk. */
  #applyHeldEntries(): void {
    for (;;) {
      const next = this.#heldEntries[0];
      if (next === undefined || next.barrier > this.#lastDurable) return;
      this.#heldEntries.shift();
      this.#apply(next.entries, next.cause);
    }
  }

  #apply(entries: readonly Entry[], cause: EventId | undefined): void {
    const first = entries[0];
    const last = entries[entries.length - 1];
    if (first === undefined || last === undefined) return;
    const results = this.#machine.apply(entries);
    const step = ++this.#step;
    const head = this.#recorder.record({ kind: 'apply', from: first.index, to: last.index }, step, cause);
    const applied = eventId(head);
    this.#feed({ kind: 'applied', index: last.index }, step, applied);
    if (this.#waiting.size > 0) this.#answerApplied(entries, results, step, applied);
  }

  #answerApplied(
    entries: readonly Entry[],
    results: readonly MachineResult[],
    step: number,
    cause: EventId,
  ): void {
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at];
      const result = results[at];
      if (entry?.id === undefined || result === undefined) continue;
      const client = this.#waiting.get(entry.id);
      if (client === undefined) continue;
      this.#waiting.delete(entry.id);
      const outcome = result.ok ? 'ok' : 'fail';
      const { value, reason = null } = result;
      const answer = {
        operation: entry.id,
        outcome,
        value,
        index: entry.index,
        leader: null,
        reason,
      } as const;
      this.#outbox.stageAnswer(client, answer, step, cause);
    }
  }

  #answerReply(reply: Reply, step: number, cause: EventId | undefined): void {
    const client = this.#waiting.get(reply.id);
    if (client === undefined) return;
    this.#waiting.delete(reply.id);
    const outcome = reply.kind === 'redirect' ? 'refused' : 'uncertain';
    const leader = reply.kind === 'redirect' ? (reply.leader ?? null) : null;
    const answer = {
      operation: reply.id,
      outcome,
      value: null,
      index: null,
      leader,
      reason: reply.reason,
    } as const;
    this.#outbox.stageAnswer(client, answer, step, cause);
  }

  /** One step of the replica: records what changed and queues or stages what it asks for. */
  #feed(input: Input, step: number, cause: EventId | undefined): void {
    const now = this.#readClock();
    const effects: Effects = this.#replica.step(input, now);
    for (const transition of effects.transitions) this.#recordTransition(transition, now, step, cause);
    for (const message of effects.send) this.#outbox.stageMessage(message, step, cause);
    if (effects.persist !== undefined) {
      this.#queued.push(effects.persist);
      this.#queuedCause ??= cause;
      this.#lastIssued = effects.persist.id;
    }
    const barrier = this.#lastIssued;
    for (const message of effects.sendAfterPersist)
      this.#heldMessages.push({ barrier, message, step, cause });
    if (effects.apply.length > 0) this.#heldEntries.push({ barrier, entries: effects.apply, cause });
    for (const reply of effects.replies) this.#answerReply(reply, step, cause);
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
