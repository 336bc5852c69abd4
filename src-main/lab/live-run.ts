/** A run whose cluster is up: executes the window's commands and hands out live snapshots. */
import path from 'node:path';
import type { Command, CommandResult } from '../api/contract.ts';
import { Cluster, Refused } from '../cluster/cluster.ts';
import type { BookmarkChange, LiveSnapshot } from '../trace/model/queries.ts';
import { LiveState } from '../experiments/live-state.ts';
import { perform } from '../experiments/perform.ts';
import { operationTimeoutMs } from '../experiments/run-scenario.ts';
import type { Scenario } from '../experiments/scenario.ts';
import type { RaftOptions } from '../consensus/raft/options.ts';
import type { RunHeader } from '../trace/protocol.ts';
import { Commands } from './commands.ts';

const SNAPSHOTS_PER_SECOND = 30;
/** Without a window the snapshots only serve a scenario or a command that waits for something. */
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
  /** It cannot go on, or the trace is as large as it may be: the run is to be stopped. */
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
  readonly #commands: Commands;
  #commandsUnderWay = 0;
  #hz = 0;

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
    this.#commands = new Commands(cluster, live, this.#aborted.signal);
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
        limitReached: (reason) => events.recordingFailed(reason),
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

  /** How many take part now, or may. */
  get nodes(): number {
    return this.#cluster.nodes.length;
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

  /** Carries out a command and records it with its origin, also when it is refused. Rejects with a sentence. */
  async execute(command: Command, origin: string): Promise<CommandResult> {
    const cause = this.#cluster.recordOperator(command, origin);
    this.#commandsUnderWay++;
    this.#adjustWatch();
    try {
      return await this.#commands.perform(command, cause);
    } catch (error) {
      if (error instanceof Refused) this.#cluster.recordOperator(command, origin, error.message);
      throw error;
    } finally {
      this.#commandsUnderWay--;
      this.#adjustWatch();
    }
  }

  /** Marks a moment in the trace being recorded. Rejects with a sentence when it cannot be. */
  bookmark(change: BookmarkChange): Promise<void> {
    return this.#cluster.bookmark(change);
  }

  /** Stops the cluster and closes the trace. */
  async stop(reason: string): Promise<void> {
    this.#aborted.abort();
    await this.#cluster.stop(reason);
  }

  #adjustWatch(): void {
    const waits = this.#hasScenario || this.#commandsUnderWay > 0;
    const hz = this.#watchers.size > 0 ? SNAPSHOTS_PER_SECOND : waits ? SNAPSHOTS_PER_SECOND_UNWATCHED : 0;
    if (hz === this.#hz) return;
    this.#hz = hz;
    this.#cluster.watch(hz);
  }
}

export function traceFileOf(folder: string): string {
  return path.join(folder, 'run.qlab');
}
