/** The follower's side of log replication (§5.3): the AppendEntries receiver of Figure 2. */
import type { LogIndex, Message, NodeId, Term } from '../replica.ts';
import { invariant } from '../invariant.ts';
import { advanceFollowerCommit } from './commit.ts';
import { logPosition } from './log.ts';
import { adoptAppended } from './membership.ts';
import type { AppendEntries, AppendEntriesReplyBody } from './messages.ts';
import { appendEntry, sayAppended, truncateLog } from './persistence.ts';
import { becomeFollower, changeLeader } from './roles.ts';
import { refuse, resetElectionTimer, type RaftState } from './state.ts';

/** The message's term is not ahead of the replica's. */
export function handleAppendEntries(raft: RaftState, message: AppendEntries): void {
  if (message.term < raft.term) {
    refuseAppend(raft, message, `term ${message.term} is behind ${raft.term}`);
    return;
  }
  if (!followLeader(raft, message)) return;
  const { prevLogIndex, prevLogTerm, entries, leaderCommit } = message.body;
  const { lastIndex, start } = raft.log;
  if (prevLogIndex < start.index) {
    // Everything up to the start is in a snapshot, so it is committed, and the leader has the same (Leader Completeness).
    reply(raft, message, { success: true, prevLogIndex, matchIndex: raft.commitIndex });
    return;
  }
  if (prevLogIndex > lastIndex) {
    const reason = `no entry ${prevLogIndex}: log ends at ${logPosition(lastIndex, raft.log.lastTerm)}`;
    refuseAppend(raft, message, reason, lastIndex + 1);
    return;
  }
  const ownTerm = raft.log.termAt(prevLogIndex);
  if (ownTerm !== prevLogTerm) {
    const reason = `entry ${prevLogIndex} is of term ${ownTerm}, not ${prevLogTerm}`;
    refuseAppend(raft, message, reason, raft.log.firstOfTermAt(prevLogIndex), ownTerm);
    return;
  }
  storeEntries(raft, message);
  const matchIndex = prevLogIndex + entries.length;
  advanceFollowerCommit(raft, leaderCommit, matchIndex);
  reply(raft, message, { success: true, prevLogIndex, matchIndex });
}

/** The sender leads the current term. @returns false if somebody else is known to, and the message is refused */
export function followLeader(raft: RaftState, { type, from, term }: Message): boolean {
  if (raft.leader !== null && raft.leader !== from) {
    // Election Safety (§5.2) excludes it; a peer that breaks the protocol must not take this replica with it.
    refuse(raft, type, from, `${raft.leader} leads term ${raft.term}`);
    return false;
  }
  invariant(raft.role !== 'leader', 'a leader does not follow another leader of its own term');
  const stood = raft.role === 'candidate' || raft.role === 'pre-candidate';
  if (raft.role === 'candidate') raft.rules.stepDownInTerm(raft);
  if (stood) becomeFollower(raft, `${type} of term ${term} from ${from}`);
  changeLeader(raft, from);
  raft.leaderHeardAt = raft.now;
  resetElectionTimer(raft, !stood);
  return true;
}

/** Skips what is already there, removes only what really conflicts, appends the rest (Figure 2, AppendEntries 3 and 4). */
function storeEntries(raft: RaftState, message: AppendEntries): void {
  const { log } = raft;
  const { entries } = message.body;
  const from = raft.rules.firstNew(raft, message);
  const conflicting = entries[from];
  if (conflicting === undefined) return;
  const { index, term } = conflicting;
  if (index <= log.lastIndex) {
    const reason = `entry ${index} is of term ${log.termAt(index)}, ${message.from} has term ${term}`;
    truncateLog(raft, index, reason);
  }
  let first = index;
  for (let at = from; at < entries.length; at++) {
    const entry = entries[at]!;
    if (entry.index > first && entry.term !== log.lastTerm) {
      sayAppended(raft, first);
      first = entry.index;
    }
    appendEntry(raft, entry);
  }
  sayAppended(raft, first);
  for (let at = from; at < entries.length; at++) adoptAppended(raft, entries[at]!);
}

function refuseAppend(
  raft: RaftState,
  message: AppendEntries,
  reason: string,
  conflictIndex?: LogIndex,
  conflictTerm?: Term,
): void {
  refuse(raft, message.type, message.from, reason);
  const refusal = { success: false, prevLogIndex: message.body.prevLogIndex, matchIndex: 0, reason };
  if (conflictIndex === undefined || !raft.options.conflictHints) reply(raft, message, refusal);
  else if (conflictTerm === undefined) reply(raft, message, { ...refusal, conflictIndex });
  else reply(raft, message, { ...refusal, conflictIndex, conflictTerm });
}

function reply(
  raft: RaftState,
  message: { readonly from: NodeId; readonly body: { readonly round: number } },
  answer: Omit<AppendEntriesReplyBody, 'round' | 'disk'>,
): void {
  const { id: from, term, storageId } = raft;
  const { round } = message.body;
  const body = storageId === undefined ? { ...answer, round } : { ...answer, round, disk: storageId };
  raft.rules.sendAppendReply(raft, { type: 'AppendEntriesReply', from, to: message.from, term, body });
}
