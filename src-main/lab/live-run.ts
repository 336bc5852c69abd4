/** A run whose cluster is up: executes the window's commands and hands out live snapshots. */
import path from 'node:path';
import type { Command, CommandResult } from '../api/contract.ts';
import { Cluster, Refused } from '../cluster/cluster.ts';
import type { CallResult, ClientCall } from '../node/protocol.ts';
import type { NodeId } from '../consensus/replica.ts';
import type { NodeState } from '../trace/model/state.ts';
import type { LiveSnapshot } from '../trace/model/queries.ts';
import { LiveState } from '../experiments/live-state.ts';
import { perform } from '../experiments/perform.ts';
import { operationTimeoutMs } from '../experiments/run-scenario.ts';
import type { Scenario } from '../experiments/scenario.ts';
import type { RaftOptions } from '../consensus/raft/options.ts';
import type { RunHeader } from '../trace/protocol.ts';

const SNAPSHOTS_PER_SECOND = 30;
/** Without a window the snapshots only serve a scenario that waits for something. */
const SNAPSHOTS_PER_SECOND_UNWATCHED = 10;

export interface LiveRunPlan {
  header: RunHeader;
  options: RaftOptions;
  folder: string;
  scenario?: Scenario;
}

export interface LiveRunEvents {
  /** Anything that the list of runs shows has changed. */
  changed(): void;
  /** The scenario is through, or could not go on. */
  scenarioEnded(error?: string): void;
  recordingFailed(error: string): void;
}

export class LiveRun {
  readonly header: RunHeader;
  readonly traceFile: string;
  readonly folder: string;
  title: string;
  readonly #cluster: Cluster;
  readonly #live: LiveState;
  readonly #watchers: Set<(snapshot: LiveSnapshot) => void>;
  readonly #aborted = new AbortController();
  readonly #hasScenario: boolean;

  private constructor(
    plan: LiveRunPlan,
    cluster: Cluster,
    live: LiveState,
    watchers: Set<(snapshot: LiveSnapshot) => void>,
  ) {
    this.header = plan.header;
    this.title = plan.header.title;
    this.folder = plan.folder;
    this.traceFile = traceFileOf(plan.folder);
    this.#cluster = cluster;
    this.#live = live;
    this.#watchers = watchers;
    this.#hasScenario = plan.scenario !== undefined;
  }

  /** Rejects with the reason when the cluster cannot start; nothing is left behind then. */
  static async start(plan: LiveRunPlan, events: LiveRunEvents): Promise<LiveRun> {
    const live = new LiveState();
    const watchers = new Set<(snapshot: LiveSnapshot) => void>();
    const cluster = await Cluster.start(
      {
        header: plan.header,
        options: plan.options,
        folder: plan.folder,
        traceFile: traceFileOf(plan.folder),
        operationTimeoutMs: operationTimeoutMs(plan.options),
      },
      {
        snapshot: (snapshot) => {
          live.take(snapshot);
          for (const watch of watchers) watch(snapshot);
        },
        changed: () => events.changed(),
        recordingFailed: (error) => events.recordingFailed(error),
      },
    );
    const run = new LiveRun(plan, cluster, live, watchers);
    run.#adjustWatch();
    if (plan.scenario) {
      perform(plan.scenario, cluster, live, run.#aborted.signal).then(
        () => events.scenarioEnded(),
        (error: Error) => events.scenarioEnded(error.message),
      );
    }
    return run;
  }

  get latest(): LiveSnapshot | undefined {
    return this.#live.latest;
  }

  /** The newest snapshot at once, then each new one, until the returned function is called. */
  watch(onSnapshot: (snapshot: LiveSnapshot) => void): () => void {
    this.#watchers.add(onSnapshot);
    this.#adjustWatch();
    if (this.latest) onSnapshot(this.latest);
    return () => {
      this.#watchers.delete(onSnapshot);
      this.#adjustWatch();
    };
  }

  setWorkload(clients: number): void {
    this.#cluster.setWorkload({ clients, keys: 100, valueBytes: 128, readRatio: 0 });
  }

  /** Carries out a command and records it with its origin, also when it is refused. Rejects with a sentence. */
  async execute(command: Command, origin: string): Promise<CommandResult> {
    const cause = this.#cluster.recordOperator(command, origin);
    try {
      return await this.#perform(command, cause);
    } catch (error) {
      if (error instanceof Refused) this.#cluster.recordOperator(command, origin, error.message);
      throw error;
    }
  }

