/**
 * Asks the replicas of a running cluster for what an operator may ask of them, and sees it through. Who leads, what is
 * committed and what was refused comes from the recording; what a leader loses with its office is asked of the next one.
 */
import { Refused, type Cluster } from '../cluster/cluster.ts';
import {
  changeConfiguration,
  isJoint,
  isMember,
  isRefused,
  isVoter,
} from '../consensus/raft/configuration.ts';
import type { Configuration, MembershipChange, NodeId, OperatorInput } from '../consensus/replica.ts';
import type { EventId } from '../trace/model/events.ts';
import type { LiveSnapshot } from '../trace/model/queries.ts';
import type { NodeState } from '../trace/model/state.ts';
import { Bound, NotDone, type Order } from './bound.ts';
import { committedConfiguration, isMade, type Transition } from './committed.ts';
import { leaderOf, type Heard, type LiveState } from './live-state.ts';

/** Several changes that are made as one. */
export interface MembershipWish {
  readonly add?: readonly { readonly node: NodeId; readonly as: 'learner' | 'voter' }[];
  readonly promote?: readonly NodeId[];
  readonly demote?: readonly NodeId[];
  readonly remove?: readonly NodeId[];
  /** Absent: `auto`. */
  readonly transition?: Transition;
}

/** Until a node has recorded that it heard a command. */
const HEARD_MS_MAX = 5_000;
const UNHEARD = 'nothing in the recording shows that it heard the command';

export class Operator {
  readonly #cluster: Cluster;
  readonly #live: LiveState;

  constructor(cluster: Cluster, live: LiveState) {
    this.#cluster = cluster;
    this.#live = live;
  }

