/** Handing the leadership to a chosen voter (dissertation §3.10). */
import type { NodeId } from '../replica.ts';
import { isVoter } from './configuration.ts';
import { hearsLeader, startElection } from './election.ts';
import type { TimeoutNow } from './messages.ts';
import { updateLease } from './reads.ts';
import { sendPending } from './replication.ts';
import { configurationOf, mayVote, refuse, whoLeads, type RaftState } from './state.ts';

/** Brings the target's log up to date, then tells it to time out; meanwhile no proposal is taken. */
export function transferLeadership(raft: RaftState, to: NodeId): void {
  const refusal = refusalOfTransfer(raft, to);
  if (refusal !== undefined) {
    refuse(raft, 'transfer-leadership', raft.id, refusal);
    return;
  }
  if (raft.transfer !== null) endTransfer(raft, `handing over to ${to} instead`);
  raft.transfer = { to, startedAt: raft.now, sent: false };
  raft.leaseForfeited = true;
  raft.out.transitions.push({ kind: 'transfer', stage: 'started', to, reason: 'an operator asked for it' });
  updateLease(raft, `handing over to ${to}`);
  advanceTransfer(raft);
  const progress = raft.progress.get(to);
  if (raft.transfer !== null && !raft.transfer.sent && progress !== undefined) sendPending(raft, progress);
}

function refusalOfTransfer(raft: RaftState, to: NodeId): string | undefined {
  if (raft.role !== 'leader') return whoLeads(raft);
  if (to === raft.id) return `${to} leads already`;
  if (!isVoter(configurationOf(raft), to)) return `${to} is no voter`;
  if (raft.transfer?.to === to) return `handing over to ${to} already`;
  return undefined;
}

/** Sends TimeoutNow once the target has everything. */
export function advanceTransfer(raft: RaftState): void {
  const { transfer } = raft;
  if (transfer === null || transfer.sent) return;
  const { to } = transfer;
  if (raft.progress.get(to)?.match !== raft.log.lastIndex) return;
  transfer.sent = true;
  const reason = `${to} holds the log up to ${raft.log.lastIndex}`;
  raft.out.transitions.push({ kind: 'transfer', stage: 'timeout-now', to, reason });
  raft.out.send.push({ type: 'TimeoutNow', from: raft.id, to, term: raft.term, body: {} });
}

/** Gives up after the shortest election timeout: by then the target would have won (dissertation §3.10). */
export function checkTransfer(raft: RaftState): void {
  const { transfer } = raft;
  if (transfer === null) return;
  const { min } = raft.options.electionTimeoutMs;
  if (raft.now - transfer.startedAt >= min)
    endTransfer(raft, `${transfer.to} did not take over within ${min} ms`);
  else if (!isVoter(configurationOf(raft), transfer.to))
    endTransfer(raft, `${transfer.to} is no voter any more`);
}

export function endTransfer(raft: RaftState, reason: string): void {
  const { transfer } = raft;
  if (transfer === null) return;
  raft.transfer = null;
  raft.out.transitions.push({ kind: 'transfer', stage: 'ended', to: transfer.to, reason });
}

export function handleTimeoutNow(raft: RaftState, message: TimeoutNow): void {
  if (raft.role === 'leader') return;
  if (!mayVote(raft)) {
    refuse(raft, message.type, message.from, `${raft.id} has no vote`);
    return;
  }
  startElection(raft, `${message.from} hands over`, true);
}

/**
 * Why a replica may not stand for election or forget its leader now, though an operator asks for it: a lease may rest on its
 * promise to wait (dissertation §6.4.1).
 */
export function promiseToLeader(raft: RaftState): string | undefined {
  if (raft.options.reads !== 'lease' || !hearsLeader(raft)) return undefined;
  const agoMs = Math.round(raft.now - raft.leaderHeardAt);
  return `the leader's lease may rest on ${raft.id}, which heard from it ${agoMs} ms ago; wait ${raft.options.electionTimeoutMs.min} ms or transfer the leadership`;
}
