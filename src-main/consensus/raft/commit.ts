/** When an entry counts as committed (§5.3, §5.4.2) and when it is given to the state machine. */
import type { Entry, LogIndex } from '../replica.ts';
import { invariant } from '../invariant.ts';
import { noteConfigurationsCommitted } from './membership.ts';
import { noteCommitted } from './proposals.ts';
import { quorumValue } from './quorum.ts';
import { askEarlyReads } from './reads.ts';
import { configurationOf, type RaftState } from './state.ts';

/**
 * Leader: commits the highest entry that a quorum holds durably, if the rule lets it; everything before it commits with it.
 * The leader counts only what its own disk has, and itself only if it has a vote.
 */
export function advanceLeaderCommit(raft: RaftState): void {
  const candidate = Math.min(quorumValue(configurationOf(raft), raft.matchOf), raft.log.lastIndex);
  if (candidate <= raft.commitIndex || !raft.rules.mayCommit(raft, candidate)) return;
  const from = raft.commitIndex;
  raiseCommit(raft, candidate);
  noteCommitted(raft, from);
  askEarlyReads(raft);
  noteConfigurationsCommitted(raft, from);
}

/** Follower: the commit index is min(leaderCommit, index of the last entry known to equal the leader's). */
export function advanceFollowerCommit(raft: RaftState, leaderCommit: LogIndex, lastNewIndex: LogIndex): void {
  const to = Math.min(leaderCommit, lastNewIndex);
  if (to <= raft.commitIndex) return;
  const from = raft.commitIndex;
  raiseCommit(raft, to);
  noteConfigurationsCommitted(raft, from);
}

/**
 * Committed entries not yet given out. They wait until they are on the own disk, so that a state machine is never
 * ahead of the log it would be restarted with.
 */
export function takeCommitted(raft: RaftState): Entry[] {
  const to = Math.min(raft.commitIndex, raft.durableIndex);
  if (to <= raft.handedOut) return [];
  const entries = raft.log.slice(raft.handedOut + 1, to);
  raft.handedOut = to;
  return entries;
}

function raiseCommit(raft: RaftState, to: LogIndex): void {
  invariant(to <= raft.log.lastIndex, 'the commit index is never beyond the last entry');
  raft.out.transitions.push({ kind: 'commit', from: raft.commitIndex, to, hash: raft.log.hashAt(to) });
  raft.commitIndex = to;
}
