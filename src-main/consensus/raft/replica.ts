/**
 * Raft as a pure state machine: "In Search of an Understandable Consensus Algorithm (Extended Version)", Ongaro and Ousterhout,
 * 2014, and Ongaro's dissertation, "Consensus: Bridging Theory and Practice". Plain section numbers in this folder are the paper's.
 */
import type {
  ChainHash,
  Effects,
  Input,
  LogIndex,
  MachineAnswer,
  Message,
  Milliseconds,
  NodeId,
  Replica,
  Role,
  SnapshotMark,
  Term,
} from '../replica.ts';
import { invariant } from '../invariant.ts';
import { handleAppendEntries } from './append.ts';
import { advanceLeaderCommit, takeCommitted } from './commit.ts';
import { isVoter } from './configuration.ts';
import {
  campaign,
  countVote,
  handlePreVote,
  handlePreVoteReply,
  handleRequestVote,
  handleRequestVoteReply,
  loyalty,
} from './election.ts';
import { initialState, type RaftConfig } from './initial-state.ts';
import type { RaftLogView, TermRun } from './log.ts';
import { adoptApplied } from './membership.ts';
import {
  readRaftMessage,
  type AppendEntriesReply,
  type InstallSnapshotReply,
  type RaftMessage,
} from './messages.ts';
import { obeyOperator } from './operator-commands.ts';
import { notePersisted, takePersist } from './persistence.ts';
import type { Progress } from './progress.ts';
import { propose } from './proposals.ts';
import { handleReadIndex, handleReadIndexReply, holdsLease, read } from './reads.ts';
import { handleAppendEntriesReply, heartbeat } from './replication.ts';
import { stepDownTo } from './roles.ts';
import { handleChunk, handleInstallSnapshotReply } from './snapshot-sending.ts';
import { handleInstallSnapshot, handleKept, handleRefused, handleSaved, snapshotIfDue } from './snapshot.ts';
import { configurationOf, emptyOutbox, refuse, type ConfigurationEntry, type RaftState } from './state.ts';
import { handleTimeoutNow } from './transfer.ts';

export type { RaftConfig } from './initial-state.ts';

/** A moment of a replica, copied. */
export interface RaftStatus {
  readonly id: NodeId;
  readonly role: Role;
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly leader: NodeId | null;
  readonly commitIndex: LogIndex;
  /** The last entry that the host reported applied. */
  readonly appliedIndex: LogIndex;
  /** The last entry that the host reported durable. */
  readonly durableIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly lastHash: ChainHash;
  readonly runs: readonly TermRun[];
  readonly snapshot: SnapshotMark | null;
  /** The configuration in force and the entry that brought it. */
  readonly configuration: ConfigurationEntry;
  readonly leaseHeld: boolean;
  readonly transferTo: NodeId | null;
  /** A leader's view of the others. */
  readonly progress: readonly Readonly<Progress>[];
}

export interface RaftReplica extends Replica {
  readonly status: RaftStatus;
  readonly log: RaftLogView;
}

/**
 * A replica as it comes up: a follower in the term it persisted, its election timer running.
 *
 * @throws RangeError when an option or the configuration makes no sense
 * @throws Error that names the row when what was persisted is damaged
 */
export function createRaft(config: RaftConfig): RaftReplica {
  const raft = initialState(config);
  return {
    get deadline(): Milliseconds | undefined {
      return raft.deadline;
    },
    get status(): RaftStatus {
      return statusOf(raft);
    },
    log: raft.log,
    step(input: Input, now: Milliseconds): Effects {
      invariant(now >= raft.now, "a node's clock never decreases between two steps");
      raft.now = now;
      raft.out = emptyOutbox();
      dispatch(raft, input);
      return takeEffects(raft);
    },
  };
}

function dispatch(raft: RaftState, input: Input): void {
  switch (input.kind) {
    case 'timeout':
      onTimeout(raft);
      return;
    case 'receive':
      receive(raft, input.message);
      return;
    case 'propose':
      propose(raft, input.proposals);
      return;
    case 'read':
      read(raft, input.reads);
      return;
    case 'persisted':
      onPersisted(raft, input.id);
      return;
    case 'applied':
      onApplied(raft, input.index);
      return;
    case 'machine':
      onMachine(raft, input.answer);
      return;
    case 'operator':
      obeyOperator(raft, input.command);
  }
}

/** A timeout fed before the deadline, because the host's timer was early or the deadline has moved, does nothing. */
function onTimeout(raft: RaftState): void {
  if (raft.deadline === undefined || raft.now < raft.deadline) return;
  if (raft.role === 'leader') heartbeat(raft);
  else campaign(raft, `election timeout ${Math.round(raft.electionTimeoutMs)} ms`);
}

function onPersisted(raft: RaftState, id: number): void {
  const ownVote = notePersisted(raft, id);
  if (ownVote && raft.role === 'candidate' && isVoter(configurationOf(raft), raft.id))
    countVote(raft, raft.id, true);
  if (raft.role === 'leader') advanceLeaderCommit(raft);
}

function onApplied(raft: RaftState, index: LogIndex): void {
  invariant(index <= raft.handedOut, 'only entries that were handed out are applied');
  const from = raft.applied + 1;
  raft.applied = Math.max(raft.applied, index);
  adoptApplied(raft, from, raft.applied);
  snapshotIfDue(raft);
}

