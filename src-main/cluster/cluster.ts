/**
 * A running cluster: its node processes, its load process and its recorder, and everything an operator can do to them.
 * It supervises and carries no cluster traffic; what it does and sees goes into the trace as the source `lab`.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { RaftOptions } from '../consensus/raft/options.ts';
import type { RaftBug } from '../consensus/raft/planted-bugs.ts';
import type { NodeId, OperatorInput } from '../consensus/replica.ts';
import type { CallResult, ClientCall, Measured, PeerAddress } from '../node/protocol.ts';
import type { EventId, EventPayload } from '../trace/model/events.ts';
import type { BookmarkChange, LiveSnapshot } from '../trace/model/queries.ts';
import type { RunHeader, TraceLimits } from '../trace/protocol.ts';
import { openSpool } from '../trace/spool/unrecorded.ts';
import type { Spool } from '../trace/spool/unrecorded.ts';
import { ClusterNodes } from './cluster-nodes.ts';
import { NodeFaults } from './node-faults.ts';
import { Load, NoLoad, type Workload } from './load.ts';
import type { NodeProcess } from './node-process.ts';
import { findPorts } from './ports.ts';
import { Reaper } from './reaper.ts';
import { Recording } from './recording.ts';
import { Refused } from './refused.ts';

export { Refused } from './refused.ts';
export type { Workload } from './load.ts';

export const NODES_MIN = 1;
export const NODES_MAX = 9;

export interface ClusterConfig {
  header: RunHeader;
  options: RaftOptions;
  /** Folder of this run: `nodes/`, `spool/`. Made if missing. */
  folder: string;
  traceFile: string;
  /** Without a recording, to measure what recording costs: no trace is made and no recorder runs. */
  untraced?: boolean;
  /** Nobody looks at the run while it goes on, so its recorder may lag: it takes only what the cluster leaves of the processors. */
  unwatched?: boolean;
  /** How large the trace may grow before the run has to end. */
  limits?: TraceLimits;
  /** An operation without an answer after this long ends as unknown. */
  operationTimeoutMs: number;
  /** Every node has this planted bug. */
  bug?: RaftBug;
}

export interface ClusterEvents {
  snapshot?(snapshot: LiveSnapshot): void;
  /** A node went up or down, was paused or resumed. */
  changed?(): void;
  /** The trace has reached a limit, and nothing may happen unrecorded: the cluster is to be stopped. Perhaps said more than once. */
  limitReached?(reason: string): void;
  /** The recording cannot go on; the cluster does. */
  recordingFailed?(error: string): void;
}

const STOP_GRACE_MS = 5_000;

export class Cluster {
  readonly originNs: bigint;
  readonly #config: ClusterConfig;
  readonly #reaper: Reaper;
  readonly #spool: Spool;
  readonly #recording: Recording | undefined;
  readonly #load: Load;
  readonly #nodes: ClusterNodes;
  readonly #events: ClusterEvents;
  readonly #faults = new NodeFaults((payload, cause) => this.#record(payload, cause));
  #toldBroken = false;
  #stopping: Promise<{ events: number; gaps: number }> | undefined;

