/** Who takes part, read from a configuration: for people, for the window and for whoever counts quorums over a trace. Pure. */
import type { Configuration, NodeId } from '../../consensus/replica.ts';

export function isJoint({ outgoing }: Configuration): boolean {
  return outgoing.length > 0;
}

/** Has a vote, in either half of a joint configuration. */
export function isVoter({ voters, outgoing }: Configuration, node: NodeId): boolean {
  return voters.includes(node) || outgoing.includes(node);
}

/** Receives the log, with a vote or without. */
export function isMember(configuration: Configuration, node: NodeId): boolean {
  return isVoter(configuration, node) || configuration.learners.includes(node);
}

/** Votes that make a majority of so many voters. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** Whether those who are `there` are a majority of the voters, of both halves while joint. */
export function isQuorum({ voters, outgoing }: Configuration, there: (node: NodeId) => boolean): boolean {
  return [voters, outgoing].every(
    (half) => half.length === 0 || half.filter(there).length >= majorityOf(half.length),
  );
}

/**
 * What a node is in a configuration. joining and leaving: a voter of one half only of a joint configuration; outsider: it takes no
 * part, because it was not let in yet or was removed.
 */
export type Standing = 'voter' | 'joining' | 'leaving' | 'learner' | 'outsider';

export function standingOf({ voters, outgoing, learners }: Configuration, node: NodeId): Standing {
  if (voters.includes(node)) return outgoing.length === 0 || outgoing.includes(node) ? 'voter' : 'joining';
  if (outgoing.includes(node)) return 'leaving';
  return learners.includes(node) ? 'learner' : 'outsider';
}

/** `n1 n2 n3`; `n1 n2 n3 → n2 n3 n4, learner n5` while joint. */
export function describeMembers({ voters, outgoing, learners, learnersNext }: Configuration): string {
  if (voters.length === 0 && outgoing.length === 0 && learners.length === 0) return 'nobody';
  const half = voters.join(' ');
  const halves = outgoing.length === 0 ? half : `${outgoing.join(' ')} → ${half}`;
  const listening = [...learners, ...learnersNext];
  if (listening.length === 0) return halves;
  return `${halves}, ${listening.length === 1 ? 'learner' : 'learners'} ${listening.join(' ')}`;
}

/** What an entry of kind `configuration` says, in words; undefined for any other text. */
export function describeConfigurationEntry(data: string): string | undefined {
  if (!data.startsWith('{"voters":')) return undefined;
  try {
    const given = JSON.parse(data) as Partial<Configuration>;
    const { voters, outgoing, learners, learnersNext } = given;
    if (![voters, outgoing, learners, learnersNext].every(Array.isArray)) return undefined;
    return `members ${describeMembers(given as Configuration)}`;
  } catch {
    return undefined;
  }
}
