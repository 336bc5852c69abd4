import { createPinia, setActivePinia } from 'pinia';
import { vi } from 'vitest';
import type {
  ClusterState,
  LabBridge,
  LiveSnapshot,
  NodeState,
  QueryName,
  RunSummary,
  TraceInfo,
  WindowReport,
} from '../../../src-main/api/index.ts';
import { provideBridge } from '../../../src-renderer/stores/bridge.ts';
import type { ConnectionState, WindowBridge } from '../../../src-renderer/bridge/connection.ts';

export const RUN = '0199a0b2-7c1e-7000-8000-000000000001';
export const OTHER_RUN = '0199a0b2-7c1e-7000-8000-000000000002';

export function node(id: string, changes: Partial<NodeState> = {}): NodeState {
  return {
    id,
    status: 'running',
    statusSinceNs: 0,
    pid: 100,
    port: 20_001,
    incarnation: 1,
    role: 'follower',
    roleSinceNs: 0,
    term: 1,
    votedFor: null,
    leader: null,
    commit: 0,
    applied: 0,
    lastIndex: 0,
    lastHash: 0,
    durableIndex: 0,
    log: [],
    compacted: 0,
    snapshot: null,
    incoming: null,
    configuration: null,
    storageId: null,
    lease: null,
    transfer: null,
    votes: [],
    progress: {},
    electionDeadlineNs: null,
    lastSyncNs: null,
    error: null,
    ...changes,
  };
}

export function clusterState(atNs: number, nodes = [node('n1'), node('n2'), node('n3')]): ClusterState {
  return {
    atNs,
    nodes,
    faults: [],
    operations: { invoked: 0, acknowledged: 0, failed: 0, unknown: 0 },
    clients: 0,
  };
}

export function snapshotAt(atNs: number, changes: Partial<LiveSnapshot> = {}): LiveSnapshot {
  return {
    runId: RUN,
    atNs,
    state: clusterState(atNs),
    links: [],
    votes: [],
    notable: [],
    operations: [],
    elections: [],
    events: 0,
    messages: 0,
    backlogBytes: 0,
    fileBytes: 0,
    timerLatenessMsMax: null,
    ...changes,
  };
}

export function summary(changes: Partial<RunSummary> = {}): RunSummary {
  return {
    runId: RUN,
    title: 'A run',
    status: 'complete',
    startedAt: '2025-11-23T09:00:00.000Z',
    durationNs: 8e9,
    nodes: 3,
    protocol: 'raft',
    profile: 'workshop',
    events: 10,
    messages: 5,
    elections: 1,
    fileBytes: 1_000,
    error: null,
    ...changes,
  };
}

function traceInfo(of: RunSummary): TraceInfo {
  return {
    runId: of.runId,
    title: of.title,
    status: of.status === 'complete' ? 'complete' : 'recording',
    statusReason: null,
    schemaVersion: 1,
    protocol: of.protocol,
    profile: of.profile,
    nodes: ['n1', 'n2', 'n3'],
    seed: 1,
    startedAt: of.startedAt,
    durationNs: of.durationNs,
    events: of.events,
    messages: of.messages,
    operations: 0,
    elections: of.elections,
    faults: 0,
    gaps: 0,
    findings: 0,
    fileBytes: of.fileBytes,
    options: {},
    scenario: null,
    versions: {},
    machine: { os: 'linux', cpu: 'one', cores: 2 },
  };
}

type Answer = (params: never) => unknown;

/** A lab without a cluster: it answers what a test tells it to, when the test tells it to. */
export class FakeLab implements WindowBridge {
  readonly host = 'browser';
  connection: ConnectionState = 'connected';
  readonly calls: { method: string; params: object }[] = [];
  readonly #methods = new Map<string, Answer>();
  readonly #queries = new Map<QueryName, Answer>();
  readonly #live = new Map<string, (snapshot: LiveSnapshot) => void>();
  #connectionListener: ((state: ConnectionState) => void) | undefined;
  #runs: RunSummary[] = [];
  #onRuns: ((snapshot: { runs: RunSummary[] }) => void) | undefined;

