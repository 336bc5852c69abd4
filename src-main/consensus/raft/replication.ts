/**
 * The leader's side of log replication (§5.3), with the flow control of etcd-io/raft.
 *
 * A follower is probed, one message at a time, until the end of the common log is found; then entries are sent as they
 * come, a bounded window of messages ahead of the answers (dissertation §10.2.1). What was lost is found out by the next
 * heartbeat: it speaks of the entry before the next one, which the follower then lacks. A follower whose entries are
 * compacted gets the snapshot.
 */
import type { Entry, LogIndex } from '../replica.ts';
import { invariant } from '../invariant.ts';
import { advanceLeaderCommit } from './commit.ts';
import { membersOf } from './configuration.ts';
import type { AppendEntriesReply } from './messages.ts';
import { appendEntry, sayAppended } from './persistence.ts';
import {
  becomeProbe,
  becomeReplicate,
  isPaused,
  newProgress,
  noteAnswered,
  noteSent,
  type Progress,
} from './progress.ts';
import { isQuorum } from './quorum.ts';
import { noteRoundAnswered, noteRoundSent, updateLease } from './reads.ts';
import { changeLeader, changeRole, stepDown } from './roles.ts';
import { resumeSnapshot, sendSnapshot } from './snapshot-sending.ts';
import { configurationOf, refuse, type RaftState } from './state.ts';
import { advanceTransfer, checkTransfer } from './transfer.ts';

const NO_ENTRIES: readonly Entry[] = [];
/** What an entry weighs in a message beside its text. */
const ENTRY_OVERHEAD = 32;

export function weightOf({ data, id }: { readonly data: string; readonly id?: string }): number {
  return ENTRY_OVERHEAD + data.length + (id?.length ?? 0);
}

/** Takes the leadership of the current term: reinitialises what it knows of the others and speaks to all of them at once. */
export function lead(raft: RaftState, reason: string): void {
  invariant(raft.role === 'candidate', 'only a candidate becomes leader');
  changeRole(raft, 'leader', reason);
  changeLeader(raft, raft.id);
  takeOffice(raft);
  const next = raft.log.lastIndex + 1;
  for (const peer of membersOf(configurationOf(raft))) {
    if (peer === raft.id) continue;
    const progress = newProgress(peer, next, raft.now);
    raft.progress.set(peer, progress);
    sayProgress(raft, progress);
  }
  startHeartbeats(raft);
  if (raft.options.termStartNoOp) appendNoOp(raft, next);
  beginRound(raft);
  for (const progress of raft.progress.values()) {
    if (!sendPending(raft, progress)) sendHeartbeat(raft, progress);
  }
  noteRoundAnswered(raft);
}

function takeOffice(raft: RaftState): void {
  raft.round = 0;
  raft.roundSentAt.length = 0;
  raft.confirmedRound = 0;
  raft.confirmedAt = -Infinity;
  raft.leaseHeld = false;
  raft.leaseForfeited = false;
  raft.partedIn.clear();
  raft.uncommittedBytes = 0;
  raft.transfer = null;
}

function appendNoOp(raft: RaftState, index: LogIndex): void {
  appendEntry(raft, { index, term: raft.term, kind: 'no-op', data: '' });
  sayAppended(raft, index, [{ data: '' }]);
}

/** The heartbeat timer fired: every follower hears from its leader, and a leader without a quorum goes. */
export function heartbeat(raft: RaftState): void {
  armHeartbeat(raft);
  if (!keepsQuorum(raft)) return;
  checkTransfer(raft);
  beginRound(raft);
  for (const progress of raft.progress.values()) {
    sendHeartbeat(raft, progress);
    // What was sent ahead of the answers, or as a probe, is compacted by now: no heartbeat can ask whether it arrived.
    if (progress.state !== 'snapshot' && progress.next <= raft.log.start.index) sendSnapshot(raft, progress);
    else resumeSnapshot(raft, progress);
  }
  noteRoundAnswered(raft);
  updateLease(raft, 'no quorum has answered in time');
}

/** CheckQuorum (dissertation §6.2). @returns whether it still leads */
function keepsQuorum(raft: RaftState): boolean {
  if (!raft.rules.checksQuorum(raft)) return true;
  const { min } = raft.options.electionTimeoutMs;
  const since = raft.now - min;
  if (isQuorum(configurationOf(raft), (voter) => raft.heardAtOf(voter) > since)) return true;
  stepDown(raft, `no quorum heard for ${min} ms`);
  return false;
}

/** The first time in an office that there is somebody to speak to. */
export function startHeartbeats(raft: RaftState): void {
  armHeartbeat(raft);
  const { deadline } = raft;
  if (deadline === undefined) return;
  const timeoutMs = raft.options.heartbeatMs;
  raft.out.transitions.push({ kind: 'timer', timer: 'heartbeat', deadline, timeoutMs });
}

function armHeartbeat(raft: RaftState): void {
  raft.deadline = raft.progress.size === 0 ? undefined : raft.now + raft.options.heartbeatMs;
}

/** Everybody is asked whether this is still their leader, without waiting for the timer. */
export function startRound(raft: RaftState): void {
  beginRound(raft);
  for (const progress of raft.progress.values()) sendHeartbeat(raft, progress);
  noteRoundAnswered(raft);
}

export function beginRound(raft: RaftState): void {
  raft.round += 1;
  noteRoundSent(raft);
}

