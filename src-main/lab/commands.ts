/** Carries out a window's commands on a running cluster. What is asked of replicas is seen through until it is done or refused. */
import type { Command, CommandResult } from '../api/contract.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeId } from '../consensus/replica.ts';
import type { LiveState } from '../experiments/live-state.ts';
import type { Order } from '../experiments/bound.ts';
import { Operator, type MembershipWish } from '../experiments/operator.ts';
import type { CallResult, ClientCall } from '../node/protocol.ts';
import type { EventId } from '../trace/model/events.ts';

/** How long a command may take that needs the replicas' consent. */
const COMMAND_MS_MAX = 30_000;
const KEYS = 100;
const VALUE_BYTES = 128;

type CallCommand = Extract<Command, { kind: 'put' | 'get' | 'delete' | 'cas' }>;
type ProcessCommand = Extract<Command, { kind: 'kill' | 'pause' | 'resume' | 'restart' | 'stop' }>;
type ReplicaCommand = Exclude<
  Command,
  CallCommand | ProcessCommand | Extract<Command, { kind: 'heal' | 'workload' }>
>;

export class Commands {
  readonly #cluster: Cluster;
  readonly #operator: Operator;
  readonly #signal: AbortSignal;

  constructor(cluster: Cluster, live: LiveState, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#operator = new Operator(cluster, live);
    this.#signal = signal;
  }

  setWorkload(clients: number): void {
    this.#cluster.setWorkload({ clients, keys: KEYS, valueBytes: VALUE_BYTES, readRatio: 0 });
  }

  /** `cause` is the operator event of the command. Rejects with a sentence; with `Refused` when it cannot be done now. */
  async perform(command: Command, cause: EventId): Promise<CommandResult> {
    switch (command.kind) {
      case 'kill':
      case 'pause':
      case 'resume':
      case 'restart':
      case 'stop':
        return { text: await this.#toProcess(command, cause) };
      case 'heal': {
        const mended = await this.#cluster.heal(cause);
        return { text: mended.length === 0 ? 'Nothing was broken.' : `Mended ${mended.join(', ')}.` };
      }
      case 'workload':
        this.setWorkload(command.clients);
        return { text: command.clients === 0 ? 'The workload is off.' : `${command.clients} clients write.` };
      case 'put':
      case 'get':
      case 'delete':
      case 'cas': {
        const node = command.kind === 'get' ? command.node : undefined;
        return answer(await this.#cluster.call(clientCall(command), cause, node));
      }
      default:
        return { text: await this.#toReplicas(command, cause) };
    }
  }

  async #toProcess({ kind, node }: ProcessCommand, cause: EventId): Promise<string> {
    switch (kind) {
      case 'kill':
        await this.#cluster.kill(node, cause);
        return `${node} was killed.`;
      case 'pause':
        this.#cluster.pause(node, cause);
        return `${node} is paused.`;
      case 'resume':
        this.#cluster.resume(node, cause);
        return `${node} goes on.`;
      case 'restart':
        await this.#cluster.restart(node, cause);
        return `${node} was started again on its own disk.`;
      case 'stop':
        await this.#cluster.stopNode(node, cause);
        return `${node} was stopped.`;
    }
  }

  async #toReplicas(command: ReplicaCommand, cause: EventId): Promise<string> {
    const operator = this.#operator;
    const order: Order = { cause, msMax: COMMAND_MS_MAX, signal: this.#signal };
    switch (command.kind) {
      case 'campaign':
        await operator.campaign(command.node, order);
        return `${command.node} campaigns now.`;
      case 'forget-leader':
        await operator.forgetLeader(command.node, order);
        return `${command.node} knows of no leader now.`;
      case 'snapshot':
        await operator.snapshot(command.node, order);
        return `${command.node} has saved a snapshot.`;
      case 'transfer':
        await operator.transfer(command.node, order);
        return `${command.node} leads now.`;
      case 'leave-joint':
        await operator.leaveJoint(order);
        return 'The joint configuration has been left.';
      case 'replace-node':
        await operator.replace(command.node, order);
        return `${command.node} is back on an empty disk, as a learner.`;
      case 'change-membership': {
        const { changes, transition = 'auto' } = command;
        await operator.change(operator.withDisks(changes), transition, order);
        return 'The change is committed.';
      }
      case 'add-node':
        await operator.changeMembership({ add: [{ node: command.node, as: command.as }] }, order);
        return `${command.node} has joined as a ${command.as}.`;
      default:
        return this.#changeOne(command, order);
    }
  }

  async #changeOne(
    { kind, node }: { readonly kind: 'promote' | 'demote' | 'remove-node'; readonly node: NodeId },
    order: Order,
  ): Promise<string> {
    const wishes: Record<typeof kind, MembershipWish> = {
      promote: { promote: [node] },
      demote: { demote: [node] },
      'remove-node': { remove: [node] },
    };
    this.#cluster.node(node);
    await this.#operator.changeMembership(wishes[kind], order);
    const done = { promote: 'is a voter now', demote: 'is a learner now', 'remove-node': 'was removed' };
    return `${node} ${done[kind]}.`;
  }
}

function clientCall(command: CallCommand): ClientCall {
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