  constructor() {
    this.onQuery('elections', () => ({ elections: [] }));
    this.onQuery('faults', () => ({ faults: [] }));
    this.onQuery('stateAt', ({ atNs }: { atNs: number }) => clusterState(atNs));
  }

  on(method: string, answer: Answer): void {
    this.#methods.set(method, answer);
  }
  onQuery(query: QueryName, answer: Answer): void {
    this.#queries.set(query, answer);
  }

  setRuns(...runs: RunSummary[]): void {
    this.#runs = runs;
    this.#onRuns?.({ runs });
  }
  push(snapshot: LiveSnapshot): void {
    this.#live.get(snapshot.runId)?.(snapshot);
  }
  isWatched(runId: string): boolean {
    return this.#live.has(runId);
  }
  lose(): void {
    this.connection = 'lost';
    this.#connectionListener?.('lost');
  }

  readonly call = (async (method: string, params: object) => {
    this.calls.push({ method, params });
    await Promise.resolve();
    if (method === 'query') {
      const { runId, query, params: asked } = params as { runId: string; query: QueryName; params: object };
      if (query === 'info') {
        const of = this.#runs.find((run) => run.runId === runId);
        if (!of) throw new Error('There is no run of this id.');
        return traceInfo(of);
      }
      const answer = this.#queries.get(query);
      if (!answer) throw new Error(`The test answers no ${query}.`);
      return answer(asked as never);
    }
    const answer = this.#methods.get(method);
    if (!answer) throw new Error(`The test answers no ${method}.`);
    return answer(params as never);
  }) as LabBridge['call'];

  readonly subscribe = ((
    stream: string,
    params: { runId?: string },
    onSnapshot: (snapshot: never) => void,
  ): (() => void) => {
    if (stream === 'runs') {
      this.#onRuns = onSnapshot as unknown as (snapshot: { runs: RunSummary[] }) => void;
      this.#onRuns({ runs: this.#runs });
      return () => undefined;
    }
    const runId = params.runId ?? '';
    this.#live.set(runId, onSnapshot as unknown as (snapshot: LiveSnapshot) => void);
    return () => this.#live.delete(runId);
  }) as LabBridge['subscribe'];

  openFile(): Promise<{ runId: string }> {
    return Promise.reject(new Error('The test opens no file.'));
  }
  readonly reports: WindowReport[] = [];
  saveReport(report: WindowReport): Promise<{ saved: boolean }> {
    this.reports.push(report);
    return Promise.resolve({ saved: true });
  }
  onOpenLink(): () => void {
    return () => undefined;
  }
  onConnection(listener: (state: ConnectionState) => void): () => void {
    this.#connectionListener = listener;
    return () => undefined;
  }
}

/** Frames that come when the test says so. */
export class Frames {
  #nowMs = 1_000;
  #next: ((nowMs: number) => void) | null = null;

  install(): void {
    vi.stubGlobal('requestAnimationFrame', (callback: (nowMs: number) => void) => {
      this.#next = callback;
      return 1;
    });
    vi.stubGlobal('cancelAnimationFrame', () => {
      this.#next = null;
    });
    vi.spyOn(performance, 'now').mockImplementation(() => this.#nowMs);
  }
  get waiting(): boolean {
    return this.#next !== null;
  }
  pass(ms: number): void {
    this.#nowMs += ms;
    const callback = this.#next;
    this.#next = null;
    callback?.(this.#nowMs);
  }
}

/** A new window on a new fake lab. */
export function openWindow(): { lab: FakeLab; frames: Frames } {
  const lab = new FakeLab();
  const frames = new Frames();
  frames.install();
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  provideBridge(lab);
  setActivePinia(createPinia());
  return { lab, frames };
}

/** Lets everything that promises wait for happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await Promise.resolve();
}
