/**
 * What a leader knows of one follower and how fast it may send to it (etcd-io/raft `tracker`): probe, replicate or
 * snapshot, with a window of unanswered messages.
 */
import type { LogIndex, Milliseconds, NodeId, ProgressState, Term } from '../replica.ts';

/** A message with entries that has no answer yet. */
interface Sent {
  readonly last: LogIndex;
  readonly bytes: number;
}

/** A snapshot on its way to a follower. */
export interface Sending {
  readonly index: LogIndex;
  readonly term: Term;
  /** The chunk wanted next. */
  offset: number;
  /** The host reads a chunk, or one is under way. */
  busySince: Milliseconds | null;
}

export interface Progress {
  readonly peer: NodeId;
  state: ProgressState;
  /** The follower's log equals the leader's up to here, durably (matchIndex of Figure 2). */
  match: LogIndex;
  /** What is sent next (nextIndex of Figure 2). */
  next: LogIndex;
  /** Probing: the one message of the interval has been sent. */
  probeSent: boolean;
  /** Messages with entries under way, oldest first. */
  readonly inFlight: Sent[];
  inFlightBytes: number;
  /** When the follower last answered anything in this term. */
  heardAt: Milliseconds;
  /** The newest round of heartbeats that it answered. */
  answeredRound: number;
  /** Answers to earlier rounds are of a disk that is gone. */
  readonly sinceRound: number;
  sending: Sending | null;
}

/** How a leader begins with everybody (Figure 2: nextIndex is last log index + 1, matchIndex 0). */
export function newProgress(peer: NodeId, next: LogIndex, now: Milliseconds, sinceRound = 0): Progress {
  return {
    peer,
    state: 'probe',
    match: 0,
    next,
    probeSent: false,
    inFlight: [],
    inFlightBytes: 0,
    heardAt: now,
    answeredRound: 0,
    sinceRound,
    sending: null,
  };
}

export function becomeProbe(progress: Progress): void {
  progress.state = 'probe';
  progress.next = Math.max(progress.match + 1, progress.next);
  progress.probeSent = false;
  progress.sending = null;
  clearInFlight(progress);
}

export function becomeReplicate(progress: Progress): void {
  progress.state = 'replicate';
  progress.next = Math.max(progress.match + 1, progress.next);
  progress.probeSent = false;
  progress.sending = null;
  clearInFlight(progress);
}

export function becomeSnapshot(progress: Progress, index: LogIndex, term: Term): void {
  progress.state = 'snapshot';
  progress.probeSent = false;
  progress.sending = { index, term, offset: 0, busySince: null };
  clearInFlight(progress);
}

export function noteSent(progress: Progress, last: LogIndex, bytes: number): void {
  progress.inFlight.push({ last, bytes });
  progress.inFlightBytes += bytes;
}

/** Everything up to `match` has been answered. */
export function noteAnswered(progress: Progress, match: LogIndex): void {
  const { inFlight } = progress;
  let answered = 0;
  while (answered < inFlight.length && inFlight[answered]!.last <= match) {
    progress.inFlightBytes -= inFlight[answered]!.bytes;
    answered++;
  }
  if (answered > 0) inFlight.splice(0, answered);
}

/** Whether nothing more with entries may be sent for now. */
export function isPaused(progress: Progress, maxMessages: number, maxBytes: number): boolean {
  switch (progress.state) {
    case 'probe':
      return progress.probeSent;
    case 'replicate':
      return progress.inFlight.length >= maxMessages || progress.inFlightBytes >= maxBytes;
    case 'snapshot':
      return true;
  }
}

function clearInFlight(progress: Progress): void {
  progress.inFlight.length = 0;
  progress.inFlightBytes = 0;
}