/** The reply is of the current term. */
export function handleAppendEntriesReply(raft: RaftState, message: AppendEntriesReply): void {
  const progress = raft.progress.get(message.from);
  if (raft.role !== 'leader' || progress === undefined || message.body.round < progress.sinceRound) return;
  const { match, next, state } = progress;
  noteHeard(raft, progress, message.body.round);
  if (message.body.success) noteMatch(raft, progress, message.body.matchIndex);
  else if (!backUp(raft, progress, message)) return;
  if (progress.match !== match || progress.next !== next || progress.state !== state)
    sayProgress(raft, progress);
  if (progress.match !== match) advanceLeaderCommit(raft);
  if (raft.role !== 'leader') return;
  advanceTransfer(raft);
  sendPending(raft, progress);
}

/** The follower answered something that was sent in round `round`. */
export function noteHeard(raft: RaftState, progress: Progress, round: number): void {
  progress.heardAt = raft.now;
  if (round <= progress.answeredRound || round > raft.round) return;
  progress.answeredRound = round;
  noteRoundAnswered(raft);
}

export function noteMatch(raft: RaftState, progress: Progress, matchIndex: LogIndex): void {
  if (matchIndex > raft.log.lastIndex) {
    const reason = `match ${matchIndex} is beyond the log, which ends at ${raft.log.lastIndex}`;
    refuse(raft, 'AppendEntriesReply', progress.peer, reason);
    return;
  }
  noteAnswered(progress, matchIndex);
  progress.match = Math.max(progress.match, matchIndex);
  progress.next = Math.max(progress.next, progress.match + 1);
  if (progress.state === 'probe' && matchIndex >= progress.next - 1) becomeReplicate(progress);
  // Whatever the snapshot was for, the log reaches it again.
  else if (progress.state === 'snapshot' && progress.match >= raft.log.start.index) becomeProbe(progress);
}

/**
 * A follower refused: go back to where its log may equal the leader's, a whole term at a time (§5.3, end).
 *
 * @returns whether the refusal concerns what is being tried now
 */
function backUp(raft: RaftState, progress: Progress, message: AppendEntriesReply): boolean {
  const { prevLogIndex, conflictIndex, conflictTerm, reason } = message.body;
  refuse(raft, 'AppendEntries', progress.peer, reason ?? 'no reason given');
  // Refusals come late or twice; what the follower acknowledged before stays true.
  if (prevLogIndex <= progress.match || progress.state === 'snapshot') return false;
  if (progress.state === 'probe' && prevLogIndex !== progress.next - 1) return false;
  const hint = Math.min(prevLogIndex, hintOf(raft, prevLogIndex, conflictIndex, conflictTerm));
  progress.next = Math.max(progress.match + 1, hint);
  if (progress.state === 'replicate') becomeProbe(progress);
  progress.probeSent = false;
  return true;
}

function hintOf(
  raft: RaftState,
  prevLogIndex: LogIndex,
  conflictIndex: LogIndex | undefined,
  conflictTerm: number | undefined,
): LogIndex {
  if (conflictTerm === undefined) return conflictIndex ?? prevLogIndex;
  const shared = raft.log.lastOfTerm(conflictTerm, prevLogIndex - 1);
  return shared > 0 ? shared + 1 : (conflictIndex ?? prevLogIndex);
}

export function sayProgress(raft: RaftState, { peer, match, next, state, inFlight }: Progress): void {
  raft.out.transitions.push({ kind: 'progress', peer, match, next, state, inFlight: inFlight.length });
}

/**
 * Sends what the follower lacks, as far as its window allows.
 *
 * @returns whether anything was sent
 */
export function sendPending(raft: RaftState, progress: Progress): boolean {
  const { maxInflightMessages, maxInflightBytes } = raft.options;
  let sent = false;
  while (progress.next <= raft.log.lastIndex && !isPaused(progress, maxInflightMessages, maxInflightBytes)) {
    const first = progress.next;
    if (first <= raft.log.start.index) {
      sendSnapshot(raft, progress);
      return true;
    }
    const last = endOfBatch(raft, first);
    sendAppendEntries(raft, progress, first - 1, raft.log.slice(first, last));
    sent = true;
    if (progress.state === 'probe') progress.probeSent = true;
    else {
      noteSent(progress, last, batchWeight);
      progress.next = last + 1;
    }
  }
  return sent;
}

/** Of the batch that `endOfBatch` measured last. */
let batchWeight = 0;

function endOfBatch(raft: RaftState, first: LogIndex): LogIndex {
  const { maxEntriesPerMessage, maxBytesPerMessage } = raft.options;
  const end = Math.min(raft.log.lastIndex, first + maxEntriesPerMessage - 1);
  batchWeight = 0;
  for (let index = first; index <= end; index++) {
    const weight = weightOf(raft.log.entryAt(index));
    if (batchWeight > 0 && batchWeight + weight > maxBytesPerMessage) return index - 1;
    batchWeight += weight;
  }
  return end;
}

/** Speaks of the entry before the next one to send; of none where that is compacted. */
export function sendHeartbeat(raft: RaftState, progress: Progress): void {
  const prevLogIndex = progress.next - 1;
  sendAppendEntries(raft, progress, raft.log.knows(prevLogIndex) ? prevLogIndex : 0, NO_ENTRIES);
}

/** May leave before the leader's own write: its own copy counts only once it is durable. */
function sendAppendEntries(
  raft: RaftState,
  progress: Progress,
  prevLogIndex: LogIndex,
  entries: readonly Entry[],
): void {
  const body = {
    prevLogIndex,
    prevLogTerm: prevLogIndex === 0 ? 0 : raft.log.termAt(prevLogIndex),
    entries,
    leaderCommit: raft.commitIndex,
    round: raft.round,
  };
  const queue = raft.options.overlapPersistence ? raft.out.send : raft.out.sendAfterPersist;
  queue.push({ type: 'AppendEntries', from: raft.id, to: progress.peer, term: raft.term, body });
}
