/** Carries out a scenario's steps on a running cluster. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeId } from '../consensus/replica.ts';
import type { LiveSnapshot } from '../trace/model/queries.ts';
import type { Scenario, ScenarioStep, Target } from './scenario.ts';

/** A scenario cannot go on; the message says at which step and why. */
export class ScenarioFailed extends Error {}

/** The newest snapshot of the recording, and a way to wait for one that shows something. */
export class LiveState {
  #snapshot: LiveSnapshot | undefined;
  readonly #waiting = new Set<(snapshot: LiveSnapshot) => void>();

  take(snapshot: LiveSnapshot): void {
    this.#snapshot = snapshot;
    for (const look of this.#waiting) look(snapshot);
  }

  get latest(): LiveSnapshot | undefined {
    return this.#snapshot;
  }

  /** The running leader of the highest term, as far as recorded. */
  leader(): NodeId | undefined {
    return leaderOf(this.#snapshot);
  }

  /** Resolves with the first answer of `look` that is not undefined; undefined after `msMax`. */
  async until<T>(
    look: (snapshot: LiveSnapshot) => T | undefined,
    msMax: number,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    const now = this.#snapshot && look(this.#snapshot);
    if (now !== undefined) return now;
    return new Promise((resolve) => {
      const finish = (answer: T | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        signal?.removeEventListener('abort', abort);
        resolve(answer);
      };
      const check = (snapshot: LiveSnapshot) => {
        const answer = look(snapshot);
        if (answer !== undefined) finish(answer);
      };
      const abort = () => finish(undefined);
      const timer = setTimeout(abort, msMax);
      signal?.addEventListener('abort', abort);
      this.#waiting.add(check);
    });
  }
}

export function leaderOf(snapshot: LiveSnapshot | undefined): NodeId | undefined {
  const leaders =
    snapshot?.state.nodes.filter((node) => node.role === 'leader' && node.status === 'running') ?? [];
  return leaders.sort((a, b) => b.term - a.term)[0]?.id;
}

/** How long the first leader, or a target that a step names, may take to appear. */
const TARGET_MS_MAX = 60_000;

/** Performs the steps up to `end: run`. `signal` ends the waiting early and the steps with it. */
export async function perform(
  scenario: Scenario,
  cluster: Cluster,
  live: LiveState,
  signal?: AbortSignal,
): Promise<void> {
  const leader = await live.until(leaderOf, TARGET_MS_MAX, signal);
  if (signal?.aborted) return;
  if (!leader)
    throw new ScenarioFailed(`No leader was elected within ${TARGET_MS_MAX / 1000} s of the start.`);
  if (scenario.workload.clients > 0) {
    cluster.recordOperator({ kind: 'workload', clients: scenario.workload.clients }, 'scenario');
    cluster.setWorkload(scenario.workload);
  }
  for (const [position, step] of scenario.steps.entries()) {
    if (step.after !== undefined) await pauseFor(step.after, signal);
    if (signal?.aborted || step.end) return;
    await performStep(step, position + 1, scenario, cluster, live, signal);
  }
}

async function pauseFor(ms: number, signal?: AbortSignal): Promise<void> {
  await wait(ms, undefined, signal ? { signal } : {}).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
  });
}

async function performStep(
  step: ScenarioStep,
  number: number,
  scenario: Scenario,
  cluster: Cluster,
  live: LiveState,
  signal?: AbortSignal,
): Promise<void> {
  if (step.workload) {
    cluster.recordOperator({ kind: 'workload', clients: step.workload.clients }, 'scenario');
    cluster.setWorkload({ ...scenario.workload, clients: step.workload.clients });
    return;
  }
  if (step.heal) {
    await cluster.heal(cluster.recordOperator({ kind: 'heal' }, 'scenario'));
    return;
  }
  for (const kind of ['kill', 'pause', 'resume', 'restart', 'stop'] as const) {
    const target = step[kind];
    if (target === undefined) continue;
    const nodes = await resolve(target, cluster, live, signal);
    if (signal?.aborted) return;
    if (nodes.length === 0)
      throw new ScenarioFailed(`Step ${number} (${kind}: ${target}): there is no such node now.`);
    for (const node of nodes) {
      const cause = cluster.recordOperator({ kind, node }, 'scenario');
      if (kind === 'kill') await cluster.kill(node, cause);
      else if (kind === 'pause') cluster.pause(node, cause);
      else if (kind === 'resume') cluster.resume(node, cause);
      else if (kind === 'restart') await cluster.restart(node, cause);
      else await cluster.stopNode(node, cause);
    }
  }
}

async function resolve(
  target: Target,
  cluster: Cluster,
  live: LiveState,
  signal?: AbortSignal,
): Promise<NodeId[]> {
  if (target === 'killed') return cluster.nodes.filter((node) => !node.alive).map(({ id }) => id);
  if (target === 'paused') return cluster.nodes.filter((node) => node.paused).map(({ id }) => id);
  if (target !== 'leader' && target !== 'follower') return [target];
  const isUp = (id: NodeId) => cluster.nodes.some((node) => node.id === id && node.alive && !node.paused);
  const leader = await live.until(
    (snapshot) => {
      const found = leaderOf(snapshot);
      return found !== undefined && isUp(found) ? found : undefined;
    },
    TARGET_MS_MAX,
    signal,
  );
  if (leader === undefined) return [];
  if (target === 'leader') return [leader];
  return cluster.nodes
    .filter(({ id }) => id !== leader && isUp(id))
    .map(({ id }) => id)
    .slice(0, 1);
}
