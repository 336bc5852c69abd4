/**
 * The leader's side of log replication (§5.3).
 *
 * A follower has at most one AppendEntries with entries outstanding; its answer sends off everything that gathered
 * meanwhile, which batches by itself. Entries unanswered for a heartbeat interval are repeated once; after that only
 * heartbeats go out, and the follower's first answer sends the entries again (§5.3: the leader retries indefinitely,
 * but a dead follower should not cost a megabyte an interval).
 */
import type { Entry, LogIndex, Proposal } from '../replica.ts';
import { invariant } from '../invariant.ts';
import type { AppendEntriesReply } from './messages.ts';
import { advanceLeaderCommit } from './commit.ts';
import { appendEntry } from './persistence.ts';
import { changeLeader, changeRole } from './roles.ts';
import { refuse, type Progress, type RaftState } from './state.ts';

const NO_ENTRIES: readonly Entry[] = [];
/** What an entry weighs in a message beside its text. */
const ENTRY_OVERHEAD = 32;

/** Takes the leadership of the current term: reinitialises what it knows of the others and speaks to all of them at once. */
export function lead(raft: RaftState, reason: string): void {
  invariant(raft.role === 'candidate', 'only a candidate becomes leader');
  changeRole(raft, 'leader', reason);
  changeLeader(raft, raft.id);
  const next = raft.log.lastIndex + 1;
  for (const peer of raft.voters) {
    if (peer === raft.id) continue;
    raft.progress.set(peer, {
      peer,
      match: 0,
      next,
      inFlightTo: 0,
      inFlightSince: 0,
      repeated: false,
      silent: false,
    });
    raft.out.transitions.push({ kind: 'progress', peer, match: 0, next });
  }
  armHeartbeat(raft);
  if (raft.deadline !== undefined) {
    raft.out.transitions.push({
      kind: 'timer',
      timer: 'heartbeat',
      deadline: raft.deadline,
      timeoutMs: raft.options.heartbeatMs,
    });
  }
  if (raft.options.termStartNoOp) {
    appendEntry(raft, { index: next, term: raft.term, kind: 'no-op', data: '' });
    raft.out.transitions.push({
      kind: 'append',
      first: next,
      last: next,
      term: raft.term,
      hash: raft.log.hashAt(next),
      entries: [{ data: '' }],
    });
  }
  for (const progress of raft.progress.values()) {
    if (!sendPending(raft, progress)) sendHeartbeat(raft, progress);
  }
}

/** Appends everything proposed in one turn and sends it in one message to each follower that is not busy. */
export function propose(raft: RaftState, proposals: readonly Proposal[]): void {
  if (proposals.length === 0) return;
  if (raft.role !== 'leader') {
    redirect(raft, proposals);
    return;
  }
  const first = raft.log.lastIndex + 1;
  let last = first - 1;
  for (const { id, data } of proposals) {
    last += 1;
    appendEntry(raft, { index: last, term: raft.term, kind: 'command', data, id });
  }
  raft.out.transitions.push({
    kind: 'append',
    first,
    last,
    term: raft.term,
    hash: raft.log.hashAt(last),
    entries: proposals,
  });
  for (const progress of raft.progress.values()) sendPending(raft, progress);
}

function redirect(raft: RaftState, proposals: readonly Proposal[]): void {
  const leader = raft.leader ?? undefined;
  const reason =
    leader === undefined ? `no leader known in term ${raft.term}` : `${leader} leads term ${raft.term}`;
  for (const { id } of proposals) raft.out.replies.push({ kind: 'redirect', id, leader, reason });
  refuse(raft, proposals.length === 1 ? 'proposal' : `${proposals.length} proposals`, raft.id, reason);
}

/** The heartbeat timer fired: every follower hears from its leader. */
export function heartbeat(raft: RaftState): void {
  armHeartbeat(raft);
  for (const progress of raft.progress.values()) {
    const overdue = progress.inFlightTo > 0 && raft.now - progress.inFlightSince >= raft.options.heartbeatMs;
    if (overdue && !progress.repeated) {
      progress.inFlightTo = 0;
      sendPending(raft, progress);
      progress.repeated = true;
      continue;
    }
    if (overdue) {
      progress.inFlightTo = 0;
      progress.silent = true;
    }
    sendHeartbeat(raft, progress);
  }
}

