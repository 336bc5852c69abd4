/** Leader election (§5.2) with the election restriction (§5.4.1), PreVote and leader stickiness (dissertation §9.6, §4.2.3). */
import type { NodeId } from '../replica.ts';
import { invariant } from '../invariant.ts';
import { isVoter, votersOf } from './configuration.ts';
import { logPosition } from './log.ts';
import type { PreVote, PreVoteReply, RequestVote, RequestVoteBody, RequestVoteReply } from './messages.ts';
import { countVotes, scarcestVotes } from './quorum.ts';
import { lead } from './replication.ts';
import { becomeFollower, changeLeader, changeRole, enterTerm } from './roles.ts';
import {
  configurationOf,
  mayStand,
  mayVote,
  refuse,
  resetElectionTimer,
  sendReply,
  type RaftState,
} from './state.ts';

/** Stands for election, with a PreVote first where that is wanted. @returns whether it may */
export function campaign(raft: RaftState, reason: string): boolean {
  if (!mayStand(raft)) {
    refuse(raft, 'campaign', raft.id, refusalToCampaign(raft));
    raft.deadline = undefined;
    return false;
  }
  if (raft.options.preVote) startPreVote(raft, reason);
  else startElection(raft, reason);
  return true;
}

function refusalToCampaign(raft: RaftState): string {
  const known = configurationOf(raft).storage[raft.id];
  if (raft.rules.isOwnDisk(raft.storageId, known)) return `${raft.id} has no vote`;
  return `the configuration knows ${raft.id} by the disk ${known}, not by ${raft.storageId}`;
}

/** Asks whether an election could be won, and changes nothing until a quorum says so (dissertation §9.6). */
function startPreVote(raft: RaftState, reason: string): void {
  changeRole(raft, 'pre-candidate', reason);
  changeLeader(raft, null);
  resetElectionTimer(raft);
  raft.campaignTransfer = false;
  for (const to of votersOf(configurationOf(raft))) {
    if (to === raft.id) continue;
    const body = voteRequest(raft, to);
    raft.out.send.push({ type: 'PreVote', from: raft.id, to, term: raft.term + 1, body });
  }
  if (isVoter(configurationOf(raft), raft.id)) countVote(raft, raft.id, true);
}

/**
 * Enters a new term as a candidate, votes for itself and asks everybody else; the requests wait until the own vote is on disk.
 *
 * @param transfer the leader asked for it, so its followers may leave it
 */
export function startElection(raft: RaftState, reason: string, transfer = false): void {
  invariant(raft.role !== 'leader', 'a leader does not stand for election');
  enterTerm(raft, raft.term + 1, reason);
  changeRole(raft, 'candidate', reason);
  changeLeader(raft, null);
  raft.votedFor = raft.id;
  raft.out.transitions.push({ kind: 'vote', term: raft.term, candidate: raft.id, reason });
  resetElectionTimer(raft);
  raft.campaignTransfer = transfer;
  for (const to of votersOf(configurationOf(raft))) {
    if (to === raft.id) continue;
    const body = voteRequest(raft, to);
    raft.out.sendAfterPersist.push({ type: 'RequestVote', from: raft.id, to, term: raft.term, body });
  }
}

function voteRequest(raft: RaftState, to: NodeId): RequestVoteBody {
  const priority = raft.options.priorities[raft.id];
  const disk = configurationOf(raft).storage[to];
  return {
    lastLogIndex: raft.log.lastIndex,
    lastLogTerm: raft.log.lastTerm,
    ...(raft.campaignTransfer ? { transfer: true as const } : undefined),
    ...(priority === undefined ? undefined : { priority }),
    ...(disk === undefined ? undefined : { disk }),
  };
}

/**
 * Why this replica stays with the leader it heard from and does not even look at the request, whose term it must not
 * enter then (dissertation §4.2.3); undefined where it looks.
 */
export function loyalty(raft: RaftState, message: RequestVote | PreVote): string | undefined {
  if (message.body.transfer === true || !raft.rules.checksQuorum(raft)) return undefined;
  if (raft.role === 'leader') return `${raft.id} leads term ${raft.term}`;
  if (!hearsLeader(raft)) return undefined;
  const agoMs = Math.round(raft.now - raft.leaderHeardAt);
  const leader = raft.leader ?? 'a leader';
  return `loyal to ${leader}, heard ${agoMs} ms ago`;
}

/** Within the shortest election timeout: that long a lease may rest on this replica. */
export function hearsLeader(raft: RaftState): boolean {
  return raft.now - raft.leaderHeardAt < raft.options.electionTimeoutMs.min;
}

/** Grants at most one vote a term, to whoever asks first with a log not behind the own. The message's term is not ahead. */
export function handleRequestVote(raft: RaftState, message: RequestVote): void {
  const refusal = refusalOfVote(raft, message);
  if (refusal === undefined) grantVote(raft, message);
  else refuse(raft, message.type, message.from, refusal);
  const body = refusal === undefined ? { granted: true } : { granted: false, reason: refusal };
  const { id: from, term } = raft;
  raft.rules.sendVoteReply(raft, { type: 'RequestVoteReply', from, to: message.from, term, body });
}

function refusalOfVote(raft: RaftState, message: RequestVote): string | undefined {
  if (message.term < raft.term) return `term ${message.term} is behind ${raft.term}`;
  if (raft.votedFor !== null && raft.votedFor !== message.from)
    return `already voted for ${raft.votedFor} in term ${raft.term}`;
  return refusalOfDisk(raft, message.body) ?? refusalOfLog(raft, message.body);
}