function onMachine(raft: RaftState, answer: MachineAnswer): void {
  switch (answer.kind) {
    case 'snapshot-saved':
      handleSaved(raft, answer);
      return;
    case 'chunk':
    case 'chunk-gone':
      if (raft.role === 'leader') handleChunk(raft, answer);
      return;
    case 'snapshot-kept':
      handleKept(raft, answer.index);
      return;
    case 'snapshot-refused':
      handleRefused(raft, answer.index, answer.reason);
      return;
    case 'snapshot-restored':
      raft.applied = Math.max(raft.applied, answer.index);
  }
}

function receive(raft: RaftState, unread: Message): void {
  const { from, to, type, term } = unread;
  if (to !== raft.id || from === raft.id) {
    refuse(raft, type, from, `not a message from another node to ${raft.id}`);
    return;
  }
  const message = readRaftMessage(unread);
  if (typeof message === 'string') {
    refuse(raft, type, from, message);
    return;
  }
  if (message.type === 'RequestVote' && term > raft.term) {
    const loyal = loyalty(raft, message);
    if (loyal !== undefined) {
      refuse(raft, type, from, loyal);
      return;
    }
  }
  if (term > raft.term && !isAboutFuture(message))
    stepDownTo(raft, term, `${type} of term ${term} from ${from}`);
  handle(raft, message);
}

/** A PreVote, and the grant of one, name a term that nobody has entered yet (dissertation §9.6). */
function isAboutFuture(message: RaftMessage): boolean {
  return message.type === 'PreVote' || (message.type === 'PreVoteReply' && message.body.granted);
}

function handle(raft: RaftState, message: RaftMessage): void {
  switch (message.type) {
    case 'AppendEntries':
      handleAppendEntries(raft, message);
      return;
    case 'AppendEntriesReply':
      if (!isStale(raft, message) && !isOfOtherDisk(raft, message)) handleAppendEntriesReply(raft, message);
      return;
    case 'RequestVote':
      handleRequestVote(raft, message);
      return;
    case 'RequestVoteReply':
      if (!isStale(raft, message)) handleRequestVoteReply(raft, message);
      return;
    case 'PreVote':
      handlePreVote(raft, message);
      return;
    case 'PreVoteReply':
      handlePreVoteReply(raft, message);
      return;
    case 'InstallSnapshot':
      handleInstallSnapshot(raft, message);
      return;
    case 'InstallSnapshotReply':
      if (!isStale(raft, message) && !isOfOtherDisk(raft, message)) handleInstallSnapshotReply(raft, message);
      return;
    case 'TimeoutNow':
      if (!isStale(raft, message)) handleTimeoutNow(raft, message);
      return;
    case 'ReadIndex':
      if (!isStale(raft, message)) handleReadIndex(raft, message);
      return;
    case 'ReadIndexReply':
      if (!isStale(raft, message)) handleReadIndexReply(raft, message);
  }
}

/** §5.1: what is of an earlier term is ignored. */
function isStale(raft: RaftState, message: Message): boolean {
  if (message.term === raft.term) return false;
  refuse(raft, message.type, message.from, `term ${message.term} is behind ${raft.term}`);
  return true;
}

/**
 * A follower whose disk was replaced has forgotten which terms it has seen, so its answers confirm nobody and make no majority
 * until it is let in anew: else a leader of an old term could commit with it (rethinkdb #5289).
 */
function isOfOtherDisk(raft: RaftState, message: AppendEntriesReply | InstallSnapshotReply): boolean {
  const { from, type, body } = message;
  const known = configurationOf(raft).storage[from];
  if (raft.rules.isOwnDisk(body.disk, known)) return false;
  refuse(raft, type, from, `${from} is known by the disk ${known}, and this is ${body.disk}`);
  return true;
}

function takeEffects(raft: RaftState): Effects {
  invariant(raft.commitIndex <= raft.log.lastIndex, 'the commit index is never beyond the last entry');
  const apply = takeCommitted(raft);
  const applyHash = apply.length === 0 ? 0 : raft.log.hashAt(raft.handedOut);
  const persist = takePersist(raft);
  const { send, sendAfterPersist, reads, machine, replies, transitions } = raft.out;
  const effects = { send, sendAfterPersist, apply, applyHash, reads, machine, replies, transitions };
  return persist === undefined ? effects : { persist, ...effects };
}

function statusOf(raft: RaftState): RaftStatus {
  const { id, role, term, votedFor, leader, commitIndex, applied, durableIndex, log } = raft;
  return {
    id,
    role,
    term,
    votedFor,
    leader,
    commitIndex,
    appliedIndex: applied,
    durableIndex,
    lastIndex: log.lastIndex,
    lastHash: log.hashAt(log.lastIndex),
    runs: log.runs.map((run) => ({ ...run })),
    snapshot: raft.snapshot,
    configuration: raft.configurations[raft.configurations.length - 1]!,
    leaseHeld: role === 'leader' && holdsLease(raft),
    transferTo: raft.transfer?.to ?? null,
    progress: [...raft.progress.values()].map((each) => ({ ...each })),
  };
}
