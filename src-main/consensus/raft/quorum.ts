/** What a quorum is: a majority of the voters, and while the configuration is joint a majority of each half (§6). */
import type { Configuration, LogIndex, NodeId } from '../replica.ts';

export type VoteResult = 'won' | 'lost' | 'pending';

export function majority(voters: readonly NodeId[]): number {
  return Math.floor(voters.length / 2) + 1;
}

/** How a vote stands; `votes` holds true for a grant and false for a refusal. */
export function countVotes(configuration: Configuration, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const incoming = countHalf(configuration.voters, votes);
  if (configuration.outgoing.length === 0) return incoming;
  const outgoing = countHalf(configuration.outgoing, votes);
  if (incoming === 'lost' || outgoing === 'lost') return 'lost';
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending';
}

function countHalf(voters: readonly NodeId[], votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  let granted = 0;
  let refused = 0;
  for (const voter of voters) {
    const vote = votes.get(voter);
    if (vote === true) granted++;
    else if (vote === false) refused++;
  }
  const needed = majority(voters);
  if (granted >= needed) return 'won';
  return voters.length - refused < needed ? 'lost' : 'pending';
}

/**
 * The highest value that a quorum has reached: for match indexes what may commit, for times since when a quorum is heard.
 * `value` gives each voter's.
 */
export function quorumValue(configuration: Configuration, value: (voter: NodeId) => number): number {
  const incoming = halfValue(configuration.voters, value);
  if (configuration.outgoing.length === 0) return incoming;
  return Math.min(incoming, halfValue(configuration.outgoing, value));
}

/** Reused, because this runs for each acknowledgement. */
const scratch: LogIndex[] = [];

function halfValue(voters: readonly NodeId[], value: (voter: NodeId) => number): number {
  const count = voters.length;
  if (count === 0) return 0;
  for (let at = 0; at < count; at++) {
    // Insertion from the highest down: there are few voters.
    const next = value(voters[at]!);
    let place = at;
    while (place > 0 && scratch[place - 1]! < next) {
      scratch[place] = scratch[place - 1]!;
      place--;
    }
    scratch[place] = next;
  }
  return scratch[majority(voters) - 1]!;
}

/** Whether the nodes that `heard` names hold a quorum. */
export function isQuorum(configuration: Configuration, heard: (voter: NodeId) => boolean): boolean {
  return quorumValue(configuration, (voter) => (heard(voter) ? 1 : 0)) === 1;
}