  private constructor(config: ClusterConfig, members: PeerAddress[], events: ClusterEvents) {
    this.#config = config;
    this.#events = events;
    this.originNs = process.hrtime.bigint();
    const secret = new Uint8Array(randomBytes(32));
    const spoolFolder = path.join(config.folder, 'spool');
    mkdirSync(spoolFolder, { recursive: true });
    const { untraced = false } = config;
    this.#spool = openSpool(
      { folder: spoolFolder, source: 'lab', incarnation: 1, originNs: this.originNs },
      untraced,
    );
    // Only now, because a folder that cannot be written ends the constructor before this.
    this.#reaper = new Reaper();
    this.#recording = untraced ? undefined : this.#newRecording(spoolFolder);
    this.#load = new Load(
      {
        kind: 'start',
        runId: config.header.runId,
        incarnation: 0,
        members,
        spoolFolder,
        untraced,
        originNs: this.originNs,
        secret,
        seed: config.header.seed,
        timeoutMs: config.operationTimeoutMs,
        reads: config.options.reads,
        retries: config.options.clientSessions,
      },
      this.#reaper,
      (payload) => this.#record(payload),
    );
    this.#nodes = new ClusterNodes(
      {
        runId: config.header.runId,
        spoolFolder,
        untraced,
        originNs: this.originNs,
        secret,
        protocol: 'raft',
        options: config.options,
        seed: config.header.seed,
        ...(config.bug === undefined ? {} : { bug: config.bug }),
      },
      path.join(config.folder, 'nodes'),
      members,
      this.#reaper,
      {
        record: (payload, cause) => this.#record(payload, cause),
        down: (node, type, parameters) => this.#faults.start(type, node, parameters),
        changed: () => events.changed?.(),
      },
    );
  }

  #newRecording(spoolFolder: string): Recording {
    const { traceFile, header, unwatched: givesWay = false, limits = {} } = this.#config;
    return new Recording({ traceFile, spoolFolder, header, givesWay, limits }, this.#reaper, {
      limitReached: (reason) => this.#events.limitReached?.(reason),
      spawned: (pid, of) => this.#record({ kind: 'process-spawned', node: 'recorder', pid, of }),
      exited: (of, how) =>
        this.#record({
          kind: 'process-exited',
          node: 'recorder',
          of,
          reason: how.signal ? 'killed' : how.code === 0 ? 'stopped' : 'failed',
          ...how,
        }),
      snapshot: (snapshot) => this.#events.snapshot?.(snapshot),
      failed: (error) => this.#events.recordingFailed?.(error),
    });
  }

  /**
   * Starts recorder, nodes and load process; resolves when all of them are ready. When one cannot start, everything
   * is ended, what was made in the run's folder is removed and the promise rejects with its reason.
   */
  static async start(config: ClusterConfig, events: ClusterEvents = {}): Promise<Cluster> {
    const ids = config.header.nodes;
    if (ids.length < NODES_MIN || ids.length > NODES_MAX) {
      throw new Error(`A cluster has ${NODES_MIN} to ${NODES_MAX} nodes, not ${ids.length}.`);
    }
    const ports = await findPorts(ids.length);
    const members = ids.map((id, position) => ({ id, port: ports[position] ?? 0 }));
    const forget = remover([
      config.folder,
      path.join(config.folder, 'nodes'),
      path.join(config.folder, 'spool'),
      ...['', '-wal', '-shm', '-journal'].map((suffix) => config.traceFile + suffix),
    ]);
    let cluster: Cluster | undefined;
    try {
      mkdirSync(config.folder, { recursive: true });
      cluster = new Cluster(config, members, events);
      cluster.#record({ kind: 'run-started', nodes: ids });
      await cluster.#recording?.start();
      await Promise.all([...cluster.nodes.map((node) => node.start()), cluster.#load.start()]);
      return cluster;
    } catch (error) {
      if (cluster) await cluster.#abandon();
      forget();
      throw error;
    }
  }

  /** Those that take part, or may; not those that were removed. */
  get nodes(): readonly NodeProcess[] {
    return this.#nodes.present;
  }

  get runId(): string {
    return this.#config.header.runId;
  }

  get workload(): Workload {
    return this.#load.workload;
  }

  get recorderPid(): number | undefined {
    return this.#recording?.pid;
  }

  get loadPid(): number | undefined {
    return this.#load.pid;
  }

  /** Throws {@link Refused} for a name that is no node of this cluster. */
  node(id: NodeId): NodeProcess {
    return this.#nodes.get(id);
  }

  /** There was a node of this name, and it was removed. */
  wasRemoved(id: NodeId): boolean {
    return this.#nodes.every.some((node) => node.id === id && node.removed);
  }

  /** Asks the recorder for live snapshots at most `hz` times a second; 0 ends them. */
  watch(hz: number): void {
    this.#recording?.watch(hz);
  }

  /** Marks a moment in the trace being recorded. Rejects with a sentence when it cannot be. */
  bookmark(change: BookmarkChange): Promise<void> {
    if (!this.#recording) return Promise.reject(new Error('This run is not recorded.'));
    return this.#recording.bookmark(change);
  }

  /** Records what somebody asked for and returns the event's id, the cause of all that follows. */
  recordOperator(command: object, origin: string, refused?: string): EventId {
    return this.#record({ kind: 'operator', command, origin, ...(refused === undefined ? {} : { refused }) });
  }

  async kill(id: NodeId, cause?: EventId): Promise<void> {
    this.#demandRunning();
    const node = this.node(id);
    if (!node.alive) throw new Refused(`${id} is already down.`);
    this.#faults.start('kill', id, {}, cause);
    await node.kill(cause);
  }

  pause(id: NodeId, cause?: EventId): void {
    this.#demandRunning();
    const node = this.node(id);
    if (process.platform === 'win32')
      throw new Refused('Windows has no SIGSTOP, so a node cannot be paused here.');
    if (!node.alive) throw new Refused(`${id} is down; there is nothing to pause.`);
    if (!node.ready) throw new Refused(`${id} is still starting; pause it once it is up.`);
    if (node.paused) throw new Refused(`${id} is already paused.`);
    this.#faults.start('pause', id, {}, cause);
    node.pause(cause);
  }

  resume(id: NodeId, cause?: EventId): void {
    this.#demandRunning();
    const node = this.node(id);
    if (!node.paused) throw new Refused(`${id} is not paused.`);
    node.resume(cause);
    this.#faults.end(id, cause);
  }

  /** Starts a dead node on its own disk; a running one is killed first. */
  async restart(id: NodeId, cause?: EventId): Promise<void> {
    this.#demandRunning();
    const node = this.node(id);
    if (node.alive) await this.kill(id, cause);
    await node.start(cause);
    this.#faults.end(id, cause);
  }

  async stopNode(id: NodeId, cause?: EventId): Promise<void> {
    this.#demandRunning();
    const node = this.node(id);
    if (!node.alive) throw new Refused(`${id} is already down.`);
    this.#faults.start('stop', id, {}, cause);
    await node.stop(STOP_GRACE_MS, cause);
  }

  operate(id: NodeId, command: OperatorInput, cause: EventId): void {
    this.#demandRunning();
    const node = this.node(id);
    if (!node.alive || node.paused)
      throw new Refused(`${id} is ${node.alive ? 'paused' : 'down'} and cannot hear a command.`);
    node.operate(command, cause);
  }

  /**
   * Starts a node that is new or was removed: it knows nobody, its disk is empty, and all others hear where it is found. It takes part once
   * the configuration names it, with the storage id that its disk carries. Rejects with the reason when it cannot run.
   */
  async addNode(id: NodeId, cause?: EventId): Promise<NodeProcess> {
    this.#demandRunning();
    if (!/^n[1-9]$/.test(id)) throw new Refused(`A node is called n1 to n${NODES_MAX}, not ${id}.`);
    const node = await this.#nodes.join(id);
    this.#tellAddresses();
    try {
      await node.start(cause);
    } catch (error) {
      await this.#discard(node, cause);
      throw error;
    }
    return node;
  }

  /** A node that the configuration does not name any more stops in order, and nobody speaks to it again. */
  async retireNode(id: NodeId, cause?: EventId): Promise<void> {
    this.#demandRunning();
    await this.#discard(this.node(id), cause);
  }

  /** Starts a node on an empty disk with a storage id of its own, as if its old one had been replaced; stops it first if it is up. */
  async replaceDisk(id: NodeId, cause?: EventId): Promise<void> {
    this.#demandRunning();
    const node = this.node(id);
    if (node.alive) await node.stop(STOP_GRACE_MS, cause);
    node.comeBackEmpty(randomUUID());
    await node.start(cause);
    this.#faults.end(id, cause);
  }

  /** Ends every fault: resumes what is paused, restarts what is down. Returns the nodes it mended. */
  async heal(cause?: EventId): Promise<NodeId[]> {
    this.#demandRunning();
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
    this.#load.setWorkload(workload);
  }

  /** Watches the workload for so long and says how its operations went. Rejects when the load process ends before. */
  measure(ms: number): Promise<Measured> {
    this.#demandRunning();
    return this.#load.measure(ms);
  }

  /** One operation of the console. Resolves also for failed and unknown outcomes. */
  async call(call: ClientCall, cause: EventId, node?: NodeId): Promise<CallResult> {
    this.#demandRunning();
    try {
      return await this.#load.call(call, cause, node);
    } catch (error) {
      throw error instanceof NoLoad ? new Refused(error.message) : error;
    }
  }

  /** Stops everything and closes the trace, if there is one. Calling it again returns the same promise. */
  stop(reason: string): Promise<{ events: number; gaps: number }> {
    this.#stopping ??= this.#stop(reason);
    return this.#stopping;
  }

  async #stop(reason: string): Promise<{ events: number; gaps: number }> {
    await this.#load.stop(this.#config.operationTimeoutMs + STOP_GRACE_MS);
    await Promise.all(this.#nodes.every.map((node) => node.retire(STOP_GRACE_MS)));
    this.#record({ kind: 'run-stopped', reason });
    try {
      const closed = (await this.#recording?.close(reason)) ?? { events: 0, gaps: 0 };
      // All that they held is in the trace.
      rmSync(path.join(this.#config.folder, 'spool'), { recursive: true, force: true });
      return closed;
    } finally {
      this.#letGo();
    }
  }

  #letGo(): void {
    try {
      this.#spool.close();
    } catch (error) {
      this.#recordingBroke(error);
    }
    this.#reaper.close();
  }

  async #abandon(): Promise<void> {
    this.#stopping = Promise.resolve({ events: 0, gaps: 0 });
    await Promise.all([this.#load.abandon(), ...this.#nodes.every.map((node) => node.abandon())]);
    await this.#recording?.abandon();
    this.#letGo();
  }

  async #discard(node: NodeProcess, cause?: EventId): Promise<void> {
    await node.remove(STOP_GRACE_MS, cause);
    this.#faults.end(node.id, cause);
    this.#nodes.forget(node.id);
    this.#tellAddresses();
  }

  #tellAddresses(): void {
    this.#nodes.tellAddresses();
    this.#load.tellMembers(this.#nodes.addresses);
  }

  #demandRunning(): void {
    if (this.#stopping) throw new Refused('This run is being stopped.');
  }

  #record(payload: EventPayload, cause?: EventId): EventId {
    const id = this.#spool.nextId();
    this.#spool.record(payload, 0, cause);
    try {
      this.#spool.flush();
    } catch (error) {
      this.#recordingBroke(error);
    }
    return id;
  }

  /** What was not written stays buffered and goes out with the next event that can be. Told once, outside whatever was being done. */
  #recordingBroke(error: unknown): void {
    if (this.#toldBroken) return;
    this.#toldBroken = true;
    const sentence = error instanceof Error ? error.message : String(error);
    setImmediate(() => this.#events.recordingFailed?.(sentence));
  }
}

/** Returns a function that removes those of `places` that do not exist yet: what a failed start made, and nothing else. */
function remover(places: readonly string[]): () => void {
  const made = places.filter((place) => !existsSync(place));
  return () => {
    for (const place of made) rmSync(place, { recursive: true, force: true });
  };
}