  async #perform(command: Command, cause: string): Promise<CommandResult> {
    const cluster = this.#cluster;
    switch (command.kind) {
      case 'kill':
        await cluster.kill(command.node, cause);
        return { text: `${command.node} was killed.` };
      case 'pause':
        cluster.pause(command.node, cause);
        return { text: `${command.node} is paused.` };
      case 'resume':
        cluster.resume(command.node, cause);
        return { text: `${command.node} goes on.` };
      case 'restart':
        await cluster.restart(command.node, cause);
        return { text: `${command.node} was started again on its own disk.` };
      case 'stop':
        await cluster.stopNode(command.node, cause);
        return { text: `${command.node} was stopped.` };
      case 'campaign':
        cluster.operate(command.node, { kind: 'campaign' }, cause);
        return { text: `${command.node} campaigns now.` };
      case 'transfer':
        cluster.operate(this.#leader(), { kind: 'transfer-leadership', to: command.node }, cause);
        return { text: `The leader hands over to ${command.node}.` };
      case 'snapshot':
        cluster.operate(command.node, { kind: 'snapshot' }, cause);
        return { text: `${command.node} saves a snapshot.` };
      case 'change-membership': {
        const { changes, transition = 'auto' } = command;
        cluster.operate(this.#leader(), { kind: 'change-membership', changes, transition }, cause);
        return { text: 'The leader was asked for the change.' };
      }
      case 'leave-joint':
        cluster.operate(this.#leader(), { kind: 'leave-joint' }, cause);
        return { text: 'The leader was asked to leave the joint configuration.' };
      case 'heal': {
        const mended = await cluster.heal(cause);
        return { text: mended.length === 0 ? 'Nothing was broken.' : `Mended ${mended.join(', ')}.` };
      }
      case 'workload':
        this.setWorkload(command.clients);
        return { text: command.clients === 0 ? 'The workload is off.' : `${command.clients} clients write.` };
      case 'put':
      case 'get':
      case 'delete':
      case 'cas':
        return answer(
          await cluster.call(clientCall(command), cause, command.kind === 'get' ? command.node : undefined),
        );
    }
  }

  #leader(): NodeId {
    let best: NodeState | undefined;
    for (const node of this.latest?.state.nodes ?? []) {
      if (node.role !== 'leader' || node.status !== 'running') continue;
      if (best === undefined || node.term > best.term) best = node;
    }
    if (best === undefined) throw new Refused('No node leads now; wait until one is elected.');
    return best.id;
  }

  /** Stops the cluster and closes the trace. */
  async stop(reason: string): Promise<void> {
    this.#aborted.abort();
    await this.#cluster.stop(reason);
  }

  #adjustWatch(): void {
    this.#cluster.watch(
      this.#watchers.size > 0 ? SNAPSHOTS_PER_SECOND : this.#hasScenario ? SNAPSHOTS_PER_SECOND_UNWATCHED : 0,
    );
  }
}

export function traceFileOf(folder: string): string {
  return path.join(folder, 'run.qlab');
}

function clientCall(command: Extract<Command, { kind: 'put' | 'get' | 'delete' | 'cas' }>): ClientCall {
  switch (command.kind) {
    case 'put':
      return { call: 'put', key: command.key, value: command.value };
    case 'get':
      return { call: 'get', key: command.key, ...howToRead(command) };
    case 'delete':
      return { call: 'delete', key: command.key };
    case 'cas':
      return { call: 'cas', key: command.key, expected: command.expected, value: command.value };
  }
}

function howToRead({
  read,
  stale,
}: Extract<Command, { kind: 'get' }>): Pick<Extract<ClientCall, { call: 'get' }>, 'stale' | 'read'> {
  if (stale === true || read === 'stale') return { stale: true };
  return read === undefined ? {} : { read };
}

function answer(result: CallResult): CommandResult {
  const { operation: id, ...rest } = result;
  const where = result.index === null ? '' : ` · index ${result.index}`;
  const text = result.outcome === 'ok' ? `ok${where}` : (result.error ?? result.outcome);
  return { text, operation: { id, ...rest } };
}
