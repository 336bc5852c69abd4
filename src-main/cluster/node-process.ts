/** One node's process through all its incarnations. */
import { rmSync } from 'node:fs';
import { EMPTY_CONFIGURATION } from '../consensus/raft/configuration.ts';
import type { NodeId, OperatorInput, StorageId } from '../consensus/replica.ts';
import type { FromNode, NodeStart, PeerAddress, ToNode } from '../node/protocol.ts';
import type { EventId, EventPayload } from '../trace/model/events.ts';
import { Child } from './child.ts';
import type { Reaper } from './reaper.ts';
import { streamSeed } from '../node/stream-seed.ts';

export interface NodeProcessEvents {
  record(payload: EventPayload, cause?: EventId): void;
  /** It went down and nobody here had asked for it: `kill` (a signal), `stop` or `crash`. */
  down(node: NodeId, type: string, parameters: object): void;
  changed(): void;
}

const FAILED_GRACE_MS = 2_000;

export class NodeProcess {
  readonly id: NodeId;
  #start: NodeStart;
  readonly #reaper: Reaper;
  readonly #events: NodeProcessEvents;
  #child: Child<FromNode, ToNode> | undefined;
  #incarnation = 0;
  #paused = false;
  #error: string | undefined;
  #ending: { how: 'killed' | 'stopped'; cause?: EventId } | undefined;
  #ended: Promise<void> = Promise.resolve();
  /** The start of the incarnation at hand. */
  #started: Promise<void> = Promise.resolve();
  #ready = false;
  /** It was up once, so there is something on its disk from then on. */
  #hasRun = false;
  #retired = false;
  #removed = false;

  constructor(start: NodeStart, reaper: Reaper, events: NodeProcessEvents) {
    this.id = start.id;
    this.#start = start;
    this.#reaper = reaper;
    this.#events = events;
  }

  get alive(): boolean {
    return this.#child?.running ?? false;
  }

  /** Up, and past its start: it listens and takes part. */
  get ready(): boolean {
    return this.alive && this.#ready;
  }

