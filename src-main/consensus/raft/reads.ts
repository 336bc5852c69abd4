/**
 * Linearizable reads without an entry of their own (dissertation §6.4): by a round of heartbeats that confirms the leader after
 * the read has arrived (ReadIndex), or by the lease that the last confirmed round gave (§6.4.1). A follower asks the leader.
 */
import type { NodeId, ReadRequest } from '../replica.ts';
import type { ReadIndex, ReadIndexReply } from './messages.ts';
import { leaseMs } from './options.ts';
import { quorumValue } from './quorum.ts';
import { startRound } from './replication.ts';
import {
  configurationOf,
  refuse,
  sendReply,
  whoLeads,
  type PendingReads,
  type RaftState,
  type ReadQuestion,
} from './state.ts';

const FORWARDED_MAX = 1024;
/** Where a replica may begin to count its questions. */
const READ_CONTEXTS = 2 ** 48;
/** Rounds without an answer that are remembered; older ones confirm nothing any more. */
const ROUNDS_MAX = 256;

export function read(raft: RaftState, reads: readonly ReadRequest[]): void {
  for (const mode of ['read-index', 'lease'] as const) {
    const ids = reads.filter((each) => each.mode === mode).map(({ id }) => id);
    if (ids.length === 0) continue;
    if (mode === 'lease' && raft.options.reads !== 'lease') {
      refuseReads(raft, { mode, ids }, 'lease reads need the option reads: lease, and with it checkQuorum');
    } else if (raft.role === 'leader') ask(raft, { mode, ids });
    else forward(raft, { mode, ids });
  }
}

/** The leader's part. */
function ask(raft: RaftState, question: ReadQuestion): void {
  // Step 1: until an entry of its own term is committed, a leader does not know what is (§8).
  if (raft.log.termAt(raft.commitIndex) !== raft.term) {
    raft.earlyReads.push(question);
    sayAsked(raft, question, 0);
    return;
  }
  const atIndex = raft.commitIndex;
  const byLease = question.mode === 'lease' && holdsLease(raft);
  if (byLease || !raft.rules.readNeedsRound(raft)) {
    confirm(raft, { ...question, round: raft.confirmedRound, atIndex });
    return;
  }
  // Reads that come while a round is under way share the next one.
  const isFirst = raft.pendingReads.length === 0;
  raft.pendingReads.push({ ...question, round: raft.round + 1, atIndex });
  sayAsked(raft, question, raft.round + 1);
  if (isFirst) startRound(raft);
}

function sayAsked(raft: RaftState, { mode, ids }: ReadQuestion, round: number): void {
  raft.out.transitions.push({ kind: 'reads', stage: 'asked', mode, ids, atIndex: raft.commitIndex, round });
}

function confirm(raft: RaftState, { mode, ids, asker, atIndex, round }: PendingReads): void {
  raft.out.transitions.push({ kind: 'reads', stage: 'confirmed', mode, ids, atIndex, round });
  for (const id of ids) raft.out.reads.push({ id, atIndex });
  if (asker !== undefined) answer(raft, asker, { index: atIndex });
}

/** An entry of the leader's own term has committed. */
export function askEarlyReads(raft: RaftState): void {
  if (raft.earlyReads.length === 0) return;
  for (const question of raft.earlyReads.splice(0)) ask(raft, question);
}

/** A follower has answered a round. */
export function noteRoundAnswered(raft: RaftState): void {
  const confirmed = quorumValue(configurationOf(raft), raft.answeredRoundOf);
  if (confirmed <= raft.confirmedRound) return;
  raft.confirmedRound = confirmed;
  const sent = raft.roundSentAt;
  let passed = 0;
  while (passed < sent.length && sent[passed]!.round <= confirmed) passed++;
  if (passed > 0) raft.confirmedAt = sent[passed - 1]!.at;
  sent.splice(0, passed);
  updateLease(raft, `a quorum answered round ${confirmed}`);
  const pending = raft.pendingReads;
  let answered = 0;
  while (answered < pending.length && pending[answered]!.round <= confirmed) answered++;
  for (const reads of pending.splice(0, answered)) confirm(raft, reads);
  if (pending.length > 0 && pending[0]!.round > raft.round) startRound(raft);
}

export function noteRoundSent(raft: RaftState): void {
  raft.roundSentAt.push({ round: raft.round, at: raft.now });
  if (raft.roundSentAt.length > ROUNDS_MAX) raft.roundSentAt.shift();
}

