/**
 * A running cluster: its node processes, its load process and its recorder, and everything an operator can do to them.
 * It supervises and carries no cluster traffic; what it does and sees goes into the trace as the source `lab`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { RaftOptions } from '../consensus/raft/options.ts';
import type { NodeId, OperatorInput } from '../consensus/replica.ts';
import type { CallResult, ClientCall, FromLoad, PeerAddress, ToLoad } from '../node/protocol.ts';
import type { EventId, EventPayload } from '../trace/model/events.ts';
import type { LiveSnapshot } from '../trace/model/queries.ts';
import type { RunHeader } from '../trace/protocol.ts';
import { SpoolWriter } from '../trace/spool/writer.ts';
import { Child } from './child.ts';
import { NodeProcess } from './node-process.ts';
import { findPorts } from './ports.ts';
import { Reaper } from './reaper.ts';
import { Recording } from './recording.ts';

export const NODES_MIN = 1;
export const NODES_MAX = 9;

export interface ClusterConfig {
  header: RunHeader;
  options: RaftOptions;
  /** Folder of this run: `nodes/`, `spool/`. Made if missing. */
  folder: string;
  traceFile: string;
  /** An operation without an answer after this long ends as unknown. */
  operationTimeoutMs: number;
}

export interface ClusterEvents {
  snapshot?(snapshot: LiveSnapshot): void;
  /** A node went up or down, was paused or resumed. */
  changed?(): void;
  /** The recording cannot go on; the cluster does. */
  recordingFailed?(error: string): void;
}

export interface Workload {
  clients: number;
  keys: number;
  valueBytes: number;
  /** Share of reads, 0 to 1. */
  readRatio: number;
}

/** What was asked cannot be done now; the message says why. */
export class Refused extends Error {}

const STOP_GRACE_MS = 5_000;

export class Cluster {
  readonly nodes: readonly NodeProcess[];
  readonly originNs: bigint;
  readonly #config: ClusterConfig;
  readonly #reaper: Reaper;
  readonly #spool: SpoolWriter;
  readonly #recording: Recording;
  readonly #members: PeerAddress[];
  readonly #secret = new Uint8Array(randomBytes(32));
  readonly #faults = new Map<string, string>();
  readonly #calls = new Map<number, (result: CallResult) => void>();
  #load: Child<FromLoad, ToLoad> | undefined;
  #loadIncarnation = 0;
  #workload: Workload = { clients: 0, keys: 1, valueBytes: 16, readRatio: 0 };
  #faultCount = 0;
  #callCount = 0;
  #stopping: Promise<{ events: number; gaps: number }> | undefined;

