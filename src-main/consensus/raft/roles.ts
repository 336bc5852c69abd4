/** The rules for all servers of Figure 2: terms, and the way back to being a follower. */
import type { NodeId, Role, Term } from '../replica.ts';
import { invariant } from '../invariant.ts';
import { endReads } from './reads.ts';
import { mayVote, resetElectionTimer, type RaftState } from './state.ts';
import { endTransfer } from './transfer.ts';

/** A higher term was seen or started: the vote belongs to the old one and is gone. */
export function enterTerm(raft: RaftState, term: Term, reason: string): void {
  invariant(term > raft.term, 'the term never decreases');
  raft.out.transitions.push({ kind: 'term', from: raft.term, to: term, reason });
  raft.term = term;
  raft.votedFor = null;
  // Rounds are counted anew each term: what answers one of an earlier term confirms nobody in this.
  if (raft.incoming !== null) raft.incoming.round = 0;
  raft.out.metaChanged = true;
}

/** §5.1: whoever sees a higher term enters it as a follower. A running election timer keeps running. */
export function stepDownTo(raft: RaftState, term: Term, reason: string): void {
  const wasLeader = raft.role === 'leader';
  if (wasLeader) leaveOffice(raft, reason);
  enterTerm(raft, term, reason);
  becomeFollower(raft, reason);
  changeLeader(raft, null);
  if (wasLeader) resetElectionTimer(raft);
}

/** A leader gives up its office within its term. */
export function stepDown(raft: RaftState, reason: string): void {
  invariant(raft.role === 'leader', 'only a leader steps down');
  leaveOffice(raft, reason);
  becomeFollower(raft, reason);
  changeLeader(raft, null);
  resetElectionTimer(raft);
}

/** Follower, or learner without a vote. */
export function becomeFollower(raft: RaftState, reason: string): void {
  changeRole(raft, mayVote(raft) ? 'follower' : 'learner', reason);
}

/** Also says an election begun anew: a role transition from candidate to candidate. */
export function changeRole(raft: RaftState, to: Role, reason: string): void {
  const from = raft.role;
  if (from === to && to !== 'candidate' && to !== 'pre-candidate') return;
  raft.role = to;
  raft.votes.clear();
  raft.progress.clear();
  raft.out.transitions.push({ kind: 'role', from, to, term: raft.term, reason });
}

export function changeLeader(raft: RaftState, leader: NodeId | null): void {
  if (raft.leader === leader) return;
  raft.leader = leader;
  raft.out.transitions.push({ kind: 'leader', term: raft.term, leader });
  if (leader !== raft.id) endReads(raft);
}

function leaveOffice(raft: RaftState, reason: string): void {
  abandonProposals(raft, reason);
  if (raft.transfer !== null) endTransfer(raft, `${raft.id} leads no more`);
  if (raft.leaseHeld) {
    raft.leaseHeld = false;
    raft.out.transitions.push({ kind: 'lease', held: false, forMs: 0, reason });
  }
}

/** What this leader appended and did not see committed may still commit under another leader, or vanish. */
function abandonProposals(raft: RaftState, reason: string): void {
  const { log, id, term, commitIndex } = raft;
  if (log.lastTerm !== term) return;
  for (
    let index = Math.max(commitIndex + 1, log.firstOfTermAt(log.lastIndex));
    index <= log.lastIndex;
    index++
  ) {
    const entry = log.entryAt(index);
    if (entry.id !== undefined) {
      raft.out.replies.push({
        kind: 'uncertain',
        id: entry.id,
        reason: `${id} lost the leadership of term ${term}: ${reason}`,
      });
    }
  }
}
