/**
 * Configurations and the arithmetic of changing them (§6; dissertation §4): which changes are sound, what they lead to,
 * and what a majority is while two configurations are in force.
 */
import type { Configuration, MembershipChange, NodeId, StorageId } from '../replica.ts';

const NONE: readonly never[] = [];

/** Knows nobody: that of a node that is to be told by the log or a snapshot who takes part. */
export const EMPTY_CONFIGURATION: Configuration = {
  voters: NONE,
  outgoing: NONE,
  learners: NONE,
  learnersNext: NONE,
  autoLeave: false,
  storage: {},
};

export function votersOnly(
  voters: readonly NodeId[],
  storage: Readonly<Record<NodeId, StorageId>> = {},
): Configuration {
  return { ...EMPTY_CONFIGURATION, voters: [...voters].sort(), storage };
}

export function isJoint({ outgoing }: Configuration): boolean {
  return outgoing.length > 0;
}

/** Has a vote, in either half. */
export function isVoter({ voters, outgoing }: Configuration, node: NodeId): boolean {
  return voters.includes(node) || outgoing.includes(node);
}

/** Receives the log, with a vote or without. */
export function isMember(configuration: Configuration, node: NodeId): boolean {
  return isVoter(configuration, node) || configuration.learners.includes(node);
}

/** Everybody who receives the log, each once, sorted. */
export function membersOf({ voters, outgoing, learners }: Configuration): NodeId[] {
  return [...new Set([...voters, ...outgoing, ...learners])].sort();
}

/** Everybody with a vote, each once, sorted. */
export function votersOf({ voters, outgoing }: Configuration): readonly NodeId[] {
  return outgoing.length === 0 ? voters : [...new Set([...voters, ...outgoing])].sort();
}

/** `n1 n2 n3`, `n1 n2 n3 → n2 n3 n4 + learner n5` while joint. */
export function describeConfiguration({ voters, outgoing, learners, learnersNext }: Configuration): string {
  const half = voters.join(' ');
  const halves = outgoing.length === 0 ? half : `${outgoing.join(' ')} → ${half}`;
  const listening = [...learners, ...learnersNext];
  const others =
    listening.length === 0
      ? ''
      : ` + ${listening.length === 1 ? 'learner' : 'learners'} ${listening.join(' ')}`;
  return `${halves}${others}`;
}

/** What a change leads to, or in one sentence why it may not be made. */
export type Changed = { readonly configuration: Configuration } | { readonly refusal: string };

export function isRefused(changed: Changed): changed is { readonly refusal: string } {
  return 'refusal' in changed;
}

/**
 * The configuration to append for these changes.
 *
 * @param transition `auto`: by one server where that is possible, else joint and left by itself (etcd's ConfChangeV2)
 */
export function changeConfiguration(
  from: Configuration,
  changes: readonly MembershipChange[],
  transition: 'auto' | 'simple' | 'joint' | 'joint-explicit',
): Changed {
  if (isJoint(from))
    return { refusal: `the configuration is joint (${describeConfiguration(from)}): leave that first` };
  const twice = changes.find(({ node }, at) =>
    changes.some((other, before) => before < at && other.node === node),
  );
  if (twice !== undefined) return { refusal: `two changes concern ${twice.node}` };
  if (changes.length === 0) return { refusal: 'no change is asked for' };
  const target = withChanges(from, changes);
  if (typeof target === 'string') return { refusal: target };
  const moved = countMoved(from.voters, target.voters);
  const joint =
    transition === 'joint' || transition === 'joint-explicit' || (transition === 'auto' && moved > 1);
  if (!joint) {
    if (moved > 1) {
      return {
        refusal: `${moved} voters would change at once, and two majorities of such configurations need not overlap: change one at a time or go through a joint configuration (dissertation §4.1)`,
      };
    }
    return { configuration: target };
  }
  const demoted = from.voters.filter((node) => target.learners.includes(node));
  return {
    configuration: {
      voters: target.voters,
      outgoing: from.voters,
      // A voter that is to be a learner counts in the outgoing half until that is left.
      learners: target.learners.filter((node) => !demoted.includes(node)),
      learnersNext: demoted,
      autoLeave: transition !== 'joint-explicit',
      storage: { ...from.storage, ...target.storage },
    },
  };
}