/** A disk that was wiped has forgotten its votes and its log: whoever works on it has no say until it is let in anew. */
function refusalOfDisk(raft: RaftState, { disk }: RequestVoteBody): string | undefined {
  // What counts is by which disk the candidate knows it; the own configuration may lag behind.
  const known = disk ?? configurationOf(raft).storage[raft.id];
  if (raft.rules.isOwnDisk(raft.storageId, known)) return undefined;
  return `${raft.id} is known by the disk ${known}, and this is ${raft.storageId}`;
}

/** §5.4.1, and tikv/raft-rs for priorities. */
function refusalOfLog(raft: RaftState, body: RequestVoteBody): string | undefined {
  const { lastLogIndex, lastLogTerm, priority = 0 } = body;
  const { lastIndex, lastTerm } = raft.log;
  if (lastLogTerm < lastTerm || (lastLogTerm === lastTerm && lastLogIndex < lastIndex))
    return `log ${logPosition(lastLogIndex, lastLogTerm)} behind ${logPosition(lastIndex, lastTerm)}`;
  const own = raft.options.priorities[raft.id] ?? 0;
  if (priority < own && lastLogTerm === lastTerm && lastLogIndex === lastIndex && mayVote(raft))
    return `priority ${priority} is below ${own}`;
  return undefined;
}

function grantVote(raft: RaftState, message: RequestVote): void {
  if (raft.votedFor === null) {
    invariant(
      raft.role === 'follower' || raft.role === 'learner' || raft.role === 'pre-candidate',
      'only a follower has a vote to give',
    );
    if (raft.role === 'pre-candidate') becomeFollower(raft, `voted for ${message.from}`);
    raft.votedFor = message.from;
    raft.out.metaChanged = true;
    const { lastLogIndex, lastLogTerm } = message.body;
    const reason = `log ${logPosition(lastLogIndex, lastLogTerm)} not behind ${logPosition(raft.log.lastIndex, raft.log.lastTerm)}`;
    raft.out.transitions.push({ kind: 'vote', term: raft.term, candidate: message.from, reason });
  }
  resetElectionTimer(raft);
}

/** Says how a RequestVote would be answered; gives no vote away and resets no timer. */
export function handlePreVote(raft: RaftState, message: PreVote): void {
  if (message.term < raft.term && !raft.rules.answersOldPreVote(raft, message)) {
    refuse(raft, message.type, message.from, `term ${message.term} is behind ${raft.term}`);
    return;
  }
  const refusal = refusalOfPreVote(raft, message);
  if (refusal !== undefined) refuse(raft, message.type, message.from, refusal);
  // A grant is for the term asked about, a refusal tells the own one (etcd-io/raft).
  const term = refusal === undefined ? message.term : raft.term;
  const body = refusal === undefined ? { granted: true } : { granted: false, reason: refusal };
  sendReply(raft, { type: 'PreVoteReply', from: raft.id, to: message.from, term, body });
}

function refusalOfPreVote(raft: RaftState, message: PreVote): string | undefined {
  const loyal = loyalty(raft, message);
  if (loyal !== undefined) return loyal;
  if (message.term < raft.term) return `term ${message.term} is behind ${raft.term}`;
  if (message.term === raft.term) {
    if (raft.votedFor !== null && raft.votedFor !== message.from)
      return `already voted for ${raft.votedFor} in term ${raft.term}`;
    if (raft.leader !== null) return `${raft.leader} leads term ${raft.term}`;
  }
  return refusalOfDisk(raft, message.body) ?? refusalOfLog(raft, message.body);
}

/** The reply is of the current term. One that comes after the election is over changes nothing. */
export function handleRequestVoteReply(raft: RaftState, message: RequestVoteReply): void {
  if (raft.role !== 'candidate') return;
  countVote(raft, message.from, message.body.granted);
}

/** A grant is of the term after the own, a refusal of the own or an older one: newer ones have been obeyed before. */
export function handlePreVoteReply(raft: RaftState, message: PreVoteReply): void {
  if (raft.role !== 'pre-candidate') return;
  const { granted } = message.body;
  if (granted && message.term !== raft.term + 1) return;
  countVote(raft, message.from, granted);
}

/** Counts a vote, once a voter; with a majority of all voters, of both halves while joint, the candidate leads (§5.2, §6). */
export function countVote(raft: RaftState, voter: NodeId, granted: boolean): void {
  const pre = raft.role === 'pre-candidate';
  invariant(pre || raft.role === 'candidate', 'only a candidate counts votes');
  if (raft.votes.get(voter) === true) return;
  raft.votes.set(voter, granted);
  const configuration = configurationOf(raft);
  raft.out.transitions.push({
    kind: 'tally',
    term: pre ? raft.term + 1 : raft.term,
    ...(pre ? { pre: true as const } : undefined),
    voter,
    granted,
    ...scarcestVotes(configuration, raft.votes),
  });
  const result = countVotes(configuration, raft.votes);
  if (result === 'pending') return;
  const names = grantedBy(raft).sort().join(', ');
  if (result === 'won' && pre) startElection(raft, `pre-votes from ${names}`);
  else if (result === 'won') lead(raft, `votes from ${names}`);
  else if (pre) becomeFollower(raft, `too few pre-votes: ${names}`);
}

function grantedBy(raft: RaftState): NodeId[] {
  const names: NodeId[] = [];
  for (const [voter, granted] of raft.votes) if (granted) names.push(voter);
  return names;
}
