/** A replica as it comes up: what its disk holds, and everything volatile as Figure 2 begins it. */
import type {
  Configuration,
  LogIndex,
  Milliseconds,
  NodeId,
  Row,
  SnapshotMark,
  StorageId,
} from '../replica.ts';
import { flawOfConfiguration, readConfiguration } from './configuration.ts';
import { RaftLog } from './log.ts';
import { resolveRaftOptions, type RaftOptionsGiven } from './options.ts';
import { rulesWith, type RaftBug } from './planted-bugs.ts';
import { restore } from './restore.ts';
import {
  emptyOutbox,
  mayVote,
  resetElectionTimer,
  type ConfigurationEntry,
  type RaftState,
} from './state.ts';

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

export function initialState(config: RaftConfig): RaftState {
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
