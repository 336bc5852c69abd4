/** Taking clients' commands into the log (§5.3), or saying why not. */
import type { LogIndex, Proposal } from '../replica.ts';
import { appendEntry, sayAppended } from './persistence.ts';
import { sendPending, weightOf } from './replication.ts';
import { refuse, whoLeads, type RaftState } from './state.ts';

/** Appends everything proposed in one turn and sends it to each follower, as far as its window allows. */
export function propose(raft: RaftState, proposals: readonly Proposal[]): void {
  if (proposals.length === 0) return;
  if (raft.role !== 'leader') {
    redirect(raft, proposals);
    return;
  }
  if (raft.transfer !== null) {
    refuseProposals(raft, proposals, `the leadership is being handed to ${raft.transfer.to}`);
    return;
  }
  const taken = withinLimit(raft, proposals);
  if (taken.length < proposals.length) {
    const limit = raft.options.maxUncommittedBytes;
    refuseProposals(
      raft,
      proposals.slice(taken.length),
      `more than ${limit} characters would be uncommitted`,
    );
  }
  if (taken.length === 0) return;
  append(raft, taken);
  for (const progress of raft.progress.values()) sendPending(raft, progress);
}

function append(raft: RaftState, proposals: readonly Proposal[]): void {
  const first = raft.log.lastIndex + 1;
  let last = first - 1;
  for (const { id, data } of proposals) {
    last += 1;
    appendEntry(raft, { index: last, term: raft.term, kind: 'command', data, id });
  }
  sayAppended(raft, first, proposals);
}

/** Those that keep what is uncommitted within its limit; one always fits into nothing. */
function withinLimit(raft: RaftState, proposals: readonly Proposal[]): readonly Proposal[] {
  for (let at = 0; at < proposals.length; at++) {
    const weight = weightOf(proposals[at]!);
    const { uncommittedBytes } = raft;
    if (uncommittedBytes > 0 && uncommittedBytes + weight > raft.options.maxUncommittedBytes)
      return proposals.slice(0, at);
    raft.uncommittedBytes += weight;
  }
  return proposals;
}

/** The leader's commit index rose from `from`. */
export function noteCommitted(raft: RaftState, from: LogIndex): void {
  if (raft.uncommittedBytes === 0) return;
  for (let index = from + 1; index <= raft.commitIndex; index++) {
    const entry = raft.log.entryAt(index);
    // Those of earlier terms, and of the protocol, were never counted.
    if (entry.term === raft.term && entry.kind === 'command') raft.uncommittedBytes -= weightOf(entry);
  }
}

function redirect(raft: RaftState, proposals: readonly Proposal[]): void {
  const leader = raft.leader ?? undefined;
  const reason = whoLeads(raft);
  for (const { id } of proposals) raft.out.replies.push({ kind: 'redirect', id, leader, reason });
  sayRefused(raft, proposals, reason);
}

function refuseProposals(raft: RaftState, proposals: readonly Proposal[], reason: string): void {
  for (const { id } of proposals) raft.out.replies.push({ kind: 'refused', id, reason });
  sayRefused(raft, proposals, reason);
}

function sayRefused(raft: RaftState, proposals: readonly Proposal[], reason: string): void {
  refuse(raft, proposals.length === 1 ? 'proposal' : `${proposals.length} proposals`, raft.id, reason);
}
