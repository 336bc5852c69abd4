/** The rules by name: what each says and where it comes from. `resources/docs/checks.md` explains them to users. */

export interface RuleText {
  readonly name: string;
  /** The rule in one sentence. */
  readonly says: string;
  /** Where it stands. */
  readonly source: string;
}

export const RULE_BOOK = {
  'election-safety': {
    name: 'Election safety',
    says: 'At most one leader a term, ever.',
    source: 'Raft §5.2',
  },
  'leader-append-only': {
    name: 'Leader append-only',
    says: 'A leader never truncates or overwrites its log.',
    source: 'Raft §5.3',
  },
  'log-matching': {
    name: 'Log matching',
    says: 'Entries of the same index and term stand behind the same prefix.',
    source: 'Raft §5.3',
  },
  'leader-completeness': {
    name: 'Leader completeness',
    says: 'The leader of a term holds every entry committed by a leader of a lower term.',
    source: 'Raft §5.4',
  },
  'state-machine-safety': {
    name: 'State machine safety',
    says: 'One entry an index among applied entries, across nodes and restarts.',
    source: 'Raft §5.4.3',
  },
  monotonic: {
    name: 'Monotonic',
    says: 'The persisted term never decreases across restarts, nor commit and applied index within one incarnation.',
    source: 'Raft Figure 2',
  },
  'vote-durability': {
    name: 'Vote durability',
    says: 'One candidate a node and term, across restarts.',
    source: 'Raft §5.2',
  },
  'committed-is-durable': {
    name: 'Committed is durable',
    says: 'No commit index is beyond what a quorum has synced.',
    source: 'Raft §5.3',
  },
  configuration: {
    name: 'Configuration',
    says: 'One change pending; an entry of the own term committed first; quorums overlap.',
    source: 'Raft dissertation §4',
  },
  'exactly-once': {
    name: 'Exactly once',
    says: "A session's command is applied once.",
    source: 'Raft dissertation §6.3',
  },
  'acknowledged-never-lost': {
    name: 'Acknowledged never lost',
    says: 'Every acknowledged write is in the committed sequence, compacted or not.',
    source: 'Raft §8',
  },
  'lease-and-read-index': {
    name: 'Lease and ReadIndex',
    says: 'A read returns no older state than when it was invoked.',
    source: 'Raft dissertation §6.4',
  },
  liveness: {
    name: 'Liveness',
    says: 'In the stable phase there is a commit within the bound, then no change of leader.',
    source: 'Raft §5.6',
  },
} as const satisfies Record<string, RuleText>;

export type RuleId = keyof typeof RULE_BOOK;

export const RULE_IDS = Object.keys(RULE_BOOK) as readonly RuleId[];