/** The second step of a joint change. */
export function leaveJoint(from: Configuration): Changed {
  if (!isJoint(from)) return { refusal: 'the configuration is not joint' };
  const { voters, learners, learnersNext, storage } = from;
  const left = { ...EMPTY_CONFIGURATION, voters, learners: [...learners, ...learnersNext].sort() };
  return { configuration: { ...left, storage: storageOf(left, storage) } };
}

function withChanges(from: Configuration, changes: readonly MembershipChange[]): Configuration | string {
  const voters = new Set(from.voters);
  const learners = new Set(from.learners);
  const storage: Record<NodeId, StorageId> = { ...from.storage };
  for (const change of changes) {
    const { node } = change;
    const disk = change.kind === 'remove' ? undefined : change.storage;
    const newDisk = disk !== undefined && storage[node] !== undefined && storage[node] !== disk;
    if (newDisk && voters.has(node))
      return `${node} is a voter on the disk ${storage[node]}: remove it before it comes back, as a learner, on the disk ${disk}`;
    if (newDisk && change.kind === 'add-voter')
      return `${node} comes with another disk than it is known by: it may come back only as a learner`;
    if (disk !== undefined) storage[node] = disk;
    switch (change.kind) {
      case 'add-voter':
        if (voters.has(node)) return `${node} is a voter already`;
        learners.delete(node);
        voters.add(node);
        break;
      case 'add-learner':
        if (learners.has(node) && !newDisk) return `${node} is a learner already`;
        voters.delete(node);
        learners.add(node);
        break;
      case 'remove':
        if (!voters.delete(node) && !learners.delete(node)) return `${node} is no member`;
    }
  }
  if (voters.size === 0) return 'the last voter would be gone, and nobody could decide anything any more';
  const target = { ...EMPTY_CONFIGURATION, voters: [...voters].sort(), learners: [...learners].sort() };
  return { ...target, storage: storageOf(target, storage) };
}

/** How many voters join or leave. */
function countMoved(from: readonly NodeId[], to: readonly NodeId[]): number {
  const joined = to.filter((node) => !from.includes(node)).length;
  return joined + from.filter((node) => !to.includes(node)).length;
}

function storageOf(
  configuration: Configuration,
  storage: Readonly<Record<NodeId, StorageId>>,
): Record<NodeId, StorageId> {
  const kept: Record<NodeId, StorageId> = {};
  for (const node of membersOf(configuration)) {
    const disk = storage[node];
    if (disk !== undefined) kept[node] = disk;
  }
  return kept;
}

/** Why this is no configuration, or an unsafe one; undefined if it is sound. Takes JSON text or what it parses to. */
export function flawOfConfiguration(given: unknown): string | undefined {
  let value = given;
  if (typeof given === 'string') {
    try {
      value = JSON.parse(given);
    } catch {
      return 'it is no JSON';
    }
  }
  if (typeof value !== 'object' || value === null) return 'it is no record';
  const { voters, outgoing, learners, learnersNext, autoLeave, storage } = value as Record<string, unknown>;
  if (!isNodeList(voters) || !isNodeList(outgoing) || !isNodeList(learners) || !isNodeList(learnersNext))
    return 'voters, outgoing, learners and learnersNext must be lists of nodes, each named once';
  if (typeof autoLeave !== 'boolean') return 'autoLeave must be true or false';
  if (
    typeof storage !== 'object' ||
    storage === null ||
    Object.values(storage).some((id) => typeof id !== 'string')
  )
    return 'storage must name a disk for each node';
  if (voters.length === 0 && outgoing.length > 0)
    return 'the incoming half of a joint configuration is empty';
  const both = learners.find((node) => voters.includes(node) || outgoing.includes(node));
  if (both !== undefined) return `${both} is both voter and learner`;
  const strange = learnersNext.find((node) => !outgoing.includes(node) || voters.includes(node));
  if (strange !== undefined) return `${strange} is to become a learner, but it is no voter that leaves`;
  return undefined;
}

/** @throws Error that says what is wrong with it */
export function readConfiguration(given: unknown): Configuration {
  const flaw = flawOfConfiguration(given);
  if (flaw !== undefined) throw new Error(`Not a configuration: ${flaw}`);
  return (typeof given === 'string' ? JSON.parse(given) : given) as Configuration;
}

export function configurationText(configuration: Configuration): string {
  return JSON.stringify(configuration);
}

function isNodeList(value: unknown): value is NodeId[] {
  return (
    Array.isArray(value) &&
    value.every((node) => typeof node === 'string' && node !== '') &&
    new Set(value).size === value.length
  );
}
