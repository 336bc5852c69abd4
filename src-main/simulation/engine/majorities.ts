/** Which nodes make a majority that can decide: of every configuration that may be in force, on disks that hold what was promised. */
import type { Configuration, NodeId } from '../../consensus/replica.ts';
import { isJoint } from '../../consensus/raft/configuration.ts';
import { majority } from '../../consensus/raft/quorum.ts';
import type { SimNode } from './sim-node.ts';

type Nodes = ReadonlyMap<NodeId, SimNode>;

/**
 * The configurations that somebody may act by: the newest one committed and whatever came after it. What nodes know that lag
 * behind is over.
 */
export function configurationsInForce(nodes: Nodes): Configuration[] {
  const known = [...nodes.values()]
    .map((node) => node.configuration)
    .filter(({ configuration }) => knows(configuration));
  const commitIndex = Math.max(0, ...[...nodes.values()].map((node) => node.status?.commitIndex ?? 0));
  const committed = Math.max(0, ...known.map(({ index }) => index).filter((index) => index <= commitIndex));
  const byIndex = new Map<string, Configuration>();
  for (const { index, configuration } of known) {
    if (index >= committed) byIndex.set(`${index} ${JSON.stringify(configuration)}`, configuration);
  }
  return [...byIndex.values()];
}

/** Whether a majority is left on real disks if the disk of `lost` is gone. */
export function majorityIsLeft(nodes: Nodes, lost: SimNode): boolean {
  const left = new Set([...nodes.keys()].filter((id) => id !== lost.id));
  return holdsMajority(nodes, configurationsInForce(nodes), left);
}

/** Whether the nodes named hold a majority of each configuration, in both halves, counting those on their own disks alone. */
export function holdsMajority(
  nodes: Nodes,
  configurations: readonly Configuration[],
  some: ReadonlySet<NodeId>,
): boolean {
  return configurations.every((configuration) => {
    const isReal = (id: NodeId): boolean => {
      const disk = nodes.get(id)?.storageId;
      return some.has(id) && disk === (configuration.storage[id] ?? disk);
    };
    const holds = (half: readonly NodeId[]): boolean => half.filter(isReal).length >= majority(half);
    return holds(configuration.voters) && (!isJoint(configuration) || holds(configuration.outgoing));
  });
}

function knows({ voters }: Configuration): boolean {
  return voters.length > 0;
}
