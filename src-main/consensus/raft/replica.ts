/**
 * Raft as a pure state machine: "In Search of an Understandable Consensus Algorithm (Extended Version)", Ongaro and Ousterhout,
 * 2014, and Ongaro's dissertation, "Consensus: Bridging Theory and Practice". Plain section numbers in this folder are the paper's.
 */
import type {
  ChainHash,
  Configuration,
  Effects,
  Input,
  LogIndex,
  MachineAnswer,
  Message,
  Milliseconds,
  NodeId,
  OperatorInput,
  Replica,
  Role,
  Row,
  SnapshotMark,
  StorageId,
  Term,
} from '../replica.ts';
import { invariant } from '../invariant.ts';
import { handleAppendEntries } from './append.ts';
import { advanceLeaderCommit, takeCommitted } from './commit.ts';
import { flawOfConfiguration, isVoter, readConfiguration } from './configuration.ts';
import {
  campaign,
  countVote,
  handlePreVote,
  handlePreVoteReply,
  handleRequestVote,
  handleRequestVoteReply,
  loyalty,
} from './election.ts';
import { RaftLog, type RaftLogView, type TermRun } from './log.ts';
import { adoptApplied, changeMembership, leaveJointByHand } from './membership.ts';
import {
  readRaftMessage,
  type AppendEntriesReply,
  type InstallSnapshotReply,
  type RaftMessage,
} from './messages.ts';
import { resolveRaftOptions, type RaftOptionsGiven } from './options.ts';
import { notePersisted, takePersist } from './persistence.ts';
import { rulesWith, type RaftBug } from './planted-bugs.ts';
import type { Progress } from './progress.ts';
import { propose } from './proposals.ts';
import { handleReadIndex, handleReadIndexReply, holdsLease, read } from './reads.ts';
import { handleAppendEntriesReply, heartbeat } from './replication.ts';
import { restore } from './restore.ts';
import { changeLeader, stepDownTo } from './roles.ts';
import { handleChunk, handleInstallSnapshotReply } from './snapshot-sending.ts';
import {
  handleInstallSnapshot,
  handleKept,
  handleRefused,
  handleSaved,
  snapshotByHand,
  snapshotIfDue,
} from './snapshot.ts';
import {
  configurationOf,
  emptyOutbox,
  mayVote,
  refuse,
  resetElectionTimer,
  type ConfigurationEntry,
  type RaftState,
} from './state.ts';
import { handleTimeoutNow, promiseToLeader, transferLeadership } from './transfer.ts';

export interface RaftConfig {
  readonly id: NodeId;
  /** Who took part when the cluster began; `EMPTY_CONFIGURATION` for a node that joins later and is told by the log. */
  readonly configuration: Configuration;
  /** The id of the disk that the rows come from; without one it is taken for the right disk. */
  readonly storageId?: StorageId;
  readonly options: RaftOptionsGiven;
  /** Everything that earlier incarnations persisted; empty at the first start. */
  readonly rows: readonly Row[];
  /**
   * The last entry that the state machine on this disk has applied; such entries are not handed out again. At least the
   * index of the snapshot among the rows.
   */
  readonly applied: LogIndex;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly now: Milliseconds;
  /** A planted bug instead of one of the rules. */
  readonly bug?: RaftBug;
}

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

