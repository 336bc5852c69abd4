/**
 * The decisions that safety and liveness hang on, each in one place and by its name. The replica asks this table instead of
 * deciding inline, so that a planted bug can stand in for one of them while a sound replica carries no trace of bugs.
 */
import type { Entry, LogIndex, StorageId } from '../replica.ts';
import type { AppendEntries, AppendEntriesReply, PreVote, RequestVoteReply } from './messages.ts';
import { sendReply, type RaftState } from './state.ts';

export interface Rules {
  /** Whether entry `index`, which a quorum holds, may be committed by counting. */
  mayCommit(raft: RaftState, index: LogIndex): boolean;
  sendVoteReply(raft: RaftState, message: RequestVoteReply): void;
  sendAppendReply(raft: RaftState, message: AppendEntriesReply): void;
  /** A candidate hears from the leader of its own term. */
  stepDownInTerm(raft: RaftState): void;
  /** The position in the message of the first entry that is not in the log; the log ends before it, or conflicts with it. */
  firstNew(raft: RaftState, message: AppendEntries): number;
  /** Why a leader may not change the membership yet; undefined if it may. */
  refusalOfChange(raft: RaftState): string | undefined;
  /** A configuration is in force as soon as it is in the log; else once it is applied. */
  readonly adoptsOnAppend: boolean;
  /** Whether a PreVote for a term that is over gets an answer, which tells the sender of the newer term. */
  answersOldPreVote(raft: RaftState, message: PreVote): boolean;
  /** Whether leaders step down without a quorum and followers are loyal. */
  checksQuorum(raft: RaftState): boolean;
  /** The last entry that a log may keep when a snapshot of `index` is saved. */
  lastKeptBySnapshot(raft: RaftState, index: LogIndex): LogIndex;
  /** Whether reads asked for now need a round of heartbeats that begins now. */
  readNeedsRound(raft: RaftState): boolean;
  /** Whether a replica works on the disk that it is known by; a disk of which nobody says anything is taken at its word. */
  isOwnDisk(disk: StorageId | undefined, known: StorageId | undefined): boolean;
}

export const SOUND: Rules = {
  // §5.4.2: entries of earlier terms commit only together with one of the leader's own (Figure 8).
  mayCommit: (raft, index) => raft.log.termAt(index) === raft.term,
  // Figure 2: term and vote are on stable storage before the answer.
  sendVoteReply: sendReply,
  sendAppendReply: sendReply,
  // §5.2: the vote of this term is given, whatever role one falls back to.
  stepDownInTerm: () => undefined,
  firstNew: firstNewOrConflicting,
  // One change at a time (§6), and none before an entry of the own term has committed (Ongaro, raft-dev, 2015-07-10).
  refusalOfChange(raft) {
    const { index } = raft.configurations[raft.configurations.length - 1]!;
    if (index > raft.commitIndex) return `the change of entry ${index} is not committed yet`;
    if (raft.log.termAt(raft.commitIndex) !== raft.term)
      return `no entry of term ${raft.term} is committed yet`;
    return undefined;
  },
  adoptsOnAppend: true,
  // etcd-io/etcd #8501: a pre-candidate of an older term would ask for ever.
  answersOldPreVote: () => true,
  checksQuorum: (raft) => raft.options.checkQuorum,
  lastKeptBySnapshot: (raft) => raft.log.lastIndex,
  // Dissertation §6.4, step 3: leadership is confirmed after the read has arrived.
  readNeedsRound: () => true,
  isOwnDisk: (disk, known) => known === undefined || disk === undefined || known === disk,
};

/** Figure 2, AppendEntries 3 and 4: what is already there is left alone. */
export function firstNewOrConflicting(raft: RaftState, message: AppendEntries): number {
  const { log } = raft;
  const { entries } = message.body;
  let at = 0;
  while (at < entries.length && isHeld(entries[at]!, log.lastIndex, log)) at++;
  return at;
}

function isHeld(entry: Entry, lastIndex: LogIndex, log: RaftState['log']): boolean {
  return entry.index <= lastIndex && log.termAt(entry.index) === entry.term;
}