  get paused(): boolean {
    return this.alive && this.#paused;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  /** The id that its disk carries. */
  get storageId(): StorageId {
    return this.#start.storageId;
  }

  /** It takes no part any more and is not started. */
  get removed(): boolean {
    return this.#removed;
  }

  /** Why the last incarnation failed, in its own words. */
  get error(): string | undefined {
    return this.#error;
  }

  /**
   * Starts a new incarnation on the node's own disk. Rejects with the reason when it cannot run. A node has one process: whoever
   * asks for a start while another one's is under way gets that one.
   */
  async start(cause?: EventId): Promise<void> {
    await this.#ended;
    if (this.#retired) throw new Error(`${this.id} is not started any more: its run is being stopped.`);
    if (this.#removed)
      throw new Error(`${this.id} is not started any more: it was removed from the cluster.`);
    if (!this.alive) this.#started = this.#startIncarnation(cause);
    return this.#started;
  }

  async #startIncarnation(cause?: EventId): Promise<void> {
    let isReady = (): void => undefined;
    let isRefused = (_error: Error): void => undefined;
    const ready = new Promise<void>((resolve, reject) => {
      isReady = resolve;
      isRefused = reject;
    });
    ready.catch(() => undefined);
    const of = ++this.#incarnation;
    this.#error = undefined;
    this.#ending = undefined;
    this.#paused = false;
    this.#ready = false;
    const child = new Child<FromNode, ToNode>('node', this.#reaper, (message) => {
      if (message.kind === 'ready') isReady();
      else {
        this.#error = message.error;
        isRefused(new Error(message.error));
      }
    });
    this.#child = child;
    const port = this.#start.members.find(({ id }) => id === this.id)?.port;
    this.#events.record(
      { kind: 'process-spawned', node: this.id, pid: child.pid, of, ...(port === undefined ? {} : { port }) },
      cause,
    );
    this.#ended = child.exited.then((exit) => {
      const ending = this.#ending;
      const error = this.#error ?? (ending ? undefined : exit.lastWords);
      this.#error = error;
      this.#paused = false;
      const reason =
        this.#error !== undefined && exit.code !== 0 && exit.signal === null
          ? 'failed'
          : (ending?.how ?? (exit.signal === 'SIGKILL' ? 'killed' : exit.code === 0 ? 'stopped' : 'crashed'));
      this.#events.record(
        {
          kind: 'process-exited',
          node: this.id,
          of,
          reason,
          code: exit.code,
          signal: exit.signal,
          ...(error === undefined ? {} : { error }),
        },
        ending?.cause,
      );
      if (!ending) {
        const type = reason === 'killed' ? 'kill' : reason === 'stopped' ? 'stop' : 'crash';
        this.#events.down(this.id, type, {
          origin: 'outside the lab',
          ...(error === undefined ? {} : { error }),
        });
      }
      this.#events.changed();
    });
    // The seed differs by incarnation, or a restarted node would draw the timeouts of its first life again.
    child.send({
      ...this.#start,
      incarnation: of,
      seed: streamSeed(this.#start.seed, this.id, of),
      emptyDisk: !this.#hasRun,
    });
    try {
      await child.started(ready);
    } catch (error) {
      // It leaves by itself when it said why; one that said nothing is ended.
      await child.leave(FAILED_GRACE_MS);
      await this.#ended;
      throw error;
    }
    this.#ready = true;
    this.#hasRun = true;
    this.#events.record({ kind: 'process-ready', node: this.id, of }, cause);
    this.#events.changed();
  }

  /** SIGKILL. Resolves when the process has gone and its end is recorded. */
  async kill(cause?: EventId): Promise<void> {
    this.#ending ??= { how: 'killed', ...(cause === undefined ? {} : { cause }) };
    this.#child?.signal('SIGKILL');
    await this.#ended;
  }

  /** Orderly stop; a paused process is resumed for it; SIGKILL after `graceMs`. */
  async stop(graceMs: number, cause?: EventId): Promise<void> {
    if (this.#paused) this.resume(cause);
    this.#ending ??= { how: 'stopped', ...(cause === undefined ? {} : { cause }) };
    this.#child?.send({ kind: 'stop' });
    await this.#child?.leave(graceMs);
    await this.#ended;
  }

  /** Stops it if it is up, and lets no start happen after that. */
  async retire(graceMs: number): Promise<void> {
    this.#retired = true;
    if (this.alive) await this.stop(graceMs);
    await this.#ended;
  }

  /** Stops it if it is up; it is not started again unless it comes back. */
  async remove(graceMs: number, cause?: EventId): Promise<void> {
    this.#removed = true;
    if (this.alive) await this.stop(graceMs, cause);
    await this.#ended;
    this.#events.changed();
  }

  /** The disk of a node that is down gives way to an empty one; on it the node knows nobody until it is told. */
  comeBackEmpty(storageId: StorageId): void {
    if (this.alive) throw new Error(`${this.id} is up: its disk cannot be replaced under it.`);
    rmSync(this.#start.folder, { recursive: true, force: true });
    this.#start = { ...this.#start, storageId, configuration: EMPTY_CONFIGURATION };
    this.#removed = false;
  }

  /** Where the others are from now on, also for later incarnations. */
  tellMembers(members: readonly PeerAddress[]): void {
    this.#start = { ...this.#start, members: [...members] };
    this.#child?.send({ kind: 'members', members: [...members] });
  }

  pause(cause?: EventId): void {
    this.#child?.signal('SIGSTOP');
    this.#paused = true;
    this.#events.record({ kind: 'process-paused', node: this.id }, cause);
    this.#events.changed();
  }

  resume(cause?: EventId): void {
    // Recorded first: nothing the node does again may be older than the record of its waking.
    this.#events.record({ kind: 'process-resumed', node: this.id }, cause);
    this.#paused = false;
    this.#child?.signal('SIGCONT');
    this.#events.changed();
  }

  operate(command: OperatorInput, cause: EventId): void {
    this.#child?.send({ kind: 'operator', command, cause });
  }

  /** Ends it without ceremony: the run it belongs to never began. */
  async abandon(): Promise<void> {
    this.#retired = true;
    this.#ending = { how: 'stopped' };
    this.#child?.signal('SIGKILL');
    await this.#ended;
  }
}
