/** The nodes of a cluster: those that it began with, those that joined, and those that were removed; and where they are found. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { EMPTY_CONFIGURATION, votersOnly } from '../consensus/raft/configuration.ts';
import type { Configuration, NodeId, StorageId } from '../consensus/replica.ts';
import type { NodeStart, PeerAddress } from '../node/protocol.ts';
import { NodeProcess, type NodeProcessEvents } from './node-process.ts';
import { findPorts } from './ports.ts';
import type { Reaper } from './reaper.ts';
import { Refused } from './refused.ts';

/** What all nodes are started with alike. */
export type CommonStart = Pick<
  NodeStart,
  'runId' | 'spoolFolder' | 'untraced' | 'originNs' | 'secret' | 'protocol' | 'options' | 'seed' | 'bug'
>;

export class ClusterNodes {
  readonly #common: CommonStart;
  /** Holds a folder for each node's disk. */
  readonly #folder: string;
  readonly #reaper: Reaper;
  readonly #events: NodeProcessEvents;
  /** Every node there ever was, by its number. */
  readonly #nodes: NodeProcess[];
  readonly #joining = new Set<NodeId>();
  #addresses: readonly PeerAddress[];

  constructor(
    common: CommonStart,
    folder: string,
    first: readonly PeerAddress[],
    reaper: Reaper,
    events: NodeProcessEvents,
  ) {
    this.#common = common;
    this.#folder = folder;
    this.#reaper = reaper;
    this.#events = events;
    this.#addresses = first;
    const storage: Record<NodeId, StorageId> = {};
    for (const { id } of first) storage[id] = randomUUID();
    const configuration = votersOnly(
      first.map(({ id }) => id),
      storage,
    );
    this.#nodes = first.map(({ id }) => this.#make(id, configuration, storage[id] ?? randomUUID()));
  }

  /** Every node there ever was. */
  get every(): readonly NodeProcess[] {
    return this.#nodes;
  }

  /** Those that were not removed. */
  get present(): readonly NodeProcess[] {
    return this.#nodes.filter(({ removed }) => !removed);
  }

  /** Where every node that may be spoken to is found. */
  get addresses(): readonly PeerAddress[] {
    return this.#addresses;
  }

  /** Throws {@link Refused} for a name that is no node of this cluster, or none any more. */
  get(id: NodeId): NodeProcess {
    const node = this.#nodes.find((candidate) => candidate.id === id);
    if (node === undefined || node.removed) {
      const there = this.present.map((present) => present.id).join(', ');
      throw new Refused(
        node === undefined
          ? `There is no node ${id} in this cluster; it has ${there}.`
          : `${id} was removed from this cluster; it has ${there}.`,
      );
    }
    return node;
  }

  /**
   * Makes a node that knows nobody and has an empty disk, under a name that is free or whose node was removed. It is not started,
   * and nobody was told of it. Throws {@link Refused} when the name is taken.
   */
  async join(id: NodeId): Promise<NodeProcess> {
    const known = this.#nodes.find((candidate) => candidate.id === id);
    if (this.#joining.has(id) || known?.removed === false)
      throw new Refused(`There is a node ${id} in this cluster already.`);
    this.#joining.add(id);
    try {
      const taken = this.#addresses.map((address) => address.port);
      const [port = 0] = await findPorts(1, taken);
      this.#addresses = [...this.#addresses.filter((address) => address.id !== id), { id, port }].sort(
        byName,
      );
      const node = known ?? this.#make(id, EMPTY_CONFIGURATION, randomUUID());
      if (known === undefined) {
        this.#nodes.push(node);
        this.#nodes.sort(byName);
      } else node.comeBackEmpty(randomUUID());
      return node;
    } finally {
      this.#joining.delete(id);
    }
  }

  /** Tells every node where the others are, those that start later included. */
  tellAddresses(): void {
    for (const node of this.#nodes) node.tellMembers(this.#addresses);
  }

  /** The node is not to be spoken to any more. */
  forget(id: NodeId): void {
    this.#addresses = this.#addresses.filter((address) => address.id !== id);
  }

  #make(id: NodeId, configuration: Configuration, storageId: StorageId): NodeProcess {
    const start: NodeStart = {
      ...this.#common,
      kind: 'start',
      id,
      incarnation: 0,
      members: [...this.#addresses],
      configuration,
      folder: path.join(this.#folder, id),
      storageId,
    };
    return new NodeProcess(start, this.#reaper, this.#events);
  }
}

/** Nodes are n1 to n9. */
function byName(left: { readonly id: NodeId }, right: { readonly id: NodeId }): number {
  return left.id < right.id ? -1 : 1;
}
