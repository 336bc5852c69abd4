/** Forks node and load processes directly, without a supervisor or a recorder, for tests of the node itself. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { votersOnly } from '../../src-main/consensus/raft/configuration.ts';
import { RAFT_DEFAULTS } from '../../src-main/consensus/raft/options.ts';
import type { RaftOptions } from '../../src-main/consensus/raft/options.ts';
import type {
  CallResult,
  ClientCall,
  FromLoad,
  FromNode,
  NodeStart,
  PeerAddress,
  ToLoad,
  ToNode,
} from '../../src-main/node/protocol.ts';
import type { Self } from '../../src-main/node/transport/handshake.ts';
import { openDatabase } from '../../src-main/trace/sqlite.ts';
import { SpoolReader } from '../../src-main/trace/spool/reader.ts';
import type { Configuration, OperatorInput } from '../../src-main/consensus/replica.ts';
import type { EventPayload } from '../../src-main/trace/model/events.ts';

const sources = path.resolve(import.meta.dirname, '../../src-main/node');
const conditionMsMax = 20_000;

export const quickOptions: RaftOptions = {
  ...RAFT_DEFAULTS,
  electionTimeoutMs: { min: 150, max: 300 },
  heartbeatMs: 40,
  maxEntriesPerMessage: 1024,
};

/** An event as a test reads it back from a spool. */
export type SpooledPayload = EventPayload & {
  readonly seq: number;
  readonly step: number;
  readonly cause: string | null;
};

interface RunningNode {
  readonly child: ChildProcess;
  readonly failure: Promise<string>;
}

