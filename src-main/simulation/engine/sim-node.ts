import type { Configuration, NodeId, OperatorInput, StorageId } from '../../consensus/replica.ts';
import type { RaftOptions } from '../../consensus/raft/options.ts';
import type { ConfigurationEntry } from '../../consensus/raft/state.ts';
import type { RaftBug } from '../../consensus/raft/planted-bugs.ts';
import { createRaft } from '../../consensus/raft/replica.ts';
import type { RaftReplica, RaftStatus } from '../../consensus/raft/replica.ts';
import { Host } from '../../node/host/host.ts';
import { nodeStarted } from '../../node/node-started.ts';
import type { Envelope, Request } from '../../node/host/ports.ts';
import type { EventId, EventPayload, ExitReason } from '../../trace/model/events.ts';
import type { Environment } from '../schedule/schedule.ts';
import type { Journal, SourceJournal } from './journal.ts';
import { Lifetime } from './lifetime.ts';
import type { Links } from './links.ts';
import type { Streams } from './streams.ts';
import type { Timeline } from './timeline.ts';
import { MachineClock, VirtualClock } from './virtual-clock.ts';
import { VirtualDisk } from './virtual-disk.ts';
import { StoredState, VirtualMachine } from './virtual-machine.ts';
import { VirtualNetwork, type Receive } from './virtual-network.ts';
import { VirtualWriter, type WriteTime } from './virtual-writer.ts';

/** What all nodes of a run share. */
export interface Surroundings {
  readonly timeline: Timeline;
  readonly journal: Journal;
  readonly streams: Streams;
  readonly links: Links;
  readonly environment: Environment;
  readonly options: RaftOptions;
  /** Sessions of the state machine are heeded. */
  readonly sessions: boolean;
  readonly bug: RaftBug | undefined;
  readonly isNode: (id: NodeId) => boolean;
  readonly receive: Receive;
  /** What the supervisor records. */
  readonly record: (payload: EventPayload, cause?: EventId) => EventId;
  /** A node's own rules were broken: what it threw. */
  readonly failed: (node: NodeId, error: unknown) => void;
}

/** One incarnation. */
interface Life {
  readonly lifetime: Lifetime;
  readonly replica: RaftReplica;
  readonly host: Host;
  readonly clock: VirtualClock;
  readonly writer: VirtualWriter;
  readonly recorder: SourceJournal;
  readonly machine: VirtualMachine;
}

/** A node through all its incarnations, with its disk and its clock. */
export class SimNode {
  readonly id: NodeId;
  readonly clock: MachineClock;
  readonly #world: Surroundings;
  readonly #configuration: Configuration;
  #disks = 1;
  #disk: VirtualDisk;
  #state: StoredState;
  #incarnation = 0;
  #life: Life | undefined;
  readonly #writeTimes: WriteTime[] = [];
  #slowApply = 0;

  /** @param configuration who took part when the cluster began, as this node knows it */
  constructor(id: NodeId, configuration: Configuration, world: Surroundings) {
    this.id = id;
    this.#configuration = configuration;
    this.#world = world;
    const { timeline, streams, environment } = world;
    const random = streams.of(`clock ${id}`);
    this.clock = new MachineClock(timeline, random() * 10_000);
    this.clock.drift(1 + (2 * random() - 1) * environment.drift);
    this.#disk = new VirtualDisk(storageId(id, 1));
    this.#state = new StoredState(world.sessions);
  }

  get storageId(): StorageId {
    return this.#disk.storageId;
  }

  get alive(): boolean {
    return this.#life !== undefined;
  }

  get paused(): boolean {
    return this.#life?.lifetime.paused ?? false;
  }

  /** Up and not stopped. */
  get running(): boolean {
    return this.alive && !this.paused;
  }

  /** Of the replica that runs; undefined while there is none. */
  get status(): RaftStatus | undefined {
    return this.#life?.replica.status;
  }

