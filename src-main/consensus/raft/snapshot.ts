/** Snapshots and what they let go of: saving, compaction (§7), and receiving one from the leader (Figure 13). */
import type { LogIndex, MachineAnswer, SnapshotMark } from '../replica.ts';
import { followLeader } from './append.ts';
import { advanceFollowerCommit } from './commit.ts';
import { logPosition } from './log.ts';
import { configurationAt, restoreConfiguration } from './membership.ts';
import type { InstallSnapshot } from './messages.ts';
import { compactLog, dropLogBehind, replaceLog } from './persistence.ts';
import { refuse, sendReply, type IncomingSnapshot, type RaftState } from './state.ts';

/** Everything up to `applied` has been applied: enough for a snapshot? */
export function snapshotIfDue(raft: RaftState): void {
  const { snapshotEveryEntries } = raft.options;
  if (snapshotEveryEntries === 0) return;
  if (raft.applied - (raft.snapshot?.index ?? 0) >= snapshotEveryEntries) save(raft);
}

export function snapshotByHand(raft: RaftState): void {
  const index = raft.snapshot?.index ?? 0;
  if (raft.savingSnapshot > 0)
    refuse(raft, 'snapshot', raft.id, `one of entry ${raft.savingSnapshot} is being saved`);
  else if (raft.applied <= index)
    refuse(raft, 'snapshot', raft.id, `nothing was applied since the one of entry ${index}`);
  else save(raft);
}

function save(raft: RaftState): void {
  // A snapshot of the leader's may be on its way into the state machine.
  if (raft.savingSnapshot > 0 || raft.applied <= raft.log.start.index) return;
  raft.savingSnapshot = raft.applied;
  raft.out.machine.push({ kind: 'save-snapshot', index: raft.applied });
}

/** The image is durable: the log before it may go, but for what lagging followers may want (§7). */
export function handleSaved(
  raft: RaftState,
  { index, bytes }: Extract<MachineAnswer, { kind: 'snapshot-saved' }>,
): void {
  raft.savingSnapshot = 0;
  if (index <= (raft.snapshot?.index ?? 0) || !raft.log.knows(index)) return;
  const term = raft.log.termAt(index);
  const hash = raft.log.hashAt(index);
  raft.snapshot = { index, term, hash, configuration: configurationAt(raft, index) };
  raft.out.transitions.push({ kind: 'snapshot', stage: 'saved', index, term, hash, bytes });
  const kept = raft.rules.lastKeptBySnapshot(raft, index);
  if (kept < raft.log.lastIndex) dropLogBehind(raft, kept);
  compactLog(raft, index - raft.options.snapshotKeepEntries);
}

/** The message's term is not ahead of the replica's. */
export function handleInstallSnapshot(raft: RaftState, message: InstallSnapshot): void {
  const { lastIndex, lastTerm, hash, configuration, offset, data, total, round } = message.body;
  if (message.term < raft.term) {
    answer(
      raft,
      message.from,
      { lastIndex, next: 0, installed: false, round },
      `term ${message.term} is behind ${raft.term}`,
    );
    return;
  }
  if (!followLeader(raft, message)) return;
  if (holds(raft, lastIndex, lastTerm)) {
    // A log that agrees there needs only be told that this is committed.
    advanceFollowerCommit(raft, lastIndex, lastIndex);
    answer(raft, message.from, { lastIndex, next: total, installed: true, round });
    return;
  }
  const mark = { index: lastIndex, term: lastTerm, hash, configuration };
  const incoming = takeUp(raft, mark, total);
  incoming.from = message.from;
  incoming.round = round;
  if (incoming.keeping) return;
  if (offset === incoming.received) {
    incoming.parts.push(data);
    incoming.received += data.length;
    sayReceiving(raft, incoming);
  }
  if (incoming.received < total) {
    answer(raft, message.from, { lastIndex, next: incoming.received, installed: false, round });
    return;
  }
  incoming.keeping = true;
  raft.out.machine.push({ kind: 'keep-snapshot', index: lastIndex, parts: incoming.parts });
}

function holds(raft: RaftState, index: LogIndex, term: number): boolean {
  return index <= raft.commitIndex || (raft.log.knows(index) && raft.log.termAt(index) === term);
}

/** The same snapshot goes on where it stopped, whoever sends it now. */
function takeUp(raft: RaftState, mark: SnapshotMark, total: number): IncomingSnapshot {
  const { incoming } = raft;
  const same =
    incoming !== null &&
    incoming.mark.index === mark.index &&
    incoming.mark.term === mark.term &&
    incoming.mark.hash === mark.hash &&
    incoming.total === total;
  if (same) return incoming;
  if (incoming !== null) {
    const { index, term, hash } = incoming.mark;
    const reason = `one of entry ${mark.index} comes instead`;
    raft.out.transitions.push({ kind: 'snapshot', stage: 'abandoned', index, term, hash, reason });
  }
  raft.incoming = { mark, total, parts: [], received: 0, keeping: false, from: '', round: 0 };
  return raft.incoming;
}

function sayReceiving(raft: RaftState, { mark, from, received, total }: IncomingSnapshot): void {
  const { index, term, hash } = mark;
  raft.out.transitions.push({
    kind: 'snapshot',
    stage: 'receiving',
    index,
    term,
    hash,
    peer: from,
    bytes: received,
    total,
  });
}

/** The image is durable: the log gives way to it, in one write, and the state follows once that is durable too. */
export function handleKept(raft: RaftState, index: LogIndex): void {
  const { incoming } = raft;
  if (incoming?.mark.index !== index || !incoming.keeping) return;
  raft.incoming = null;
  // It stood for election meanwhile, with the log it had.
  if (raft.role !== 'follower' && raft.role !== 'learner') return;
  const { mark, from, round, total } = incoming;
  const reply = { lastIndex: index, next: total, installed: true, round };
  if (holds(raft, index, mark.term)) {
    advanceFollowerCommit(raft, index, index);
    answer(raft, from, reply);
    return;
  }
  const { term, hash } = mark;
  raft.snapshot = mark;
  replaceLog(raft, mark);
  raft.commitIndex = index;
  raft.handedOut = index;
  raft.out.transitions.push({
    kind: 'snapshot',
    stage: 'installed',
    index,
    term,
    hash,
    peer: from,
    bytes: total,
  });
  restoreConfiguration(raft, { index, configuration: mark.configuration });
  raft.out.machine.push({ kind: 'restore-snapshot', index });
  answer(raft, from, reply);
}

export function handleRefused(raft: RaftState, index: LogIndex, reason: string): void {
  const { incoming } = raft;
  if (incoming?.mark.index !== index) return;
  raft.incoming = null;
  const { term, hash } = incoming.mark;
  raft.out.transitions.push({ kind: 'snapshot', stage: 'abandoned', index, term, hash, reason });
  answer(raft, incoming.from, { lastIndex: index, next: 0, installed: false, round: incoming.round }, reason);
}

function answer(
  raft: RaftState,
  to: string,
  body: { lastIndex: LogIndex; next: number; installed: boolean; round: number },
  reason?: string,
): void {
  const { storageId } = raft;
  const whole = {
    ...body,
    ...(reason === undefined ? undefined : { reason }),
    ...(storageId === undefined ? undefined : { disk: storageId }),
  };
  if (reason !== undefined)
    refuse(
      raft,
      'InstallSnapshot',
      to,
      `${reason} (own log ${logPosition(raft.log.lastIndex, raft.log.lastTerm)})`,
    );
  sendReply(raft, { type: 'InstallSnapshotReply', from: raft.id, to, term: raft.term, body: whole });
}
