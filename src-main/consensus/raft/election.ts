/** Leader election (§5.2) with the election restriction (§5.4.1). */
import type { NodeId } from '../replica.ts';
import { invariant } from '../invariant.ts';
import { logPosition } from './log.ts';
import type { RequestVote, RequestVoteReply } from './messages.ts';
import { lead } from './replication.ts';
import { changeLeader, changeRole, enterTerm } from './roles.ts';
import { refuse, resetElectionTimer, sendReply, type RaftState } from './state.ts';

/** Enters a new term as a candidate, votes for itself and asks everybody else; the requests wait until the own vote is on disk. */
export function startElection(raft: RaftState, reason: string): void {
  invariant(raft.role !== 'leader', 'a leader does not stand for election');
  enterTerm(raft, raft.term + 1, reason);
  changeRole(raft, 'candidate', reason);
  changeLeader(raft, null);
  raft.votedFor = raft.id;
  raft.out.transitions.push({ kind: 'vote', term: raft.term, candidate: raft.id, reason });
  resetElectionTimer(raft);
  const body = { lastLogIndex: raft.log.lastIndex, lastLogTerm: raft.log.lastTerm };
  for (const to of raft.voters) {
    if (to === raft.id) continue;
    raft.out.sendAfterPersist.push({ type: 'RequestVote', from: raft.id, to, term: raft.term, body });
  }
}

/** Grants at most one vote a term, to whoever asks first with a log not behind the own. The message's term is not ahead. */
export function handleRequestVote(raft: RaftState, message: RequestVote): void {
  const refusal = refusalOfVote(raft, message);
  if (refusal === undefined) grantVote(raft, message);
  else refuse(raft, message.type, message.from, refusal);
  const body = refusal === undefined ? { granted: true } : { granted: false, reason: refusal };
  sendReply(raft, { type: 'RequestVoteReply', from: raft.id, to: message.from, term: raft.term, body });
}

function refusalOfVote(raft: RaftState, message: RequestVote): string | undefined {
  if (message.term < raft.term) return `term ${message.term} is behind ${raft.term}`;
  if (raft.votedFor !== null && raft.votedFor !== message.from)
    return `already voted for ${raft.votedFor} in term ${raft.term}`;
  const { lastLogIndex, lastLogTerm } = message.body;
  const { lastIndex, lastTerm } = raft.log;
  if (lastLogTerm < lastTerm || (lastLogTerm === lastTerm && lastLogIndex < lastIndex)) {
    return `log ${logPosition(lastLogIndex, lastLogTerm)} behind ${logPosition(lastIndex, lastTerm)}`;
  }
  return undefined;
}

function grantVote(raft: RaftState, message: RequestVote): void {
  if (raft.votedFor === null) {
    invariant(raft.role === 'follower', 'only a follower has a vote to give');
    raft.votedFor = message.from;
    raft.out.metaChanged = true;
    const { lastLogIndex, lastLogTerm } = message.body;
    const reason = `log ${logPosition(lastLogIndex, lastLogTerm)} not behind ${logPosition(raft.log.lastIndex, raft.log.lastTerm)}`;
    raft.out.transitions.push({ kind: 'vote', term: raft.term, candidate: message.from, reason });
  }
  resetElectionTimer(raft);
}

/** The reply is of the current term. One that comes after the election is over changes nothing. */
export function handleRequestVoteReply(raft: RaftState, message: RequestVoteReply): void {
  if (raft.role !== 'candidate') return;
  countVote(raft, message.from, message.body.granted);
}

/** Counts a vote, once a voter; with a majority of all voters the candidate leads (§5.2). */
export function countVote(raft: RaftState, voter: NodeId, granted: boolean): void {
  invariant(raft.role === 'candidate', 'only a candidate counts votes');
  if (granted) {
    if (raft.votes.has(voter)) return;
    raft.votes.add(voter);
  }
  raft.out.transitions.push({
    kind: 'tally',
    term: raft.term,
    voter,
    granted,
    votes: raft.votes.size,
    needed: raft.quorum,
  });
  if (raft.votes.size >= raft.quorum) lead(raft, `votes from ${Array.from(raft.votes).sort().join(', ')}`);
}
