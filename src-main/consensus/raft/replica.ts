/**
 * Raft as a pure state machine: Figure 2 of "In Search of an Understandable Consensus Algorithm (Extended Version)",
 * Ongaro and Ousterhout, 2014. Section numbers in this folder are that paper's.
 */
import type {
  ChainHash,
  Effects,
  Input,
  LogIndex,
  Message,
  Milliseconds,
  NodeId,
  Replica,
  Role,
  Row,
  Term,
} from '../replica.ts';
import { invariant } from '../invariant.ts';
import { handleAppendEntries } from './append.ts';
import { advanceLeaderCommit, takeCommitted } from './commit.ts';
import { countVote, handleRequestVote, handleRequestVoteReply, startElection } from './election.ts';
import { RaftLog, type RaftLogView, type TermRun } from './log.ts';
import { readRaftMessage } from './messages.ts';
import { resolveRaftOptions, type RaftOptionsGiven } from './options.ts';
import { notePersisted, restore, takePersist } from './persistence.ts';
import { handleAppendEntriesReply, heartbeat, propose } from './replication.ts';
import { stepDownTo } from './roles.ts';
import { emptyOutbox, refuse, resetElectionTimer, type RaftState } from './state.ts';

export interface RaftConfig {
  readonly id: NodeId;
  /** Every member of the cluster, this one included. */
  readonly voters: readonly NodeId[];
  readonly options: RaftOptionsGiven;
  /** Everything that earlier incarnations persisted; empty at the first start. */
  readonly rows: readonly Row[];
  /** The last entry that the state machine on this disk has applied; such entries are not handed out again. */
  readonly applied: LogIndex;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly now: Milliseconds;
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
}

export interface RaftReplica extends Replica {
  readonly status: RaftStatus;
  readonly log: RaftLogView;
}

/**
 * A replica as it comes up: a follower in the term it persisted, its election timer running.
 *
 * @throws RangeError when an option makes no sense
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
  const { id, voters, applied, now } = config;
  if (!voters.includes(id) || new Set(voters).size !== voters.length)
    throw new RangeError(`Voters ${voters.join(', ')} must be distinct and include ${id}`);
  const log = new RaftLog();
  const { term, votedFor } = restore(config.rows, log);
  if (applied > log.lastIndex)
    throw new Error(
      `The state machine has applied entry ${applied}, but the log ends at ${log.lastIndex}: entries are missing from the disk`,
    );
  const raft: RaftState = {
    id,
    voters: [...voters],
    quorum: Math.floor(voters.length / 2) + 1,
    options: resolveRaftOptions(config.options),
    random: config.random,
    now,
    deadline: undefined,
    electionTimeoutMs: 0,
    term,
    votedFor,
    log,
    role: 'follower',
    leader: null,
    commitIndex: applied,
    handedOut: applied,
    applied,
    durableIndex: log.lastIndex,
    pendingPersists: [],
    lastPersistId: 0,
    votes: new Set(),
    progress: new Map(),
    out: emptyOutbox(),
  };
  resetElectionTimer(raft, true);
  return raft;
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
    case 'persisted':
      if (notePersisted(raft, input.id) && raft.role === 'candidate') countVote(raft, raft.id, true);
      if (raft.role === 'leader') advanceLeaderCommit(raft);
      return;
    case 'applied':
      invariant(input.index <= raft.handedOut, 'only entries that were handed out are applied');
      raft.applied = Math.max(raft.applied, input.index);
      return;
    case 'operator':
      if (raft.role === 'leader')
        refuse(raft, 'campaign', raft.id, `${raft.id} leads term ${raft.term} already`);
      else startElection(raft, 'an operator asked for an election');
  }
}

/** A timeout fed before the deadline, because the host's timer was early or the deadline has moved, does nothing. */
function onTimeout(raft: RaftState): void {
  if (raft.deadline === undefined || raft.now < raft.deadline) return;
  if (raft.role === 'leader') heartbeat(raft);
  else startElection(raft, `election timeout ${Math.round(raft.electionTimeoutMs)} ms`);
}

function receive(raft: RaftState, unread: Message): void {
  const { from, to, type, term } = unread;
  if (to !== raft.id || from === raft.id || !raft.voters.includes(from)) {
    refuse(raft, type, from, `not a message from a voter to ${raft.id}`);
    return;
  }
  const message = readRaftMessage(unread);
  if (typeof message === 'string') {
    refuse(raft, type, from, message);
    return;
  }
  if (term > raft.term) stepDownTo(raft, term, `${type} of term ${term} from ${from}`);
  switch (message.type) {
    case 'RequestVote':
      handleRequestVote(raft, message);
      return;
    case 'AppendEntries':
      handleAppendEntries(raft, message);
      return;
    case 'RequestVoteReply':
      if (!isStale(raft, message)) handleRequestVoteReply(raft, message);
      return;
    case 'AppendEntriesReply':
      if (!isStale(raft, message)) handleAppendEntriesReply(raft, message);
  }
}

/** §5.1: an answer to a question of an earlier term is ignored. */
function isStale(raft: RaftState, message: Message): boolean {
  if (message.term === raft.term) return false;
  refuse(raft, message.type, message.from, `term ${message.term} is behind ${raft.term}`);
  return true;
}

function takeEffects(raft: RaftState): Effects {
  invariant(raft.commitIndex <= raft.log.lastIndex, 'the commit index is never beyond the last entry');
  const apply = takeCommitted(raft);
  const persist = takePersist(raft);
  const { send, sendAfterPersist, replies, transitions } = raft.out;
  const effects = { send, sendAfterPersist, apply, replies, transitions };
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
  };
}
