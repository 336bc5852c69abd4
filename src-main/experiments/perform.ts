/** Carries out a scenario's steps on a running cluster. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import type { MembershipChange, NodeId } from '../consensus/replica.ts';
import type { EventId } from '../trace/model/events.ts';
import { leaderOf, type LiveState } from './live-state.ts';
import { NotDone, type Order } from './bound.ts';
import { Operator, type MembershipWish } from './operator.ts';
import type { Scenario } from './scenario.ts';
import { changesMembership, type ScenarioStep, type Target, type WaitFor } from './scenario-step.ts';

/** A scenario cannot go on; the message says at which step and why. */
export class ScenarioFailed extends Error {}

/** How long the first leader, or a target that a step names, may take to appear. */
const TARGET_MS_MAX = 60_000;
/** How long a step may take unless it says otherwise. */
const STEP_MS_MAX = 60_000;

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
  const performance = new Performance(scenario, cluster, live, signal);
  for (const [position, step] of scenario.steps.entries()) {
    if (step.after !== undefined) await pauseFor(step.after, signal);
    if (signal?.aborted || step.end) return;
    try {
      await performance.step(step);
    } catch (error) {
      if (signal?.aborted) return;
      throw new ScenarioFailed(
        `Step ${position + 1} (${describeStep(step)}) failed: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
}

async function pauseFor(ms: number, signal?: AbortSignal): Promise<void> {
  await wait(ms, undefined, signal ? { signal } : {}).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error;
  });
}

class Performance {
  readonly #scenario: Scenario;
  readonly #cluster: Cluster;
  readonly #live: LiveState;
  readonly #operator: Operator;
  readonly #signal: AbortSignal | undefined;

  constructor(scenario: Scenario, cluster: Cluster, live: LiveState, signal: AbortSignal | undefined) {
    this.#scenario = scenario;
    this.#cluster = cluster;
    this.#live = live;
    this.#operator = new Operator(cluster, live);
    this.#signal = signal;
  }

  async step(step: ScenarioStep): Promise<void> {
    if (step.workload) {
      this.#record({ kind: 'workload', clients: step.workload.clients });
      this.#cluster.setWorkload({ ...this.#scenario.workload, clients: step.workload.clients });
    } else if (step.heal) await this.#cluster.heal(this.#record({ kind: 'heal' }));
    else if (step.wait) await this.#wait(step.wait, this.#msMax(step));
    else if (changesMembership(step)) await this.#changeMembership(step);
    else if (step.leave) await this.#operator.leaveJoint(this.#order({ kind: 'leave-joint' }, step));
    else if (step.replace)
      await this.#operator.replace(
        step.replace,
        this.#order({ kind: 'replace-node', node: step.replace }, step),
      );
    else if (step.transfer) await this.#transfer(step.transfer, step);
    else await this.#eachTarget(step);
  }

  async #eachTarget(step: ScenarioStep): Promise<void> {
    for (const kind of ['snapshot', 'campaign', 'forgetLeader'] as const) {
      const target = step[kind];
      if (target === undefined) continue;
      for (const node of await this.#resolve(target)) {
        if (kind === 'snapshot') await this.#operator.snapshot(node, this.#order({ kind, node }, step));
        else if (kind === 'campaign') await this.#operator.campaign(node, this.#order({ kind, node }, step));
        else await this.#operator.forgetLeader(node, this.#order({ kind: 'forget-leader', node }, step));
      }
    }
    for (const kind of ['kill', 'pause', 'resume', 'restart', 'stop'] as const) {
      const target = step[kind];
      if (target === undefined) continue;
      for (const node of await this.#resolve(target)) await this.#toProcess(kind, node);
    }
  }

  async #toProcess(kind: 'kill' | 'pause' | 'resume' | 'restart' | 'stop', node: NodeId): Promise<void> {
    const cause = this.#record({ kind, node });
    if (kind === 'kill') await this.#cluster.kill(node, cause);
    else if (kind === 'pause') this.#cluster.pause(node, cause);
    else if (kind === 'resume') this.#cluster.resume(node, cause);
    else if (kind === 'restart') await this.#cluster.restart(node, cause);
    else await this.#cluster.stopNode(node, cause);
  }

  /** Each node that a step names gets an operator event of its own, but for a change that is made at once. */
  async #changeMembership(step: ScenarioStep): Promise<void> {
    const { add = [], promote = [], transition = 'auto' } = step;
    const demote = await this.#resolveAll(step.demote ?? []);
    const remove = await this.#resolveAll(step.remove ?? []);
    const wish = { add, promote, demote, remove, transition };
    await this.#operator.changeMembership(wish, this.#order(commandOf(wish), step));
  }

  async #transfer(target: string, step: ScenarioStep): Promise<void> {
    const [to = ''] = await this.#resolve(target);
    if (to === leaderOf(this.#live.latest)) return;
    await this.#operator.transfer(to, this.#order({ kind: 'transfer', node: to }, step));
  }

  async #wait(condition: WaitFor, msMax: number): Promise<void> {
    const { leader, operations, caughtUp, compacted } = condition;
    if (caughtUp !== undefined) {
      const order = { cause: '', msMax, ...this.#ending };
      for (const node of await this.#resolve(caughtUp)) await this.#operator.caughtUp(node, order);
      return;
    }
    const begun = this.#live.latest?.state.operations.acknowledged ?? 0;
    const waited = compacted === undefined ? [] : await this.#resolve(compacted);
    const seen = await this.#live.until(
      (snapshot) => {
        if (leader !== undefined) {
          const found = leaderOf(snapshot);
          return found !== undefined && (leader === 'any' || leader === found) ? true : undefined;
        }
        const { nodes, operations: done } = snapshot.state;
        if (operations !== undefined) return done.acknowledged - begun >= operations ? true : undefined;
        return waited.every((id) => nodes.some((node) => node.id === id && node.compacted > 0)) || undefined;
      },
      msMax,
      this.#signal,
    );
    if (seen === undefined) throw new NotDone(`It did not come about within ${msMax / 1000} s.`);
  }

  /** The nodes that a target means now; at least one. */
  async #resolve(target: Target | 'all'): Promise<NodeId[]> {
    const nodes = await this.#find(target);
    if (nodes.length === 0) throw new ScenarioFailed('there is no such node now');
    return nodes;
  }

  async #resolveAll(targets: readonly Target[]): Promise<NodeId[]> {
    const found: NodeId[] = [];
    for (const target of targets) found.push(...(await this.#resolve(target)));
    return found;
  }

  async #find(target: Target | 'all'): Promise<NodeId[]> {
    const { nodes } = this.#cluster;
    if (target === 'all') return nodes.filter((node) => this.#isUp(node.id)).map(({ id }) => id);
    if (target === 'killed') return nodes.filter((node) => !node.alive).map(({ id }) => id);
    if (target === 'paused') return nodes.filter((node) => node.paused).map(({ id }) => id);
    if (target !== 'leader' && target !== 'follower') return [target];
    const leader = await this.#operator.leader({ cause: '', msMax: TARGET_MS_MAX, ...this.#ending });
    if (target === 'leader') return [leader];
    const followers = nodes.filter(
      ({ id }) => id !== leader && this.#isUp(id) && this.#live.node(id)?.role !== 'learner',
    );
    return followers.map(({ id }) => id).slice(0, 1);
  }

  #isUp(id: NodeId): boolean {
    return this.#cluster.nodes.some((node) => node.id === id && node.alive && !node.paused);
  }

  get #ending(): { signal?: AbortSignal } {
    return this.#signal === undefined ? {} : { signal: this.#signal };
  }

  #msMax({ within }: ScenarioStep): number {
    return within ?? STEP_MS_MAX;
  }

  #order(command: object, step: ScenarioStep): Order {
    return { cause: this.#record(command), msMax: this.#msMax(step), ...this.#ending };
  }

  #record(command: object): EventId {
    return this.#cluster.recordOperator(command, 'scenario');
  }
}

/** As the operator event tells it. */
function commandOf(wish: Required<MembershipWish>): object {
  const { add, promote, demote, remove, transition } = wish;
  const changes: MembershipChange[] = [
    ...add.map(({ node, as }) => ({ kind: as === 'voter' ? 'add-voter' : 'add-learner', node }) as const),
    ...promote.map((node) => ({ kind: 'add-voter', node }) as const),
    ...demote.map((node) => ({ kind: 'add-learner', node }) as const),
    ...remove.map((node) => ({ kind: 'remove', node }) as const),
  ];
  return { kind: 'change-membership', changes, transition };
}

/** Nearly as the file says it, for messages. */
function describeStep({ after: _, within: __, ...actions }: ScenarioStep): string {
  return Object.entries(actions)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${inWords(value)}`)
    .join(', ');
}

function inWords(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) {
    const items = value.map(inWords);
    return items.length === 1 ? (items[0] ?? '') : `[${items.join(', ')}]`;
  }
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{ ${fields.map(([name, field]) => `${name}: ${inWords(field)}`).join(', ')} }`;
}
