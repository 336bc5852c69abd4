/** The leader's side of InstallSnapshot (Figure 13): one chunk at a time, the next one where the follower says (§7). */
import type { MachineAnswer } from '../replica.ts';
import type { InstallSnapshotReply } from './messages.ts';
import { becomeProbe, becomeSnapshot, type Progress } from './progress.ts';
import { noteHeard, noteMatch, sayProgress, sendPending } from './replication.ts';
import { advanceLeaderCommit } from './commit.ts';
import { invariant } from '../invariant.ts';
import type { RaftState } from './state.ts';
import { advanceTransfer } from './transfer.ts';

/** The follower lacks entries that are compacted. */
export function sendSnapshot(raft: RaftState, progress: Progress): void {
  const { snapshot } = raft;
  invariant(snapshot !== null, 'a log is compacted only behind a snapshot');
  becomeSnapshot(progress, snapshot.index, snapshot.term);
  sayProgress(raft, progress);
  say(raft, progress, 'sending');
  askForChunk(raft, progress);
}

/** An interval has passed: a chunk that got no answer for long is sent again. */
export function resumeSnapshot(raft: RaftState, progress: Progress): void {
  const { sending } = progress;
  if (sending === null) return;
  const { busySince } = sending;
  if (busySince !== null && raft.now - busySince < raft.options.electionTimeoutMs.min) return;
  askForChunk(raft, progress);
}

function askForChunk(raft: RaftState, { peer, sending }: Progress): void {
  if (sending === null) return;
  sending.busySince = raft.now;
  const { index, offset } = sending;
  raft.out.machine.push({
    kind: 'read-chunk',
    index,
    offset,
    bytesMax: raft.options.snapshotChunkBytes,
    peer,
  });
}

export function handleChunk(
  raft: RaftState,
  answer: Extract<MachineAnswer, { kind: 'chunk' | 'chunk-gone' }>,
): void {
  const progress = raft.progress.get(answer.peer);
  const { snapshot } = raft;
  if (progress?.sending?.index !== answer.index) return;
  if (snapshot?.index !== answer.index) {
    // A newer one has taken its place.
    sendSnapshot(raft, progress);
    return;
  }
  if (answer.kind === 'chunk-gone') {
    // Asked for again after a while: nobody but the host can bring it back.
    say(raft, progress, 'abandoned', `the image of entry ${answer.index} cannot be read`);
    return;
  }
  const { offset, data, total } = answer;
  if (offset !== progress.sending.offset) return;
  const { index: lastIndex, term: lastTerm, hash, configuration } = snapshot;
  const body = { lastIndex, lastTerm, hash, configuration, offset, data, total, round: raft.round };
  raft.out.send.push({ type: 'InstallSnapshot', from: raft.id, to: answer.peer, term: raft.term, body });
}

/** The reply is of the current term. */
export function handleInstallSnapshotReply(raft: RaftState, message: InstallSnapshotReply): void {
  const progress = raft.progress.get(message.from);
  if (raft.role !== 'leader' || progress === undefined) return;
  const { lastIndex, next, installed, round, reason } = message.body;
  if (round < progress.sinceRound) return;
  noteHeard(raft, progress, round);
  if (installed) {
    finish(raft, progress, lastIndex);
    return;
  }
  const { sending } = progress;
  if (sending?.index !== lastIndex) return;
  if (reason !== undefined) say(raft, progress, 'abandoned', reason);
  sending.offset = next;
  askForChunk(raft, progress);
}

function finish(raft: RaftState, progress: Progress, lastIndex: number): void {
  const { match } = progress;
  if (progress.sending?.index === lastIndex) say(raft, progress, 'sent');
  if (lastIndex <= raft.log.lastIndex) noteMatch(raft, progress, lastIndex);
  if (progress.state === 'snapshot' && progress.sending?.index === lastIndex) becomeProbe(progress);
  sayProgress(raft, progress);
  if (progress.match !== match) advanceLeaderCommit(raft);
  if (raft.role !== 'leader') return;
  advanceTransfer(raft);
  sendPending(raft, progress);
}

function say(
  raft: RaftState,
  { peer, sending }: Progress,
  stage: 'sending' | 'sent' | 'abandoned',
  reason?: string,
): void {
  if (sending === null) return;
  const { index, term } = sending;
  const hash = raft.snapshot?.index === index ? raft.snapshot.hash : 0;
  raft.out.transitions.push({
    kind: 'snapshot',
    stage,
    index,
    term,
    hash,
    peer,
    ...(reason === undefined ? undefined : { reason }),
  });
}
