/** Carries out a scenario's steps on a running cluster. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeId } from '../consensus/replica.ts';
import type { LiveSnapshot } from '../trace/model/queries.ts';
import type { Scenario, ScenarioStep, Target } from './scenario.ts';

/** A scenario cannot go on; the message says at which step and why. */
export class ScenarioFailed extends Error {}

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
