/** The follower's side of log replication (§5.3): the AppendEntries receiver of Figure 2. */
import type { LogIndex } from '../replica.ts';
import { invariant } from '../invariant.ts';
import { advanceFollowerCommit } from './commit.ts';
import { logPosition } from './log.ts';
import type { AppendEntries, AppendEntriesReplyBody } from './messages.ts';
import { appendEntry, truncateLog } from './persistence.ts';
import { changeLeader, changeRole } from './roles.ts';
import { refuse, resetElectionTimer, sendReply, type RaftState } from './state.ts';

/** The message's term is not ahead of the replica's. */
export function handleAppendEntries(raft: RaftState, message: AppendEntries): void {
  if (message.term < raft.term) {
    refuseAppend(raft, message, `term ${message.term} is behind ${raft.term}`);
    return;
  }
  if (raft.leader !== null && raft.leader !== message.from) {
    // Election Safety (§5.2) excludes it; a peer that breaks the protocol must not take this replica with it.
    refuse(raft, message.type, message.from, `${raft.leader} leads term ${raft.term}`);
    return;
  }
  followLeader(raft, message);
  const { prevLogIndex, prevLogTerm, entries, leaderCommit } = message.body;
  const { lastIndex } = raft.log;
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

function followLeader(raft: RaftState, message: AppendEntries): void {
  invariant(raft.role !== 'leader', 'a leader does not follow another leader of its own term');
  const wasCandidate = raft.role === 'candidate';
  changeRole(raft, 'follower', `AppendEntries of term ${message.term} from ${message.from}`);
  changeLeader(raft, message.from);
  resetElectionTimer(raft, !wasCandidate);
}

/** Skips what is already there, removes only what really conflicts, appends the rest (Figure 2, AppendEntries 3 and 4). */
function storeEntries(raft: RaftState, message: AppendEntries): void {
  const { log } = raft;
  const { entries } = message.body;
  let at = 0;
  while (at < entries.length) {
    const entry = entries[at];
    if (entry === undefined || entry.index > log.lastIndex) break;
    const ownTerm = log.termAt(entry.index);
    if (ownTerm !== entry.term) {
      truncateLog(
        raft,
        entry.index,
        `entry ${entry.index} is of term ${ownTerm}, ${message.from} has term ${entry.term}`,
      );
      break;
    }
    at += 1;
  }
  let first = log.lastIndex + 1;
  for (; at < entries.length; at++) {
    const entry = entries[at];
    if (entry === undefined) break;
    if (entry.index > first && entry.term !== log.lastTerm) {
      noteAppended(raft, first);
      first = entry.index;
    }
    appendEntry(raft, entry);
  }
  if (log.lastIndex >= first) noteAppended(raft, first);
}

/** Entries `first` to the end of the log, all of one term, are new. */
function noteAppended(raft: RaftState, first: LogIndex): void {
  const { lastIndex: last, lastTerm: term } = raft.log;
  raft.out.transitions.push({ kind: 'append', first, last, term, hash: raft.log.hashAt(last) });
}

function refuseAppend(
  raft: RaftState,
  message: AppendEntries,
  reason: string,
  conflictIndex?: LogIndex,
  conflictTerm?: number,
): void {
  refuse(raft, message.type, message.from, reason);
  const { prevLogIndex } = message.body;
  const refusal = { success: false, prevLogIndex, matchIndex: 0, reason };
  if (conflictIndex === undefined) reply(raft, message, refusal);
  else
    reply(
      raft,
      message,
      conflictTerm === undefined
        ? { ...refusal, conflictIndex }
        : { ...refusal, conflictIndex, conflictTerm },
    );
}

function reply(raft: RaftState, message: AppendEntries, body: AppendEntriesReplyBody): void {
  sendReply(raft, { type: 'AppendEntriesReply', from: raft.id, to: message.from, term: raft.term, body });
}