export class NodeCluster {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'quorum-lab-nodes-'));
  readonly spoolFolder = path.join(this.folder, 'spool');
  readonly members: readonly PeerAddress[];
  readonly configuration: Configuration;
  readonly #options: RaftOptions;
  readonly #secret = new Uint8Array(32).map((_zero, at) => at * 7 + 1);
  readonly #originNs = process.hrtime.bigint();
  readonly #running = new Map<string, RunningNode>();
  readonly #incarnations = new Map<string, number>();
  readonly #calls = new Map<number, (result: CallResult) => void>();
  #load: ChildProcess | undefined;
  #callId = 0;

  static async of(count: number, options: RaftOptions = quickOptions): Promise<NodeCluster> {
    const members: PeerAddress[] = [];
    for (let number = 1; number <= count; number++) {
      members.push({ id: `n${number}`, port: await freePort(members.map((member) => member.port)) });
    }
    return new NodeCluster(members, options);
  }

  constructor(members: readonly PeerAddress[], options: RaftOptions) {
    this.members = members;
    const ids = members.map(({ id }) => id);
    this.configuration = votersOnly(ids, Object.fromEntries(ids.map((id) => [id, storageOf(id)])));
    this.#options = options;
    mkdirSync(this.spoolFolder);
  }

  folderOf(id: string): string {
    return path.join(this.folder, id);
  }

  /** What a client of the test's own proves itself with. */
  client(incarnation: number): Self {
    return { runId: 'test-run', secret: this.#secret, id: 'load', incarnation };
  }

  get loadPid(): number | undefined {
    return this.#load?.pid;
  }

  pidOf(id: string): number | undefined {
    return this.#running.get(id)?.child.pid;
  }

  /** Forks a node without waiting. `failure` resolves with its sentence if it fails. */
  launch(id: string, changes: Partial<NodeStart> = {}): { ready: Promise<void>; failure: Promise<string> } {
    const incarnation = (this.#incarnations.get(id) ?? 0) + 1;
    this.#incarnations.set(id, incarnation);
    const child = forkEntry('main.ts');
    const start: ToNode = {
      kind: 'start',
      runId: 'test-run',
      id,
      incarnation,
      members: [...this.members],
      configuration: this.configuration,
      folder: this.folderOf(id),
      storageId: storageOf(id),
      spoolFolder: this.spoolFolder,
      originNs: this.#originNs,
      secret: this.#secret,
      protocol: 'raft',
      options: this.#options,
      seed: incarnation * 100 + Number(id.slice(1)),
      ...changes,
    };
    let failed: (sentence: string) => void = () => undefined;
    const failure = new Promise<string>((resolve) => (failed = resolve));
    const ready = new Promise<void>((resolve) => {
      child.on('message', (message: FromNode) => {
        if (message.kind === 'ready') resolve();
        else failed(message.error);
      });
    });
    this.#running.set(id, { child, failure });
    child.send(start);
    return { ready, failure };
  }

  async start(id: string): Promise<void> {
    const { ready, failure } = this.launch(id);
    const sentence = await Promise.race([ready, failure]);
    if (sentence !== undefined) throw new Error(sentence);
  }

  async startAll(): Promise<void> {
    await Promise.all(this.members.map(({ id }) => this.start(id)));
    this.#load = forkEntry('client/main.ts');
    const ready = new Promise<void>((resolve) => {
      this.#load?.on('message', (message: FromLoad) => {
        if (message.kind === 'ready') resolve();
        if (message.kind === 'result') this.#calls.get(message.id)?.(message.result);
      });
    });
    this.tellLoad({
      kind: 'start',
      runId: 'test-run',
      incarnation: 1,
      members: [...this.members],
      spoolFolder: this.spoolFolder,
      originNs: this.#originNs,
      secret: this.#secret,
      seed: 7,
      timeoutMs: 3000,
      reads: this.#options.reads,
      retries: this.#options.clientSessions,
    });
    await ready;
  }

  tellLoad(message: ToLoad): void {
    this.#load?.send(message);
  }

  /** The load process ends what is under way and leaves. */
  async stopLoad(): Promise<void> {
    if (this.#load === undefined) return;
    const ended = once(this.#load, 'exit');
    this.tellLoad({ kind: 'stop' });
    await ended;
    this.#load = undefined;
  }

  async call(call: ClientCall, node?: string): Promise<CallResult> {
    const id = ++this.#callId;
    const result = new Promise<CallResult>((resolve) => this.#calls.set(id, resolve));
    this.tellLoad({
      kind: 'call',
      id,
      call,
      cause: 'lab/1/1',
      ...(node === undefined ? undefined : { node }),
    });
    return result;
  }

  /** Cuts the channel to a node, as the death of its parent would. */
  disconnect(id: string): void {
    this.#running.get(id)?.child.disconnect();
  }

  signal(id: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#running.get(id)?.child.kill(signal);
  }

  operate(id: string, command: OperatorInput): void {
    this.#running.get(id)?.child.send({ kind: 'operator', command, cause: 'lab/1/1' } satisfies ToNode);
  }

  async kill(id: string): Promise<void> {
    await this.#endNode(id, (child) => child.kill('SIGKILL'));
  }

  async stop(id: string): Promise<void> {
    await this.#endNode(id, (child) => child.send({ kind: 'stop' } satisfies ToNode));
  }

  /** Kills whatever runs and removes the folder. */
  async dispose(): Promise<void> {
    for (const id of [...this.#running.keys()]) await this.kill(id);
    if (this.#load !== undefined) {
      const ended = once(this.#load, 'exit');
      this.#load.kill('SIGKILL');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Everything that a source has recorded, over all its incarnations. */
  events(source: string): SpooledPayload[] {
    const files = readdirSync(this.spoolFolder).filter((file) => file.startsWith(`${source}-`));
    const inOrder = files.sort((left, right) => incarnationOf(left) - incarnationOf(right));
    return inOrder.flatMap((file) => readSpool(path.join(this.spoolFolder, file)));
  }

  /** The node that recorded leadership of the highest term, among those that run. */
  leader(): string | undefined {
    let best: { id: string; term: number } | undefined;
    for (const id of this.#running.keys()) {
      for (const event of this.events(id)) {
        if (event.kind === 'role' && event.to === 'leader' && event.term > (best?.term ?? 0))
          best = { id, term: event.term };
      }
    }
    return best?.id;
  }

  /** A node's log as its database holds it: `[index, JSON]`. */
  logOf(id: string): [number, string][] {
    const database = openDatabase(path.join(this.folderOf(id), 'log.db'), { readonly: true });
    try {
      return database.prepare('SELECT key, value FROM log ORDER BY key').raw().all() as [number, string][];
    } finally {
      database.close();
    }
  }

  pairsOf(id: string): Map<string, string> {
    const database = openDatabase(path.join(this.folderOf(id), 'state.db'), { readonly: true });
    try {
      return new Map(database.prepare('SELECT key, value FROM pair').raw().all() as [string, string][]);
    } finally {
      database.close();
    }
  }

  async #endNode(id: string, end: (child: ChildProcess) => void): Promise<void> {
    const child = this.#running.get(id)?.child;
    this.#running.delete(id);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    end(child);
    await exited;
  }
}

function storageOf(id: string): string {
  return `disk-of-${id}`;
}

/** Waits for a condition, looking again every few milliseconds. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + conditionMsMax;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited ${conditionMsMax} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

function forkEntry(entry: string): ChildProcess {
  return fork(path.join(sources, entry), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function incarnationOf(file: string): number {
  return Number(/-(\d+)\.spool$/.exec(file)?.[1]);
}

function readSpool(file: string): SpooledPayload[] {
  const reader = new SpoolReader(file);
  const events: SpooledPayload[] = [];
  for (;;) {
    const batch = reader.read();
    for (const { seq, step, cause, json } of batch.events) {
      events.push({ ...(JSON.parse(json) as EventPayload), seq, step, cause });
    }
    if (batch.atEnd) break;
  }
  reader.close();
  return events;
}

/** A free port outside the ephemeral range. */
async function freePort(taken: readonly number[]): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (!taken.includes(port) && (await isFree(port))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)));
  });
}