function initialState(config: RaftConfig): RaftState {
  const { id, applied, now } = config;
  const log = new RaftLog();
  const { term, votedFor, snapshot } = restore(config.rows, log);
  assertApplied(applied, snapshot, log);
  const options = resolveRaftOptions(config.options);
  const flaw = flawOfConfiguration(config.configuration);
  if (flaw !== undefined)
    throw new RangeError(`The configuration that ${id} begins with is unsound: ${flaw}`);
  const raft: RaftState = {
    id,
    storageId: config.storageId,
    options,
    rules: rulesWith(config.bug),
    random: config.random,
    matchOf: (voter) => (voter === id ? raft.durableIndex : (raft.progress.get(voter)?.match ?? 0)),
    heardAtOf: (voter) => (voter === id ? raft.now : (raft.progress.get(voter)?.heardAt ?? -Infinity)),
    answeredRoundOf: (voter) => (voter === id ? raft.round : (raft.progress.get(voter)?.answeredRound ?? 0)),
    now,
    deadline: undefined,
    electionTimeoutMs: 0,
    term,
    votedFor,
    log,
    snapshot,
    configurations: restoreConfigurations(config, snapshot, log),
    role: 'follower',
    leader: null,
    commitIndex: Math.max(applied, snapshot?.index ?? 0),
    handedOut: applied,
    applied,
    durableIndex: log.lastIndex,
    pendingPersists: [],
    lastPersistId: 0,
    // A lease may rest on what this replica answered before it went down (dissertation §6.4.1).
    leaderHeardAt: options.reads === 'lease' && term > 0 ? now : -Infinity,
    votes: new Map(),
    campaignTransfer: false,
    progress: new Map(),
    round: 0,
    roundSentAt: [],
    confirmedRound: 0,
    confirmedAt: -Infinity,
    leaseHeld: false,
    leaseForfeited: false,
    partedIn: new Map(),
    uncommittedBytes: 0,
    transfer: null,
    pendingReads: [],
    earlyReads: [],
    forwardedReads: [],
    lastReadContext: 0,
    incoming: null,
    savingSnapshot: 0,
    out: emptyOutbox(),
  };
  if (!mayVote(raft)) raft.role = 'learner';
  resetElectionTimer(raft, true);
  return raft;
}

function assertApplied(applied: LogIndex, snapshot: SnapshotMark | null, log: RaftLog): void {
  if (applied > log.lastIndex)
    throw new Error(
      `The state machine has applied entry ${applied}, but the log ends at ${log.lastIndex}: entries are missing from the disk`,
    );
  if (snapshot !== null && applied < snapshot.index)
    throw new Error(
      `The state machine has applied entry ${applied}, but the log begins behind a snapshot of entry ${snapshot.index}: that must be restored first`,
    );
}

/** The configuration of the beginning or of the snapshot, and those that later entries brought. */
function restoreConfigurations(
  { configuration, bug, applied }: RaftConfig,
  snapshot: SnapshotMark | null,
  log: RaftLog,
): ConfigurationEntry[] {
  const first = snapshot ?? { index: 0, configuration };
  const found: ConfigurationEntry[] = [{ index: first.index, configuration: first.configuration }];
  const to = rulesWith(bug).adoptsOnAppend ? log.lastIndex : applied;
  for (let index = first.index + 1; index <= to; index++) {
    const entry = log.entryAt(index);
    if (entry.kind === 'configuration') found.push({ index, configuration: readConfiguration(entry.data) });
  }
  return found;
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
      onOperator(raft, input.command);
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

function onOperator(raft: RaftState, command: OperatorInput): void {
  switch (command.kind) {
    case 'campaign':
      campaignByHand(raft);
      return;
    case 'transfer-leadership':
      transferLeadership(raft, command.to);
      return;
    case 'change-membership':
      changeMembership(raft, command.changes, command.transition);
      return;
    case 'leave-joint':
      leaveJointByHand(raft);
      return;
    case 'snapshot':
      snapshotByHand(raft);
      return;
    case 'forget-leader':
      forgetLeader(raft);
  }
}

function campaignByHand(raft: RaftState): void {
  const refusal =
    raft.role === 'leader' ? `${raft.id} leads term ${raft.term} already` : promiseToLeader(raft);
  if (refusal !== undefined) {
    refuse(raft, 'campaign', raft.id, refusal);
    return;
  }
  // Who is told to replace its leader is not loyal to it: a quorum of such servers elects another (etcd-io/raft).
  raft.leaderHeardAt = -Infinity;
  campaign(raft, 'an operator asked for an election');
}

/** So that a quorum of followers that know their leader to be gone can elect another at once (etcd-io/raft). */
function forgetLeader(raft: RaftState): void {
  const refusal =
    raft.role === 'leader'
      ? `${raft.id} leads term ${raft.term}`
      : raft.leader === null
        ? `no leader known in term ${raft.term}`
        : promiseToLeader(raft);
  if (refusal !== undefined) {
    refuse(raft, 'forget-leader', raft.id, refusal);
    return;
  }
  raft.leaderHeardAt = -Infinity;
  changeLeader(raft, null);
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