  /** The configuration in force in its log, on its disk while it is down, and the entry that brought it. */
  get configuration(): ConfigurationEntry {
    const held = this.status?.configuration ?? this.#disk.configuration;
    return held ?? { index: 0, configuration: this.#configuration };
  }

  /** Starts the next incarnation on what its disk holds. */
  start(cause?: EventId): void {
    const of = ++this.#incarnation;
    this.#world.record({ kind: 'process-spawned', node: this.id, pid: of, of }, cause);
    this.#state.catchUp(this.#disk.snapshotIndex);
    try {
      this.#life = this.#begin(of);
    } catch (error) {
      this.#exited('failed', undefined, sentenceOf(error));
      this.#world.failed(this.id, error);
      return;
    }
    this.#world.record({ kind: 'process-ready', node: this.id, of }, cause);
    const { lifetime, host } = this.#life;
    lifetime.run(() => host.start());
  }

  /** @throws what the replica says of a disk that it cannot start on */
  #begin(of: number): Life {
    const { timeline, journal, streams, links, environment, options, bug, isNode, receive } = this.#world;
    const recorder = journal.source(this.id, of);
    const lifetime = new Lifetime((error) => this.#fail(error));
    const turn = (): void => lifetime.run(() => host.turn());
    const clock = new VirtualClock(timeline, this.clock, environment.turnNs, turn);
    const writeTime = (): WriteTime => this.#writeTimes[this.#writeTimes.length - 1] ?? environment.writeNs;
    const writes = streams.of(`disk ${this.id}`, of);
    const writer = new VirtualWriter(timeline, this.#disk, lifetime, writes, writeTime);
    const beforeApply = (): void => lifetime.pass('apply');
    const machine = new VirtualMachine(this.#state, this.#disk, beforeApply, () => this.#slowApply > 0);
    const { rows, storageId: disk, facts } = this.#disk;
    const replica = createRaft({
      id: this.id,
      configuration: this.#configuration,
      storageId: disk,
      options,
      rows,
      applied: machine.applied,
      random: streams.of(`replica ${this.id}`, of),
      now: this.clock.now(),
      ...(bug === undefined ? undefined : { bug }),
    });
    const network = new VirtualNetwork(this.id, lifetime, links, isNode, receive);
    const host = new Host({ replica, clock, disk: writer, network, recorder, machine });
    recorder.record(nodeStarted(of, replica, facts, machine.applied, disk), 0);
    return { lifetime, replica, host, clock, writer, recorder, machine };
  }

  /** At once. With `power` what was not synced is lost. */
  kill(power: boolean, cause?: EventId): void {
    this.#end('killed', power, cause);
  }

  /** The `nth` time from now that it comes to `point`. `died` is called right after. */
  killAt(point: Parameters<Lifetime['doom']>[0], nth: number, power: boolean, died: () => void): void {
    this.#life?.lifetime.doom(point, nth, () => {
      this.kill(power);
      died();
    });
  }

  /** It dies at no point any more. */
  spare(): void {
    this.#life?.lifetime.spare();
  }

  /** Replaces its disk by an empty one. The node must be down. */
  wipe(): void {
    this.#disks++;
    this.#disk = new VirtualDisk(storageId(this.id, this.#disks));
    this.#state = new StoredState(this.#world.sessions);
  }

  pause(cause?: EventId): void {
    this.#world.record({ kind: 'process-paused', node: this.id }, cause);
    this.#life?.lifetime.pause();
  }

  resume(cause?: EventId): void {
    this.#world.record({ kind: 'process-resumed', node: this.id }, cause);
    this.#life?.lifetime.resume();
  }

  /** Its clock runs differently from now on. */
  drift(rate: number, stepMs: number): void {
    this.clock.drift(rate);
    this.clock.step(stepMs);
    this.#life?.clock.reset();
  }

  slowDisk(time: WriteTime): void {
    this.#writeTimes.push(time);
  }

  usualDisk(time: WriteTime): void {
    const at = this.#writeTimes.indexOf(time);
    if (at >= 0) this.#writeTimes.splice(at, 1);
  }

  holdApply(): void {
    this.#slowApply++;
  }

  releaseApply(): void {
    this.#slowApply--;
    if (this.#slowApply === 0) this.#life?.clock.soon();
  }

  /** A message has come over the wire. */
  arrive(envelope: Envelope): void {
    this.#life?.lifetime.run(() => this.#life?.host.arrive(envelope));
  }

  /** A message was lost on the last stretch of its way. */
  drop({ incarnation, seq, message }: Envelope, reason: string): void {
    const id = `${message.from}/${incarnation}/${seq}`;
    this.#life?.recorder.record({ kind: 'drop', message: id, reason }, 0, id);
  }

  /** @returns whether anybody listens there */
  request(request: Request): boolean {
    const life = this.#life;
    life?.lifetime.run(() => life.host.request(request));
    return life !== undefined;
  }

  operator(command: OperatorInput, cause: EventId): void {
    const life = this.#life;
    life?.lifetime.run(() => life.host.operator(command, cause));
  }

  #fail(error: unknown): void {
    this.#end('failed', false, undefined, sentenceOf(error));
    this.#world.failed(this.id, error);
  }

  #end(reason: ExitReason, power: boolean, cause: EventId | undefined, error?: string): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    life.lifetime.end();
    life.writer.end(power);
    if (power) this.#state.loseStore(this.#disk.snapshotIndex);
    this.#exited(reason, cause, error);
  }

  #exited(reason: ExitReason, cause: EventId | undefined, error: string | undefined): void {
    const killed = reason === 'killed';
    this.#world.record(
      {
        kind: 'process-exited',
        node: this.id,
        of: this.#incarnation,
        reason,
        code: killed ? null : 1,
        signal: killed ? 'SIGKILL' : null,
        ...(error === undefined ? undefined : { error }),
      },
      cause,
    );
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function storageId(id: NodeId, number: number): StorageId {
  return `${id}-disk-${number}`;
}
