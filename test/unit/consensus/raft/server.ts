/**
 * A replica with a disk, a state machine and images of it, all in memory: what survives a crash and what does not. It obeys
 * the effects of each step in the order that the contract asks for; when a write or a job of the machine ends is up to
 * whoever drives it, unless the server is `prompt`.
 */
import type { RaftOptionsGiven } from '../../../../src-main/consensus/raft/options.ts';
import type { RaftBug } from '../../../../src-main/consensus/raft/planted-bugs.ts';
import {
  createRaft,
  type RaftReplica,
  type RaftStatus,
} from '../../../../src-main/consensus/raft/replica.ts';
import type {
  Configuration,
  Effects,
  Entry,
  Input,
  LogIndex,
  MachineAnswer,
  MachineRequest,
  Message,
  Milliseconds,
  NodeId,
  Persist,
  ReadId,
  Row,
  SnapshotMark,
  StorageId,
} from '../../../../src-main/consensus/replica.ts';

/** A write under way and what waits for it. */
export interface Write {
  readonly persist: Persist;
  readonly then: (() => void)[];
}

/** A replicated state machine whose state is the list of what it was told. */
export interface Machine {
  applied: LogIndex;
  commands: readonly string[];
}

/** Who hears of everything that a server does, as it happens. */
export interface World {
  readonly now: Milliseconds;
  stepped(server: Server, input: Input, before: RaftStatus, effects: Effects): void;
  send(message: Message): void;
  applying(server: Server, entry: Entry): void;
  /** The state machine took over the image of `index`. */
  restored(server: Server, index: LogIndex): void;
  durable(server: Server, write: Write): void;
  served(server: Server, id: ReadId, atIndex: LogIndex): void;
}

export interface ServerSetup {
  readonly id: NodeId;
  readonly configuration: Configuration;
  readonly options: RaftOptionsGiven;
  readonly random: () => number;
  readonly storageId?: StorageId;
  readonly bug?: RaftBug;
  readonly rows?: readonly Row[];
}

const IMAGES_KEPT = 2;

export class Server {
  readonly id: NodeId;
  readonly disk = new Map<string, Row>();
  readonly images = new Map<LogIndex, Uint8Array>();
  machine: Machine = { applied: 0, commands: [] };
  storageId: StorageId | undefined;
  /** Absent while it is down. */
  raft: RaftReplica | undefined;
  writes: Write[] = [];
  /** What the state machine was asked for and has not answered. */
  jobs: (() => MachineAnswer)[] = [];
  /** Writes and jobs end at once. */
  prompt = false;

  readonly #world: World;
  readonly #setup: ServerSetup;
  #reads: { id: ReadId; atIndex: LogIndex }[] = [];

  constructor(world: World, setup: ServerSetup) {
    this.#world = world;
    this.#setup = setup;
    this.id = setup.id;
    this.storageId = setup.storageId;
    for (const row of setup.rows ?? []) this.disk.set(nameOf(row), row);
  }

  start(): void {
    if (this.raft !== undefined) return;
    const { id, configuration, options, random, bug } = this.#setup;
    const mark = this.disk.get('snapshot/0')?.value as SnapshotMark | undefined;
    if (mark !== undefined && mark.index > this.machine.applied) this.#restore(mark.index);
    this.raft = createRaft({
      id,
      configuration,
      options,
      random,
      rows: [...this.disk.values()],
      applied: this.machine.applied,
      now: this.#world.now,
      ...(this.storageId === undefined ? undefined : { storageId: this.storageId }),
      ...(bug === undefined ? undefined : { bug }),
    });
  }

  /** Gone at once; writes and jobs under way, and what waits for them, never happen. */
  crash(): void {
    this.raft = undefined;
    this.writes = [];
    this.jobs = [];
    this.#reads = [];
  }

  /** The disk is replaced by an empty one. */
  wipe(storageId: StorageId | undefined): void {
    this.crash();
    this.disk.clear();
    this.images.clear();
    this.machine = { applied: 0, commands: [] };
    this.storageId = storageId;
  }

