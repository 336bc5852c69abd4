/**
 * Bugs that real systems had, each as one mutation of a rule. They prove that the checks can fail, and are exercises
 * ("which bug is this?"). Off unless asked for by name.
 */
import { SOUND, type Rules } from './rules.ts';

const MUTATIONS = {
  /** Commits an entry of an earlier term by counting (Figure 8): logcabin #44, async-raft #108, PySyncObj #169. */
  'commit-old-term': { mayCommit: () => true },
  /** The answer to a vote request leaves before the vote is on disk: PySyncObj #202, robustmq #2039. */
  'vote-not-durable': { sendVoteReply: (raft, message) => raft.out.send.push(message) },
  /** A candidate that falls back within its term forgets its vote: CCF #8094. */
  'step-down-clears-vote': {
    stepDownInTerm(raft) {
      raft.votedFor = null;
      raft.out.metaChanged = true;
    },
  },
  /** What stands behind an AppendEntries, matching or not, is removed unless it is committed: hashicorp/raft #113, akka-raft #66. */
  'append-truncates-match': {
    firstNew({ commitIndex }, { body: { prevLogIndex, entries } }) {
      return Math.min(entries.length, Math.max(0, commitIndex - prevLogIndex));
    },
  },
  /** Membership changes before an entry of the own term has committed: openraft #2051, raft-dev. */
  'change-without-own-commit': {
    refusalOfChange(raft) {
      const { index } = raft.configurations[raft.configurations.length - 1]!;
      return index > raft.commitIndex ? `the change of entry ${index} is not committed yet` : undefined;
    },
  },
  /** A configuration comes into force when it is applied, and nothing guards the time until then: etcd #11284, valkey #3926. */
  'config-at-apply': { adoptsOnAppend: false },
  /** A PreVote for an old term gets no answer, so its sender never learns the newer one: etcd #8243, #8501. */
  'prevote-deadlock': { answersOldPreVote: () => false },
  /** Leaders stay without a quorum, and followers vote for anybody at any time: Cloudflare, 2020-11-02. */
  'no-check-quorum': { checksQuorum: () => false },
  /** Saving a snapshot removes newer entries too, but for those known to be committed: camunda #6092, redisraft #43. */
  'snapshot-drops-log': {
    lastKeptBySnapshot: (raft, index) =>
      raft.role === 'leader' ? raft.log.lastIndex : Math.max(index, raft.commitIndex),
  },
  /** A read is served on the strength of an earlier round of heartbeats: etcd #20418. */
  'stale-read': { readNeedsRound: (raft) => raft.confirmedRound === 0 },
  /** An AppendEntries is acknowledged before its entries are on disk: etcd #14370. */
  'ack-before-durable': { sendAppendReply: (raft, message) => raft.out.send.push(message) },
  /** A node votes on whatever disk it finds: rethinkdb #5289. */
  'wiped-node-rejoins': { isOwnDisk: () => true },
} satisfies Record<string, Partial<Rules>>;

export type RaftBug = keyof typeof MUTATIONS;

export const RAFT_BUGS = Object.keys(MUTATIONS) as readonly RaftBug[];

export function rulesWith(bug: RaftBug | undefined): Rules {
  return bug === undefined ? SOUND : { ...SOUND, ...MUTATIONS[bug] };
}
