/**
 * The end of a run: one random connected majority is healthy and the rest is crashed, cut off, or bridged, which is when liveness can be
 * asked for. A full heal would hide what only a partial one shows (DESIGN §7).
 */
import type { NodeId } from '../../consensus/replica.ts';
import { isVoter, isJoint } from '../../consensus/raft/configuration.ts';
import type { RaftOptions } from '../../consensus/raft/options.ts';
import { Dice } from '../schedule/dice.ts';
import type { Rest, StablePhase } from '../schedule/schedule.ts';
import { configurationsInForce, holdsMajority } from './majorities.ts';
import type { SimNode } from './sim-node.ts';
import type { Simulation } from './simulation.ts';

export interface StableOutcome {
  readonly healthy: readonly NodeId[];
  /** Nobody can rightly disturb the leader once there is one. */
  readonly isCalm: boolean;
}

/** Begins it. @returns undefined when nothing can be asked for: no majority is left on real disks, or nothing bounds how long elections take */
export function beginStablePhase(
  simulation: Simulation,
  plan: StablePhase,
  options: RaftOptions,
): StableOutcome | undefined {
  simulation.calm();
  const { nodes } = simulation;
  const dice = new Dice(simulation.streams.of('stable phase'));
  const configurations = configurationsInForce(nodes);
  const healthy = drawMajority(dice, [...nodes.keys()], (some) => holdsMajority(nodes, configurations, some));
  if (healthy === undefined) return undefined;
  const rest = [...nodes.keys()].filter((id) => !healthy.has(id));
  rest.forEach((id, at) =>
    setAside(simulation, dice, id, healthy, plan.rest[at % plan.rest.length] ?? 'cut'),
  );
  simulation.record({
    kind: 'operator',
    command: { kind: 'stable-phase', healthy: [...healthy], rest },
    origin: 'schedule',
  });
  if (!options.preVote && !agree(nodes, healthy)) return undefined;
  // Whoever was removed and does not know it stands for election again and again, unless others are loyal to their leader.
  const isQuiet =
    configurations.every((configuration) => !isJoint(configuration)) &&
    configurations.length === 1 &&
    [...healthy].every((id) => configurations.every((configuration) => isVoter(configuration, id)));
  return { healthy: [...healthy], isCalm: isQuiet || (options.preVote && options.checkQuorum) };
}

/**
 * Whether the healthy work by one configuration. Without PreVote, one that has not heard of a voter stands for election in term after
 * term, cannot win, and refuses whom it does not ask, for as long as its timeouts happen to come first.
 */
function agree(nodes: ReadonlyMap<NodeId, SimNode>, healthy: ReadonlySet<NodeId>): boolean {
  const known = new Set<string>();
  for (const id of healthy) {
    const configuration = nodes.get(id)?.configuration.configuration;
    if (configuration !== undefined && configuration.voters.length > 0)
      known.add(JSON.stringify(configuration));
  }
  return known.size === 1;
}

/** Leaves out one node after another, in random order, as long as a majority remains and luck has it. */
function drawMajority(
  dice: Dice,
  ids: readonly NodeId[],
  holds: (some: ReadonlySet<NodeId>) => boolean,
): Set<NodeId> | undefined {
  const healthy = new Set(ids);
  if (!holds(healthy)) return undefined;
  for (const id of dice.sample(ids, ids.length)) {
    healthy.delete(id);
    if (!holds(healthy)) healthy.add(id);
    else if (dice.chance(0.15)) break;
  }
  return healthy;
}

function setAside(
  simulation: Simulation,
  dice: Dice,
  id: NodeId,
  healthy: ReadonlySet<NodeId>,
  rest: Rest,
): void {
  const node = simulation.nodes.get(id);
  if (node === undefined) return;
  if (rest === 'crash') {
    node.kill(false);
    return;
  }
  // A bridged node reaches some of the majority, and nobody else.
  const reached = rest === 'bridge' ? dice.sample([...healthy], dice.whole(1, healthy.size - 1 || 1)) : [];
  for (const peer of simulation.nodes.keys()) {
    if (peer === id || reached.includes(peer)) continue;
    simulation.links.between(id, peer).cut();
    simulation.links.between(peer, id).cut();
  }
}
