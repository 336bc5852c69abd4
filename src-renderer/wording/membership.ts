import type { ConfigurationInForce, NodeState, Standing } from '../../src-main/api/index.ts';
import { standingOf } from '../../src-main/api/index.ts';
import { count } from './figures.ts';

/**
 * The configuration that the cluster goes by, as far as can be seen: that of the leader of the highest term, alive or not; without a
 * leader the newest that anybody knows committed.
 */
export function configurationOf(nodes: readonly NodeState[]): ConfigurationInForce | null {
  let leader: NodeState | null = null;
  let newest: ConfigurationInForce | null = null;
  for (const node of nodes) {
    const known = node.configuration;
    if (known === null || known.configuration.voters.length === 0) continue;
    if (node.role === 'leader' && node.status !== 'stopped' && (leader === null || node.term > leader.term))
      leader = node;
    if (newest === null || rank(known) > rank(newest)) newest = known;
  }
  return leader?.configuration ?? newest;
}

/** Committed ones before others, then by entry. */
function rank({ index, committed }: ConfigurationInForce): number {
  return (committed === false ? 0 : Number.MAX_SAFE_INTEGER / 2) + (index ?? 0);
}

const STANDINGS: Record<Standing, string | null> = {
  voter: null,
  joining: 'joining',
  leaving: 'leaving',
  learner: null,
  outsider: 'no member',
};

/** What a node's role does not tell of its part in the cluster: `joining`, `leaving`, `left`, `no member`; null for the usual. */
export function standingWord(node: NodeState, inForce: ConfigurationInForce | null): string | null {
  if (inForce === null) return null;
  const standing = standingOf(inForce.configuration, node.id);
  if (standing === 'outsider' && node.lastIndex > 0) return 'left';
  return STANDINGS[standing];
}

export function isOutsider(node: NodeState, inForce: ConfigurationInForce | null): boolean {
  return inForce !== null && standingOf(inForce.configuration, node.id) === 'outsider';
}

/** `committed in entry 14`, `entry 14, not committed yet`, `as the cluster began`. */
export function originWords({ index, committed }: ConfigurationInForce): string {
  if (index === null) return 'found on its disk';
  const entry = index === 0 ? 'as the cluster began' : `entry ${count(index)}`;
  if (index === 0 || committed === null) return entry;
  return committed ? `${entry}, committed` : `${entry}, not committed yet`;
}