  private constructor(config: ClusterConfig, members: PeerAddress[], events: ClusterEvents) {
    this.#config = config;
    this.#members = members;
    this.originNs = process.hrtime.bigint();
    this.#reaper = new Reaper();
    const spoolFolder = path.join(config.folder, 'spool');
    mkdirSync(spoolFolder, { recursive: true });
    this.#spool = new SpoolWriter({
      folder: spoolFolder,
      source: 'lab',
      incarnation: 1,
      originNs: this.originNs,
    });
    this.#recording = new Recording(
      { traceFile: config.traceFile, spoolFolder, header: config.header },
      this.#reaper,
      {
        spawned: (pid, of) => this.#record({ kind: 'process-spawned', node: 'recorder', pid, of }),
        exited: (of, how) =>
          this.#record({
            kind: 'process-exited',
            node: 'recorder',
            of,
            reason: how.signal ? 'killed' : how.code === 0 ? 'stopped' : 'failed',
            ...how,
          }),
        snapshot: (snapshot) => events.snapshot?.(snapshot),
        failed: (error) => events.recordingFailed?.(error),
      },
    );
    this.nodes = members.map(
      (member, position) =>
        new NodeProcess(
          {
            kind: 'start',
            runId: config.header.runId,
            id: member.id,
            incarnation: 0,
            members,
            folder: path.join(config.folder, 'nodes', member.id),
            storageId: randomUUID(),
            spoolFolder,
            originNs: this.originNs,
            secret: this.#secret,
            protocol: 'raft',
            options: config.options,
            seed: config.header.seed * 16 + position,
          },
          this.#reaper,
          {
            record: (payload, cause) => this.#record(payload, cause),
            down: (node, type, parameters) => this.#startFault(type, node, parameters),
            changed: () => events.changed?.(),
          },
        ),
    );
  }

  /**
   * Starts recorder, nodes and load process; resolves when all of them are ready. When one cannot start, everything
   * is ended, the run's folder is removed and the promise rejects with its reason.
   */
  static async start(config: ClusterConfig, events: ClusterEvents = {}): Promise<Cluster> {
    const ids = config.header.nodes;
    if (ids.length < NODES_MIN || ids.length > NODES_MAX) {
      throw new Error(`A cluster has ${NODES_MIN} to ${NODES_MAX} nodes, not ${ids.length}.`);
    }
    const ports = await findPorts(ids.length);
    const members = ids.map((id, position) => ({ id, port: ports[position] ?? 0 }));
    const existed = !mkdirSync(config.folder, { recursive: true });
    const cluster = new Cluster(config, members, events);
    try {
      cluster.#record({ kind: 'run-started', nodes: ids });
      await cluster.#recording.start();
      await Promise.all([...cluster.nodes.map((node) => node.start()), cluster.#startLoad()]);
      return cluster;
    } catch (error) {
      await cluster.#abandon();
      if (!existed) rmSync(config.folder, { recursive: true, force: true });
      for (const suffix of ['', '-wal', '-shm', '-journal'])
        rmSync(config.traceFile + suffix, { force: true });
      throw error;
    }
  }

  get runId(): string {
    return this.#config.header.runId;
  }

  get workload(): Workload {
    return this.#workload;
  }

  get recorderPid(): number | undefined {
    return this.#recording.pid;
  }

  get loadPid(): number | undefined {
    return this.#load?.pid;
  }

  /** Throws {@link Refused} for a name that is no node of this cluster. */
  node(id: NodeId): NodeProcess {
    const node = this.nodes.find((candidate) => candidate.id === id);
    if (!node)
      throw new Refused(
        `There is no node ${id} in this cluster; it has ${this.nodes.map(({ id }) => id).join(', ')}.`,
      );
    return node;
  }

  /** Asks the recorder for live snapshots at most `hz` times a second; 0 ends them. */
  watch(hz: number): void {
    this.#recording.watch(hz);
  }

  /** Records what somebody asked for and returns the event's id, the cause of all that follows. */
  recordOperator(command: object, origin: string, refused?: string): EventId {
    return this.#record({ kind: 'operator', command, origin, ...(refused === undefined ? {} : { refused }) });
  }

  async kill(id: NodeId, cause?: EventId): Promise<void> {
    const node = this.node(id);
    if (!node.alive) throw new Refused(`${id} is already down.`);
    this.#startFault('kill', id, {}, cause);
    await node.kill(cause);
  }

  pause(id: NodeId, cause?: EventId): void {
    const node = this.node(id);
    if (process.platform === 'win32')
      throw new Refused('Windows has no SIGSTOP, so a node cannot be paused here.');
    if (!node.alive) throw new Refused(`${id} is down; there is nothing to pause.`);
    if (node.paused) throw new Refused(`${id} is already paused.`);
    this.#startFault('pause', id, {}, cause);
    node.pause(cause);
  }

  resume(id: NodeId, cause?: EventId): void {
    const node = this.node(id);
    if (!node.paused) throw new Refused(`${id} is not paused.`);
    node.resume(cause);
    this.#endFault(id, cause);
  }

  /** Starts a dead node on its own disk; a running one is killed first. */
  async restart(id: NodeId, cause?: EventId): Promise<void> {
    const node = this.node(id);
    if (node.alive) await this.kill(id, cause);
    await node.start(cause);
    this.#endFault(id, cause);
  }

  async stopNode(id: NodeId, cause?: EventId): Promise<void> {
    const node = this.node(id);
    if (!node.alive) throw new Refused(`${id} is already down.`);
    this.#startFault('stop', id, {}, cause);
    await node.stop(STOP_GRACE_MS, cause);
  }

  operate(id: NodeId, command: OperatorInput, cause: EventId): void {
    const node = this.node(id);
    if (!node.alive || node.paused)
      throw new Refused(`${id} is ${node.alive ? 'paused' : 'down'} and cannot hear a command.`);
    node.operate(command, cause);
  }

  /** Ends every fault: resumes what is paused, restarts what is down. Returns the nodes it mended. */
  async heal(cause?: EventId): Promise<NodeId[]> {
    const mended: NodeId[] = [];
    const starting: Promise<void>[] = [];
    for (const node of this.nodes) {
      if (node.paused) this.resume(node.id, cause);
      else if (!node.alive) starting.push(this.restart(node.id, cause));
      else continue;
      mended.push(node.id);
    }
    await Promise.all(starting);
    return mended;
  }

  setWorkload(workload: Workload): void {
    this.#workload = workload;
    this.#load?.send({ kind: 'workload', ...workload });
  }

  /** One operation of the console. Resolves also for failed and unknown outcomes. */
  call(call: ClientCall, cause: EventId, node?: NodeId): Promise<CallResult> {
    const load = this.#load;
    if (!load?.running)
      return Promise.reject(
        new Refused('The load process is being started again; try once more in a moment.'),
      );
    const id = ++this.#callCount;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, resolve);
      void load.exited.then(() => {
        if (this.#calls.delete(id))
          reject(
            new Error('The load process ended before the operation was answered; its outcome is unknown.'),
          );
      });
      load.send({ kind: 'call', id, call, cause, ...(node === undefined ? {} : { node }) });
    });
  }

  /** Stops everything and closes the trace. Calling it again returns the same promise. */
  stop(reason: string): Promise<{ events: number; gaps: number }> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  async #stop(reason: string): Promise<{ events: number; gaps: number }> {
    this.#load?.send({ kind: 'stop' });
    await this.#load?.leave(this.#config.operationTimeoutMs + STOP_GRACE_MS);
    await Promise.all(this.nodes.filter((node) => node.alive).map((node) => node.stop(STOP_GRACE_MS)));
    this.#record({ kind: 'run-stopped', reason });
    try {
      const closed = await this.#recording.close(reason);
      // All that they held is in the trace.
      rmSync(path.join(this.#config.folder, 'spool'), { recursive: true, force: true });
      return closed;
    } finally {
      this.#spool.close();
      this.#reaper.close();
    }
  }

  async #abandon(): Promise<void> {
    this.#stopping = Promise.resolve({ events: 0, gaps: 0 });
    this.#load?.signal('SIGKILL');
    await Promise.all([this.#load?.exited, ...this.nodes.map((node) => node.abandon())]);
    await this.#recording.abandon();
    this.#spool.close();
    this.#reaper.close();
  }

  async #startLoad(): Promise<void> {
    let isReady = (): void => undefined;
    let isRefused = (_error: Error): void => undefined;
    const ready = new Promise<void>((resolve, reject) => {
      isReady = resolve;
      isRefused = reject;
    });
    ready.catch(() => undefined);
    const of = ++this.#loadIncarnation;
    const child = new Child<FromLoad, ToLoad>('load', this.#reaper, (message) => {
      if (message.kind === 'ready') isReady();
      else if (message.kind === 'failed') isRefused(new Error(message.error));
      else {
        this.#calls.get(message.id)?.(message.result);
        this.#calls.delete(message.id);
      }
    });
    this.#load = child;
    this.#record({ kind: 'process-spawned', node: 'load', pid: child.pid, of });
    void child.exited.then((exit) => {
      const ended = exit.code === 0 ? 'stopped' : exit.signal ? 'killed' : 'crashed';
      this.#record({
        kind: 'process-exited',
        node: 'load',
        of,
        reason: ended,
        code: exit.code,
        signal: exit.signal,
        ...(exit.lastWords === undefined ? {} : { error: exit.lastWords }),
      });
      if (!this.#stopping && child === this.#load) {
        this.#startLoad().then(
          () => this.setWorkload(this.#workload),
          () => undefined,
        );
      }
    });
    child.send({
      kind: 'start',
      runId: this.runId,
      incarnation: of,
      members: this.#members,
      spoolFolder: path.join(this.#config.folder, 'spool'),
      originNs: this.originNs,
      secret: this.#secret,
      seed: this.#config.header.seed * 16 + 15,
      timeoutMs: this.#config.operationTimeoutMs,
    });
    await child.started(ready);
    this.#record({ kind: 'process-ready', node: 'load', of });
  }

  #startFault(type: string, node: NodeId, parameters: object, cause?: EventId): void {
    this.#endFault(node, cause);
    const fault = `f${++this.#faultCount}`;
    this.#faults.set(node, fault);
    this.#record({ kind: 'fault-started', fault, type, targets: [node], parameters }, cause);
  }

  #endFault(node: NodeId, cause?: EventId): void {
    const fault = this.#faults.get(node);
    if (fault === undefined) return;
    this.#faults.delete(node);
    this.#record({ kind: 'fault-ended', fault }, cause);
  }

  #record(payload: EventPayload, cause?: EventId): EventId {
    const id = this.#spool.nextId();
    this.#spool.record(payload, 0, cause);
    this.#spool.flush();
    return id;
  }
}