  step(input: Input): void {
    const { raft } = this;
    if (raft === undefined) return;
    const before = raft.status;
    const effects = raft.step(input, this.#world.now);
    this.#world.stepped(this, input, before, effects);
    this.#obey(effects);
  }

  /** The oldest `count` writes reach the disk together; then what waited happens, and the replica hears of each. */
  finishWrites(count: number): void {
    const done = this.writes.splice(0, count);
    for (const { persist } of done) this.#write(persist);
    for (const write of done) {
      this.#world.durable(this, write);
      for (const action of write.then) action();
    }
    for (const { persist } of done) this.step({ kind: 'persisted', id: persist.id });
  }

  finishJobs(count: number): void {
    for (const job of this.jobs.splice(0, count)) this.step({ kind: 'machine', answer: job() });
  }

  #obey(effects: Effects): void {
    const { persist, send, sendAfterPersist, apply, reads, machine } = effects;
    for (const message of send) this.#world.send(message);
    if (persist !== undefined) this.writes.push({ persist, then: [] });
    this.#afterWrites(() => {
      for (const message of sendAfterPersist) this.#world.send(message);
    });
    this.#reads.push(...reads);
    for (const entry of apply) this.#apply(entry);
    for (const request of machine) this.#ask(request);
    this.#serveReads();
    const last = apply.at(-1);
    if (last !== undefined) this.step({ kind: 'applied', index: last.index });
    if (!this.prompt) return;
    this.finishWrites(this.writes.length);
    this.finishJobs(this.jobs.length);
  }

  #afterWrites(action: () => void): void {
    const last = this.writes.at(-1);
    if (last === undefined) action();
    else last.then.push(action);
  }

  #apply(entry: Entry): void {
    this.#world.applying(this, entry);
    const { commands } = this.machine;
    this.machine = {
      applied: entry.index,
      commands: entry.kind === 'command' ? [...commands, entry.data] : commands,
    };
  }

  #serveReads(): void {
    const due = this.#reads.filter(({ atIndex }) => atIndex <= this.machine.applied);
    if (due.length === 0) return;
    this.#reads = this.#reads.filter(({ atIndex }) => atIndex > this.machine.applied);
    for (const { id, atIndex } of due) this.#world.served(this, id, atIndex);
  }

  #ask(request: MachineRequest): void {
    const { index } = request;
    switch (request.kind) {
      case 'save-snapshot': {
        const image = new TextEncoder().encode(JSON.stringify(this.machine));
        this.jobs.push(() => {
          this.#keep(index, image);
          return { kind: 'snapshot-saved', index, bytes: image.length };
        });
        return;
      }
      case 'read-chunk':
        this.jobs.push(() => this.#chunk(index, request.offset, request.bytesMax, request.peer));
        return;
      case 'keep-snapshot':
        this.jobs.push(() => {
          this.#keep(index, joined(request.parts));
          return { kind: 'snapshot-kept', index };
        });
        return;
      case 'restore-snapshot':
        this.#afterWrites(() => {
          this.#restore(index);
          this.#world.restored(this, index);
          this.jobs.push(() => ({ kind: 'snapshot-restored', index }));
        });
    }
  }

  #keep(index: LogIndex, image: Uint8Array): void {
    this.images.set(index, image);
    const old = [...this.images.keys()].sort((left, right) => right - left).slice(IMAGES_KEPT);
    for (const each of old) this.images.delete(each);
  }

  #chunk(index: LogIndex, offset: number, bytesMax: number, peer: NodeId): MachineAnswer {
    const image = this.images.get(index);
    if (image === undefined) return { kind: 'chunk-gone', index, peer };
    const data = image.slice(offset, offset + bytesMax);
    return { kind: 'chunk', index, offset, peer, data, total: image.length };
  }

  #restore(index: LogIndex): void {
    const image = this.images.get(index);
    if (image === undefined) throw new Error(`${this.id} has no image of entry ${index}`);
    this.machine = JSON.parse(new TextDecoder().decode(image)) as Machine;
  }

  #write(persist: Persist): void {
    for (const { space, from, to } of persist.deletes) {
      for (let key = from; key <= to; key++) this.disk.delete(`${space}/${key}`);
    }
    for (const row of persist.puts) this.disk.set(nameOf(row), row);
  }
}

function nameOf({ space, key }: Row): string {
  return `${space}/${key}`;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