function armHeartbeat(raft: RaftState): void {
  raft.deadline = raft.progress.size === 0 ? undefined : raft.now + raft.options.heartbeatMs;
}

/** The reply is of the current term. */
export function handleAppendEntriesReply(raft: RaftState, message: AppendEntriesReply): void {
  const progress = raft.progress.get(message.from);
  if (raft.role !== 'leader' || progress === undefined) return;
  const { match, next } = progress;
  progress.silent = false;
  if (message.body.success) noteMatch(raft, progress, message.body.matchIndex);
  else if (!backUp(raft, progress, message)) return;
  if (progress.match !== match || progress.next !== next) {
    raft.out.transitions.push({
      kind: 'progress',
      peer: progress.peer,
      match: progress.match,
      next: progress.next,
    });
  }
  if (progress.match !== match) advanceLeaderCommit(raft);
  sendPending(raft, progress);
}

function noteMatch(raft: RaftState, progress: Progress, matchIndex: LogIndex): void {
  if (matchIndex > raft.log.lastIndex) {
    refuse(
      raft,
      'AppendEntriesReply',
      progress.peer,
      `match ${matchIndex} is beyond the log, which ends at ${raft.log.lastIndex}`,
    );
    return;
  }
  if (matchIndex >= progress.inFlightTo) landed(progress);
  progress.match = Math.max(progress.match, matchIndex);
  progress.next = Math.max(progress.next, progress.match + 1);
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
  if (prevLogIndex !== progress.next - 1 || prevLogIndex <= progress.match) return false;
  landed(progress);
  const shared = conflictTerm === undefined ? 0 : raft.log.lastOfTerm(conflictTerm, prevLogIndex - 1);
  const hint = shared > 0 ? shared + 1 : (conflictIndex ?? prevLogIndex);
  progress.next = Math.max(progress.match + 1, Math.min(hint, prevLogIndex));
  return true;
}

function landed(progress: Progress): void {
  progress.inFlightTo = 0;
  progress.repeated = false;
}

/** Sends what the follower lacks, unless it is busy, silent or lacks nothing. */
function sendPending(raft: RaftState, progress: Progress): boolean {
  const first = progress.next;
  if (progress.inFlightTo > 0 || progress.silent || first > raft.log.lastIndex) return false;
  const last = endOfBatch(raft, first);
  sendAppendEntries(raft, progress, raft.log.slice(first, last));
  progress.inFlightTo = last;
  progress.inFlightSince = raft.now;
  return true;
}

function endOfBatch(raft: RaftState, first: LogIndex): LogIndex {
  const { maxEntriesPerMessage, maxBytesPerMessage } = raft.options;
  const end = Math.min(raft.log.lastIndex, first + maxEntriesPerMessage - 1);
  let size = 0;
  for (let index = first; index <= end; index++) {
    const { data, id } = raft.log.entryAt(index);
    size += ENTRY_OVERHEAD + data.length + (id?.length ?? 0);
    if (size > maxBytesPerMessage) return Math.max(first, index - 1);
  }
  return end;
}

function sendHeartbeat(raft: RaftState, progress: Progress): void {
  sendAppendEntries(raft, progress, NO_ENTRIES);
}

/** May leave before the leader's own write: its own copy counts only once it is durable. */
function sendAppendEntries(raft: RaftState, progress: Progress, entries: readonly Entry[]): void {
  const prevLogIndex = progress.next - 1;
  const body = {
    prevLogIndex,
    prevLogTerm: raft.log.termAt(prevLogIndex),
    entries,
    leaderCommit: raft.commitIndex,
  };
  raft.out.send.push({ type: 'AppendEntries', from: raft.id, to: progress.peer, term: raft.term, body });
}