/**
 * The lease runs from the sending of the newest round that a quorum answered, shortened by the clock bound; it ends before
 * a transfer starts.
 */
export function holdsLease(raft: RaftState): boolean {
  if (raft.options.reads !== 'lease' || raft.leaseForfeited || !raft.rules.checksQuorum(raft)) return false;
  return raft.now < raft.confirmedAt + leaseMs(raft.options);
}

/** Says when the lease was gained or lost since it was looked at last. */
export function updateLease(raft: RaftState, reason: string): void {
  if (raft.options.reads !== 'lease') return;
  const held = raft.role === 'leader' && holdsLease(raft);
  if (held === raft.leaseHeld) return;
  raft.leaseHeld = held;
  const forMs = held ? raft.confirmedAt + leaseMs(raft.options) - raft.now : 0;
  raft.out.transitions.push({ kind: 'lease', held, forMs, reason });
}

/** The follower's part: the leader is asked for its commit index. */
function forward(raft: RaftState, question: ReadQuestion): void {
  const { leader } = raft;
  if (leader === null) {
    refuseReads(raft, question, whoLeads(raft));
    return;
  }
  const context = nextContext(raft);
  raft.forwardedReads.push({ context, ids: question.ids });
  if (raft.forwardedReads.length > FORWARDED_MAX) {
    const { ids } = raft.forwardedReads.shift()!;
    refuseReads(
      raft,
      { mode: 'read-index', ids },
      `${leader} has left ${FORWARDED_MAX} questions unanswered`,
    );
  }
  sayAsked(raft, question, 0);
  raft.out.send.push({ type: 'ReadIndex', from: raft.id, to: leader, term: raft.term, body: { context } });
}

/**
 * An answer may outlive the incarnation that asked, so each begins counting somewhere else: an old answer must not pass for
 * that to a newer question.
 */
function nextContext(raft: RaftState): number {
  if (raft.lastReadContext === 0) raft.lastReadContext = Math.floor(raft.random() * READ_CONTEXTS);
  return ++raft.lastReadContext;
}

export function handleReadIndex(raft: RaftState, message: ReadIndex): void {
  const asker = { peer: message.from, context: message.body.context };
  if (raft.role === 'leader') ask(raft, { mode: 'read-index', ids: [], asker });
  else answer(raft, asker, { index: null, reason: `${raft.id} does not lead term ${raft.term}` });
}

function answer(
  raft: RaftState,
  { peer, context }: { peer: NodeId; context: number },
  what: { index: number | null; reason?: string },
): void {
  const body = { context, ...what };
  sendReply(raft, { type: 'ReadIndexReply', from: raft.id, to: peer, term: raft.term, body });
}

export function handleReadIndexReply(raft: RaftState, message: ReadIndexReply): void {
  const { context, index, reason } = message.body;
  const at = raft.forwardedReads.findIndex((each) => each.context === context);
  if (at === -1) return;
  const { ids } = raft.forwardedReads.splice(at, 1)[0]!;
  if (index === null) {
    refuseReads(raft, { mode: 'read-index', ids }, reason ?? `${message.from} refused`);
    return;
  }
  raft.out.transitions.push({
    kind: 'reads',
    stage: 'confirmed',
    mode: 'read-index',
    ids,
    atIndex: index,
    round: 0,
  });
  for (const id of ids) raft.out.reads.push({ id, atIndex: index });
}

/** The leader has changed: whatever was asked of the last one gets no answer. */
export function endReads(raft: RaftState): void {
  const waiting = raft.pendingReads.length + raft.earlyReads.length + raft.forwardedReads.length;
  if (waiting === 0) return;
  const reason = whoLeads(raft);
  const ended: ReadQuestion[] = [...raft.pendingReads.splice(0), ...raft.earlyReads.splice(0)];
  for (const { ids } of raft.forwardedReads.splice(0)) ended.push({ mode: 'read-index', ids });
  for (const question of ended) refuseReads(raft, question, reason);
}

function refuseReads(raft: RaftState, { mode, ids, asker }: ReadQuestion, reason: string): void {
  const leader = raft.leader ?? undefined;
  for (const id of ids) raft.out.replies.push({ kind: 'redirect', id, leader, reason });
  if (asker !== undefined) answer(raft, asker, { index: null, reason });
  refuse(raft, mode === 'lease' ? 'lease read' : 'ReadIndex read', asker?.peer ?? raft.id, reason);
}
