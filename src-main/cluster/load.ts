/** Keeps the load process of a run at work: one that dies is started again and goes on with the workload asked for last. */
import type { NodeId } from '../consensus/replica.ts';
import type {
  CallResult,
  ClientCall,
  FromLoad,
  LoadStart,
  Measured,
  PeerAddress,
  ToLoad,
} from '../node/protocol.ts';
import type { EventId, EventPayload } from '../trace/model/events.ts';
import { Child } from './child.ts';
import type { Reaper } from './reaper.ts';
import { streamSeed } from '../node/stream-seed.ts';

export interface Workload {
  clients: number;
  keys: number;
  valueBytes: number;
  /** Share of reads, 0 to 1. */
  readRatio: number;
}

/** Why no operation can be taken now. */
export class NoLoad extends Error {}

const RESTART_MS = 100;
const FAILURES_MAX = 5;
/** One that lasted this long did not fail because of how it was started. */
const STEADY_MS = 10_000;

export class Load {
  #start: LoadStart;
  readonly #reaper: Reaper;
  readonly #record: (payload: EventPayload) => void;
  readonly #calls = new Map<number, (result: CallResult) => void>();
  readonly #measurings = new Map<number, (measured: Measured) => void>();
  #child: Child<FromLoad, ToLoad> | undefined;
  #incarnation = 0;
  #failures = 0;
  #startedMs = 0;
  #givenUp: string | undefined;
  #workload: Workload = { clients: 0, keys: 1, valueBytes: 16, readRatio: 0 };
  #callCount = 0;
  #ending = false;

  /** `start` is sent to every incarnation, with its own number and seed. */
  constructor(start: LoadStart, reaper: Reaper, record: (payload: EventPayload) => void) {
    this.#start = start;
    this.#reaper = reaper;
    this.#record = record;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get workload(): Workload {
    return this.#workload;
  }

  setWorkload(workload: Workload): void {
    if (this.#ending) return;
    this.#workload = workload;
    this.#child?.send({ kind: 'workload', ...workload });
  }

  /** Where the nodes are from now on, also for later incarnations. */
  tellMembers(members: readonly PeerAddress[]): void {
    this.#start = { ...this.#start, members: [...members] };
    this.#child?.send({ kind: 'members', members: [...members] });
  }

  /** Rejects with the reason when it cannot run. */
  async start(): Promise<void> {
    let isReady = (): void => undefined;
    let isRefused = (_error: Error): void => undefined;
    const ready = new Promise<void>((resolve, reject) => {
      isReady = resolve;
      isRefused = reject;
    });
    ready.catch(() => undefined);
    const of = ++this.#incarnation;
    let error: string | undefined;
    const child = new Child<FromLoad, ToLoad>('load', this.#reaper, (message) => {
      if (message.kind === 'ready') isReady();
      else if (message.kind === 'failed') {
        error = message.error;
        isRefused(new Error(message.error));
      } else if (message.kind === 'measured') {
        this.#measurings.get(message.id)?.(message.measured);
        this.#measurings.delete(message.id);
      } else {
        this.#calls.get(message.id)?.(message.result);
        this.#calls.delete(message.id);
      }
    });
    this.#child = child;
    this.#startedMs = performance.now();
    this.#record({ kind: 'process-spawned', node: 'load', pid: child.pid, of });
    void child.exited.then((exit) => {
      error ??= exit.lastWords;
      this.#record({
        kind: 'process-exited',
        node: 'load',
        of,
        reason: exit.code === 0 ? 'stopped' : exit.signal ? 'killed' : 'crashed',
        code: exit.code,
        signal: exit.signal,
        ...(error === undefined ? {} : { error }),
      });
      if (!this.#ending && child === this.#child) this.#again(error);
    });
    child.send({ ...this.#start, incarnation: of, seed: streamSeed(this.#start.seed, 'load', of) });
    await child.started(ready);
    this.#record({ kind: 'process-ready', node: 'load', of });
    if (this.#workload.clients > 0) this.setWorkload(this.#workload);
  }

  #again(error: string | undefined): void {
    if (performance.now() - this.#startedMs > STEADY_MS) this.#failures = 0;
    if (++this.#failures > FAILURES_MAX) {
      this.#givenUp = `The load process ended ${this.#failures} times in a row${error === undefined ? '' : ` (${error})`}, so there are no clients any more. Stop this run and start a new one.`;
      return;
    }
    setTimeout(() => {
      if (!this.#ending) this.start().catch(() => undefined); // its exit comes back here
    }, RESTART_MS * this.#failures);
  }

  /** One operation of the console. Resolves also for failed and unknown outcomes; rejects with {@link NoLoad} when none can be taken. */
  call(call: ClientCall, cause: EventId, node?: NodeId): Promise<CallResult> {
    const child = this.#child;
    if (!child?.running) {
      return Promise.reject(
        new NoLoad(this.#givenUp ?? 'The load process is being started again; try once more in a moment.'),
      );
    }
    const id = ++this.#callCount;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, resolve);
      void child.exited.then(() => {
        if (this.#calls.delete(id))
          reject(
            new Error('The load process ended before the operation was answered; its outcome is unknown.'),
          );
      });
      child.send({ kind: 'call', id, call, cause, ...(node === undefined ? {} : { node }) });
    });
  }

  /** Watches the workload for so long. Rejects when the load process ends before. */
  measure(ms: number): Promise<Measured> {
    const child = this.#child;
    if (!child?.running) return Promise.reject(new NoLoad('There is no load process to measure.'));
    const id = ++this.#callCount;
    return new Promise((resolve, reject) => {
      this.#measurings.set(id, resolve);
      void child.exited.then(() => {
        if (this.#measurings.delete(id))
          reject(new Error('The load process ended while it was being measured.'));
      });
      child.send({ kind: 'measure', id, ms });
    });
  }

  /** Lets what is under way complete; kills it after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#ending = true;
    this.#child?.send({ kind: 'stop' });
    await this.#child?.leave(graceMs);
  }

  /** Ends it without ceremony. */
  async abandon(): Promise<void> {
    this.#ending = true;
    this.#child?.signal('SIGKILL');
    await this.#child?.exited;
  }
}