  /**
   * Starts the nodes that are new, waits until those to be promoted have caught up (dissertation §4.2.1), makes the change and waits
   * until it is committed; then stops the nodes that were removed. Rejects with {@link Refused} or {@link NotDone}.
   */
  async changeMembership(wish: MembershipWish, order: Order): Promise<void> {
    const { add = [], promote = [], demote = [], remove = [], transition = 'auto' } = wish;
    const bound = new Bound(order);
    const back = add.find(({ node, as }) => as === 'voter' && this.#cluster.wasRemoved(node));
    if (back !== undefined) throw new Refused(comesBackAs(back.node));
    const joined: NodeId[] = [];
    try {
      for (const { node } of add) {
        await this.#cluster.addNode(node, order.cause);
        joined.push(node);
      }
      for (const node of promote) await this.#caughtUp(node, bound);
      const changes: MembershipChange[] = [
        ...add.map(({ node, as }) => this.#addition(node, as)),
        ...promote.map((node) => this.#addition(node, 'voter')),
        ...demote.map((node) => this.#addition(node, 'learner')),
        ...remove.map((node) => ({ kind: 'remove', node }) as const),
      ];
      await this.change(changes, transition, order);
    } catch (error) {
      // A node that no configuration names would stand about for nothing.
      if (error instanceof Refused) await this.#retire(joined, order.cause);
      throw error;
    }
    if (transition !== 'joint-explicit') await this.#retire(remove, order.cause);
  }

  /** Changes the configuration and waits until that is committed; starts and stops no process. */
  async change(
    changes: readonly MembershipChange[],
    transition: Transition,
    order: Order,
  ): Promise<Configuration> {
    const bound = new Bound(order);
    let asked = false;
    for (;;) {
      const leader = await this.#leader(bound);
      const { latest } = this.#live;
      const committed = committedConfiguration(latest);
      if (asked && committed !== undefined && isMade(committed, changes, transition)) return committed;
      const inForce = this.#live.node(leader)?.configuration;
      if (inForce === undefined || inForce === null) {
        await bound.pause(`${leader} has not said which configuration it goes by`);
        continue;
      }
      const { configuration } = inForce;
      const changed = changeConfiguration(configuration, changes, transition);
      if (isRefused(changed)) {
        const settling = inForce.committed === false || (isJoint(configuration) && configuration.autoLeave);
        if (!settling) throw new Refused(sentence(changed.refusal));
        await bound.pause(changed.refusal);
        continue;
      }
      asked = true;
      const command = { kind: 'change-membership', changes, transition } as const;
      if (!(await this.#ask(leader, command, bound))) continue;
      await this.#until(bound, `the change that ${leader} made is not committed`, (snapshot) => {
        const now = committedConfiguration(snapshot);
        if (now !== undefined && isMade(now, changes, transition)) return true;
        return leaderOf(snapshot) === leader ? undefined : true;
      });
    }
  }

  /** Leaves a joint configuration that waits for it, and waits until that is committed. */
  async leaveJoint(order: Order): Promise<void> {
    const bound = new Bound(order);
    let before: Configuration | undefined;
    for (;;) {
      const leader = await this.#leader(bound);
      const committed = committedConfiguration(this.#live.latest);
      if (committed !== undefined && !isJoint(committed)) {
        if (before === undefined) throw new Refused('The configuration is not joint.');
        const { voters, learners, learnersNext } = before;
        const gone = before.outgoing.filter(
          (node) => ![...voters, ...learners, ...learnersNext].includes(node),
        );
        await this.#retire(gone, order.cause);
        return;
      }
      before ??= committed;
      if (!(await this.#ask(leader, { kind: 'leave-joint' }, bound))) continue;
      await this.#until(bound, `the change that ${leader} made is not committed`, (snapshot) => {
        const now = committedConfiguration(snapshot);
        return (now !== undefined && !isJoint(now)) || leaderOf(snapshot) !== leader ? true : undefined;
      });
    }
  }

  /**
   * Takes a node out, gives it an empty disk with an id of its own and brings it back as a learner: a voter that forgot its votes
   * and entries must not come back as one.
   */
  async replace(node: NodeId, order: Order): Promise<void> {
    const known = committedConfiguration(this.#live.latest);
    this.#cluster.node(node);
    if (known === undefined || !isMember(known, node)) throw new Refused(`${node} is no member.`);
    await this.change([{ kind: 'remove', node }], 'auto', order);
    await this.#cluster.replaceDisk(node, order.cause);
    await this.change([this.#addition(node, 'learner')], 'auto', order);
  }

  /** Resolves once `to` leads. */
  async transfer(to: NodeId, order: Order): Promise<void> {
    const bound = new Bound(order);
    let asked = false;
    for (;;) {
      const leader = await this.#leader(bound);
      if (leader === to) {
        if (asked) return;
        throw new Refused(`${to} leads already.`);
      }
      const configuration = this.#live.node(leader)?.configuration?.configuration;
      if (configuration !== undefined && !isVoter(configuration, to))
        throw new Refused(`${to} has no vote, so it cannot lead.`);
      asked = true;
      if (!(await this.#ask(leader, { kind: 'transfer-leadership', to }, bound))) continue;
      await this.#until(bound, `${to} has not taken over from ${leader}`, (snapshot) => {
        if (leaderOf(snapshot) !== leader) return leaderOf(snapshot) === undefined ? undefined : true;
        // Given up.
        return nodeIn(snapshot, leader)?.transfer === null ? true : undefined;
      });
    }
  }

  /** Resolves once the node has a snapshot of everything that it had applied when it was asked. */
  async snapshot(node: NodeId, order: Order): Promise<void> {
    const bound = new Bound(order);
    const upTo = this.#live.node(node)?.applied ?? 0;
    for (;;) {
      if (hasSnapshot(this.#live.node(node), upTo)) return;
      const refusal = await this.#refusalOf(node, { kind: 'snapshot' }, bound);
      if (refusal !== undefined) await bound.pause(`${node} refused: ${refusal}`);
      await this.#until(bound, `${node} has saved none`, (snapshot) =>
        hasSnapshot(nodeIn(snapshot, node), upTo) || refusal !== undefined ? true : undefined,
      );
    }
  }

  /** The node times out now. Rejects with what it says against it. */
  async campaign(node: NodeId, order: Order): Promise<void> {
    await this.#demand(node, { kind: 'campaign' }, order);
  }

  /** The node forgets who leads. Rejects with what it says against it. */
  async forgetLeader(node: NodeId, order: Order): Promise<void> {
    await this.#demand(node, { kind: 'forget-leader' }, order);
  }

  /** Resolves once the node has applied whatever was committed when this was called. */
  async caughtUp(node: NodeId, order: Order): Promise<void> {
    await this.#caughtUp(node, new Bound(order));
  }

  /** Resolves with the leader, once there is one that runs. */
  async leader(order: Order): Promise<NodeId> {
    return this.#leader(new Bound(order));
  }

  /** The changes with the disks that the nodes work on. Throws {@link Refused} for a node that is not there. */
  withDisks(changes: readonly MembershipChange[]): MembershipChange[] {
    return changes.map((change) =>
      change.kind === 'remove' ? change : { ...change, storage: this.#cluster.node(change.node).storageId },
    );
  }

  #addition(node: NodeId, as: 'learner' | 'voter'): MembershipChange {
    const kind = as === 'voter' ? 'add-voter' : 'add-learner';
    return { kind, node, storage: this.#cluster.node(node).storageId };
  }

  async #retire(nodes: readonly NodeId[], cause: EventId): Promise<void> {
    const present = nodes.filter((id) => this.#cluster.nodes.some((node) => node.id === id));
    for (const node of present) await this.#cluster.retireNode(node, cause);
  }

  async #caughtUp(node: NodeId, bound: Bound): Promise<void> {
    const leader = await this.#leader(bound);
    const upTo = this.#live.node(leader)?.commit ?? 0;
    await this.#until(bound, `${node} has not caught up with entry ${upTo}`, (snapshot) =>
      (nodeIn(snapshot, node)?.applied ?? -1) >= upTo ? true : undefined,
    );
  }

  async #leader(bound: Bound): Promise<NodeId> {
    return this.#until(bound, 'no leader is known', (snapshot) => {
      const leader = leaderOf(snapshot);
      return leader !== undefined && this.#isUp(leader) ? leader : undefined;
    });
  }

  #isUp(id: NodeId): boolean {
    return this.#cluster.nodes.some((node) => node.id === id && node.alive && !node.paused);
  }

  /** Whether the leader has taken the command; if not, why is noted and a moment has passed. */
  async #ask(leader: NodeId, command: OperatorInput, bound: Bound): Promise<boolean> {
    let refusal: string | undefined;
    try {
      refusal = await this.#refusalOf(leader, command, bound);
    } catch (error) {
      // It has gone down meanwhile: somebody else will lead.
      if (!(error instanceof Refused)) throw error;
      refusal = error.message;
    }
    if (refusal !== undefined) await bound.pause(`${leader} refused: ${refusal}`);
    return refusal === undefined;
  }

  async #demand(node: NodeId, command: OperatorInput, order: Order): Promise<void> {
    const refusal = await this.#refusalOf(node, command, new Bound(order));
    if (refusal === UNHEARD) throw new NotDone(`${node}: ${UNHEARD}.`);
    if (refusal !== undefined) throw new Refused(sentence(`${node} refused: ${refusal}`));
  }

  /** Sends the command and waits until it was heard. Throws {@link Refused} when the node cannot hear. */
  async #refusalOf(node: NodeId, command: OperatorInput, bound: Bound): Promise<string | undefined> {
    const { cause } = bound.order;
    const before = this.#live.heard(cause).length;
    this.#cluster.operate(node, command, cause);
    const heard = await this.#live.until<Heard>(
      () => this.#live.heard(cause)[before],
      Math.min(HEARD_MS_MAX, bound.leftMs),
      bound.order.signal,
    );
    bound.demandTime(`${node} has not heard of it`);
    return heard === undefined ? UNHEARD : heard.refusal;
  }

  async #until<T>(
    bound: Bound,
    missing: string,
    look: (snapshot: LiveSnapshot) => T | undefined,
  ): Promise<T> {
    const found = await this.#live.until(look, bound.leftMs, bound.order.signal);
    if (found === undefined) throw bound.over(missing);
    return found;
  }
}

function hasSnapshot(state: NodeState | undefined, upTo: number): boolean {
  return (state?.snapshot?.index ?? -1) >= upTo;
}

function nodeIn(snapshot: LiveSnapshot, id: NodeId): NodeState | undefined {
  return snapshot.state.nodes.find((node) => node.id === id);
}

function comesBackAs(node: NodeId): string {
  return `${node} was removed and comes back on another disk, without what it promised on the old one: add it as a learner and promote it.`;
}

/** Names of nodes stay as they are. */
function sentence(reason: string): string {
  const first = /^n\d/.test(reason) ? reason.charAt(0) : reason.charAt(0).toUpperCase();
  return `${first}${reason.slice(1)}.`;
}
