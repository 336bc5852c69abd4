/** Which nodes make a majority that can decide: of every configuration that may be in force, on disks that hold what was promised. */
import type { Configuration, NodeId } from '../../consensus/replica.ts';
import { isJoint } from '../../consensus/raft/configuration.ts';
import { majority } from '../../consensus/raft/quorum.ts';
import type { SimNode } from './sim-node.ts';

type Nodes = ReadonlyMap<NodeId, SimNode>;

/**
 * The configurations that somebody may act by: the one committed last and whatever stands in a log behind everything committed. What
 * nodes know that lag, or whose logs went astray, is over.
 */
export function configurationsInForce(nodes: Nodes): Configuration[] {
  const known = [...nodes.values()].map((node) => ({
    ...node.configuration,
    commitIndex: node.status?.commitIndex ?? 0,
  }));
  const commitIndex = Math.max(...known.map((one) => one.commitIndex));
  const committed = known.find((one) => one.commitIndex === commitIndex && one.index <= commitIndex);
  const inForce = known.filter(
    (one) =>
      one.configuration.voters.length > 0 &&
      (committed === undefined || one === committed || one.index > commitIndex),
  );
  const distinct = new Map(
    inForce.map(({ index, configuration }) => [`${index} ${JSON.stringify(configuration)}`, configuration]),
  );
  return [...distinct.values()];
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
