/** When an entry counts as committed (§5.3, §5.4.2) and when it is given to the state machine. */
import type { Entry, LogIndex } from '../replica.ts';
import { invariant } from '../invariant.ts';
import type { RaftState } from './state.ts';

/**
 * Leader: commits the highest entry that a majority holds durably, if it is of the leader's own term; everything
 * before it commits with it. Entries of earlier terms are never committed by counting (§5.4.2, Figure 8).
 */
export function advanceLeaderCommit(raft: RaftState): void {
  const candidate = quorumIndex(raft);
  if (candidate > raft.commitIndex && raft.log.termAt(candidate) === raft.term) raiseCommit(raft, candidate);
}

/** Follower: the commit index is min(leaderCommit, index of the last entry known to equal the leader's). */
export function advanceFollowerCommit(raft: RaftState, leaderCommit: LogIndex, lastNewIndex: LogIndex): void {
  const to = Math.min(leaderCommit, lastNewIndex);
  if (to > raft.commitIndex) raiseCommit(raft, to);
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

/** The highest index that a majority of voters holds, the leader counting only what its own disk has. */
function quorumIndex(raft: RaftState): LogIndex {
  const held: LogIndex[] = [raft.durableIndex];
  for (const progress of raft.progress.values()) held.push(progress.match);
  held.sort(descending);
  return held[raft.quorum - 1] ?? 0;
}

function descending(left: number, right: number): number {
  return right - left;
}

function raiseCommit(raft: RaftState, to: LogIndex): void {
  invariant(to <= raft.log.lastIndex, 'the commit index is never beyond the last entry');
  raft.out.transitions.push({ kind: 'commit', from: raft.commitIndex, to, hash: raft.log.hashAt(to) });
  raft.commitIndex = to;
}
