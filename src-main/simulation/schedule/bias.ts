/**
 * What a schedule needs so that a planted bug has a chance to show (the column "needs" of the list of bugs): options that do not
 * hide it, and the faults that bring it out. Everything else stays drawn.
 */
import type { RaftOptions } from '../../consensus/raft/options.ts';
import { RAFT_BUGS, type RaftBug } from '../../consensus/raft/planted-bugs.ts';
import type { Nanoseconds } from '../../trace/model/events.ts';
import type { FaultKind, FaultSetting } from './draw-faults.ts';
import {
  competingChanges,
  figure8,
  interruptedVotes,
  leftBehindWithLongLog,
  readsAtOldLeader,
  rivalCandidates,
  wipedVoter,
} from './patterns.ts';
import type { Action, Environment, LinkQuality, Rest } from './schedule.ts';

/** `retry-applies-twice` is one of the state machine, the others are Raft's. */
export type Bug = RaftBug | 'retry-applies-twice';

export const BUGS: readonly Bug[] = [...RAFT_BUGS, 'retry-applies-twice'];

export interface Bias {
  /** Voters of the first configuration. */
  readonly nodes?: readonly number[];
  readonly options?: Partial<RaftOptions>;
  readonly environment?: Partial<Environment>;
  /** Of the usual faults; those not named keep theirs. */
  readonly weights?: Partial<Readonly<Record<FaultKind, number>>>;
  /** Usual faults at most, besides the pattern. */
  readonly actionsMax?: number;
  /** How long faults act, in times of the longest election timeout. */
  readonly timeouts?: number;
  readonly rest?: Rest;
  /** Share of calls that read, and whom they ask. */
  readonly reads?: { readonly share: number; readonly anyNode: boolean };
  /** How long clients wait for an answer, in times of the longest election timeout. */
  readonly patience?: number;
  /** Faults that belong together. */
  readonly pattern?: (setting: FaultSetting, chaosNs: Nanoseconds) => readonly Action[];
}

export function biasOf(bug: Bug): Bias {
  return BIASES[bug];
}

/** Elections come and go without a word beside the paper's. */
const BARE = { preVote: false, checkQuorum: false, priorities: {} } as const;
const NO_SNAPSHOTS = { snapshotEveryEntries: 10_000 } as const;
const NOTHING_ELSE: Readonly<Record<FaultKind, number>> = {
  partition: 0,
  links: 0,
  kill: 0,
  pause: 0,
  'slow-apply': 0,
  'slow-disk': 0,
  clock: 0,
  wipe: 0,
  membership: 0,
  operator: 0,
};

const LOSSY: LinkQuality = { delayNs: { min: 1e6, max: 5e6 }, loss: 0.3, duplicate: 0.1, straggle: 0.1 };

const BIASES: Readonly<Record<Bug, Bias>> = {
  'commit-old-term': {
    nodes: [5],
    options: {
      ...BARE,
      ...NO_SNAPSHOTS,
      termStartNoOp: false,
      maxEntriesPerMessage: 1,
      maxInflightMessages: 1,
      reads: 'log',
    },
    weights: { ...NOTHING_ELSE, kill: 1, partition: 1 },
    actionsMax: 2,
    timeouts: 9,
    pattern: figure8,
  },
  'vote-not-durable': {
    nodes: [4, 5],
    options: { ...BARE, electionTimeoutMs: { min: 100, max: 115 }, heartbeatMs: 40 },
    environment: { writeNs: { min: 2e6, max: 10e6 } },
    weights: { kill: 4 },
    pattern: interruptedVotes,
  },
  'step-down-clears-vote': {
    nodes: [4, 5, 6, 7],
    options: { ...BARE, electionTimeoutMs: { min: 100, max: 115 }, heartbeatMs: 40 },
    weights: { links: 6, kill: 3 },
    pattern: rivalCandidates,
  },
  'append-truncates-match': {
    options: { maxEntriesPerMessage: 2, maxInflightMessages: 256, maxInflightBytes: 2 ** 26 },
    weights: { links: 8 },
  },
  'change-without-own-commit': {
    nodes: [4],
    options: { ...BARE, termStartNoOp: false },
    weights: { membership: 4, partition: 3 },
    pattern: competingChanges,
  },
  'config-at-apply': { weights: { membership: 6, 'slow-apply': 5 } },
  'prevote-deadlock': {
    nodes: [3],
    options: { preVote: true, termStartNoOp: false, reads: 'log', priorities: {} },
    weights: NOTHING_ELSE,
    actionsMax: 2,
    timeouts: 6,
    rest: 'crash',
    patience: 20,
    pattern: leftBehindWithLongLog,
  },
  'no-check-quorum': {
    nodes: [3, 5],
    options: { preVote: false, checkQuorum: true },
    rest: 'bridge',
  },
  'snapshot-drops-log': { options: { snapshotEveryEntries: 5 }, weights: { kill: 6 } },
  'stale-read': {
    nodes: [3, 5],
    options: { ...BARE, reads: 'read-index' },
    weights: { partition: 4, pause: 3 },
    reads: { share: 0.6, anyNode: true },
    pattern: readsAtOldLeader,
  },
  'ack-before-durable': { environment: { writeNs: { min: 1e6, max: 8e6 } } },
  'wiped-node-rejoins': { nodes: [3, 5], options: BARE, weights: { wipe: 4 }, pattern: wipedVoter },
  'retry-applies-twice': { environment: { clientLinks: LOSSY } },
};
