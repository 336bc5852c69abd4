/**
 * What can be asked of a trace, and the shapes of the answers. The reader process answers them from SQL; the window and the
 * command line only ever see these. All times are nanoseconds since the run's start, all windows half-open [fromNs, toNs).
 */
import type { LogIndex, NodeId, OperationId, Role, Term } from '../../consensus/replica.ts';
import type { EventId, EventKind, FaultId, MessageId, Nanoseconds, SourceId, TraceEvent } from './events.ts';
import type { CourseScope, CourseStep } from './course.ts';
import type { ClusterState, NodeStatus } from './state.ts';
import type { EntryStory, OperationStory } from './stories.ts';

/** complete: closed in order; recording: its recorder is at work; truncated: cut off, by a kill or a limit. */
export type TraceStatus = 'complete' | 'recording' | 'truncated';

export interface TraceInfo {
  runId: string;
  title: string;
  status: TraceStatus;
  /** Why a truncated trace ended, in words. */
  statusReason: string | null;
  schemaVersion: number;
  protocol: string;
  profile: string;
  /** Every node that took part at any time, in order of their numbers. */
  nodes: NodeId[];
  seed: number;
  /** ISO 8601 wall clock of the run's start. */
  startedAt: string;
  durationNs: Nanoseconds;
  events: number;
  messages: number;
  operations: number;
  elections: number;
  faults: number;
  gaps: number;
  findings: number;
  fileBytes: number;
  /** The resolved options of the profile. */
  options: object;
  scenario: string | null;
  versions: Record<string, string>;
  machine: { os: string; cpu: string; cores: number };
}

/** How one copy of a message ended. */
export type MessageFate = 'delivered' | 'arrived' | 'dropped' | 'lost' | 'under-way';

export interface MessageRow {
  id: MessageId;
  from: NodeId;
  to: NodeId;
  type: string;
  term: Term;
  sentNs: Nanoseconds;
  arrivedNs: Nanoseconds | null;
  deliveredNs: Nanoseconds | null;
  fate: MessageFate;
  reason: string | null;
  bytes: number;
  /** Entries carried (AppendEntries), else 0. */
  entries: number;
  /** For replies: whether the request was granted or accepted; null where that makes no sense. */
  granted: boolean | null;
}

export interface MessageDetail extends MessageRow {
  body: object;
}

/** A stretch of a node's life with one status, role and term. */
export interface LaneSegment {
  node: NodeId;
  fromNs: Nanoseconds;
  /** null: goes on at the end of the recording. */
  toNs: Nanoseconds | null;
  status: NodeStatus;
  role: Role;
  term: Term;
}

/** A stretch in which a leader held its lease. */
export interface LeaseStretch {
  node: NodeId;
  fromNs: Nanoseconds;
  /** null: holds at the end of the recording. */
  toNs: Nanoseconds | null;
}

/** Kinds of messages as a drawing tells them apart, the most telling first; `entries` includes snapshots and reads. */
export type MessageClass = 'elections' | 'entries' | 'heartbeats';

/** Messages of one class on one directed link, by the bucket they were sent in; only buckets with some. */
export interface HazeLink {
  from: NodeId;
  to: NodeId;
  class: MessageClass;
  /** Positions of the buckets, rising; `counts` and `lost` run along with it. */
  buckets: number[];
  /** Where buckets are finer than what the recorder counted, a busy one's count is as far as it was looked at. */
  counts: number[];
  /** Of those, how many were never delivered. */
  lost: number[];
}

/** A rule that a check found broken. */
export interface FindingRow {
  rule: string;
  atNs: Nanoseconds;
  /** The event that shows it. */
  event: EventId | null;
  text: string;
}

export interface ElectionRow {
  /** Ordinal in the run, from 1. */
  number: number;
  term: Term;
  leader: NodeId;
  /** The leader that went before, if any, and when it was last able to lead (killed, paused, stopped, out of office). */
  previousLeader: NodeId | null;
  lostNs: Nanoseconds | null;
  /**
   * Start of the election: `lostNs`, else the first candidacy; for the first election the moment when a majority of the voters
   * had started, if that was earlier.
   */
  startedNs: Nanoseconds;
  /** When somebody first stood, or asked whether they could win (PreVote) and then stood on: detection ends here. */
  firstCandidacyNs: Nanoseconds;
  electedNs: Nanoseconds;
  /** First commit by the new leader in its own term; null if it never came. */
  firstCommitNs: Nanoseconds | null;
  detectionMs: number;
  campaignMs: number;
  firstCommitMs: number | null;
  /**
   * Longest span without an acknowledged client operation that overlaps the election; null where no operation was
   * acknowledged on both sides of it.
   */
  downtimeMs: number | null;
  /** Terms that ended without a leader within this election. */
  splitVotes: number;
  candidates: NodeId[];
  /** Who granted the leader their vote; promises of a PreVote are none. */
  voters: NodeId[];
  /** The event in which the leader took office. */
  event: EventId;
}

export interface FaultRow {
  id: FaultId;
  type: string;
  targets: string[];
  fromNs: Nanoseconds;
  toNs: Nanoseconds | null;
  parameters: object;
  event: EventId;
}

export interface OperationRow {
  id: OperationId;
  client: string;
  call: string;
  key: string;
  value: string | null;
  invokedNs: Nanoseconds;
  completedNs: Nanoseconds | null;
  outcome: 'ok' | 'fail' | 'unknown' | 'open';
  index: LogIndex | null;
  node: NodeId | null;
  result: string | null;
  error: string | null;
}

/** Client operations of a stretch of time. */
export interface OperationBucket {
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
  invoked: number;
  acknowledged: number;
  failed: number;
  unknown: number;
  /** Latency of the operations acknowledged in the bucket; null without any. */
  p50Ms: number | null;
  p99Ms: number | null;
  maxMs: number | null;
}

export interface DensityBucket {
  fromNs: Nanoseconds;
  events: number;
  messages: number;
  operations: number;
}

export interface EventDetail {
  id: EventId;
  event: TraceEvent;
  /** One sentence for a person. */
  text: string;
}

/**
 * Which messages and events pass: every part that is there must hold, and within a part one of those named is enough. Heartbeats pass
 * like any other message where types, fates or a text are asked for.
 */
export interface TimelineFilter {
  /** A message from or to one of these; an event that one of these recorded, or that is about its process. */
  nodes?: NodeId[];
  /** Types of messages (`RequestVote`) and kinds of events (`commit`); a message's own events count as of its type. */
  types?: string[];
  terms?: Term[];
  /** How the message ended; of events only those of messages pass. */
  fates?: MessageFate[];
  /** Found in the event's sentence or detail, in the message's words or body; ignoring case. */
  text?: string;
}

export interface EventFilter extends TimelineFilter {
  sources?: SourceId[];
  kinds?: EventKind[];
  term?: Term;
  /** Of the kinds asked for that come in great numbers, only what somebody would want to be told. */
  notable?: boolean;
}

/** A moment on a node's lane that is neither a role nor a message. */
export type LaneMarkKind =
  | 'configuration-adopted'
  | 'configuration-committed'
  | 'configuration-rolled-back'
  | 'snapshot-saved'
  | 'snapshot-installed'
  | 'snapshot-abandoned'
  | 'transfer-started'
  | 'transfer-ended'
  | 'lease-lost';

export interface LaneMark {
  node: NodeId;
  kind: LaneMarkKind;
  /** Of the first one, where several fall together. */
  atNs: Nanoseconds;
  id: EventId;
  /** Its sentence. */
  text: string;
  /** So many of this kind of this node in the bucket. */
  count: number;
}

export type StepKind = 'event' | 'message' | 'election' | 'fault' | 'finding' | 'term';

/** A log position on a node at a moment. */
export interface LogWindow {
  firstIndex: LogIndex;
  lastIndex: LogIndex;
  nodes: {
    node: NodeId;
    commit: LogIndex;
    applied: LogIndex;
    durable: LogIndex;
    /** Entries up to here are gone from the log; 0 while it is whole. */
    compacted: LogIndex;
    /** The entry of its newest snapshot. */
    snapshot: LogIndex | null;
    /** Terms by position; null where the node holds no entry. */
    cells: (Term | null)[];
  }[];
  /** What the entries say, by position from `firstIndex`, where known (`put lamp on`). */
  commands: (string | null)[];
}

/** Counts over the whole trace. */
export interface TraceTotals {
  /** Copies of messages: `dropped` is every copy that was sent and never delivered, whatever the reason. */
  messages: { sent: number; delivered: number; dropped: number };
  operations: { invoked: number; acknowledged: number; failed: number; unknown: number };
  findings: { rule: string; text: string }[];
}

export interface MessageFigures {
  type: string;
  /** Copies; of those the ones that were taken in. */
  sent: number;
  delivered: number;
  bytes: number;
}

export interface OperationFigures {
  outcome: OperationRow['outcome'];
  count: number;
  /** From invocation to completion; null without any that was completed so. */
  p50Ms: number | null;
  p99Ms: number | null;
}

/** What a run comes to, in numbers. */
export interface RunFigures {
  /** The highest term that a node entered. */
  termMax: Term;
  messages: MessageFigures[];
  operations: OperationFigures[];
}

/** A moment that somebody marked, with what they noted. It stands in the trace file and travels with it. */
export interface BookmarkRow {
  /** UUIDv7. */
  id: string;
  atNs: Nanoseconds;
  /** What was selected when it was made. */
  event: EventId | null;
  title: string;
  /** Plain text, lines ended by `\n`; empty where nothing was noted. */
  note: string;
  /** The stretch of the run that was shown when it was made. */
  fromNs: Nanoseconds | null;
  toNs: Nanoseconds | null;
  /** ISO 8601. */
  createdAt: string;
}

/** What may be done to the bookmarks of a trace. */
export type BookmarkChange =
  | { kind: 'add'; bookmark: BookmarkRow }
  | { kind: 'change'; id: string; title: string; note: string }
  | { kind: 'remove'; id: string };

/** Query name -> its parameters and its answer. One union for the reader process, the API and the command line. */
export interface TraceQueries {
  info: { params: object; answer: TraceInfo };
  totals: { params: object; answer: TraceTotals };
  figures: { params: object; answer: RunFigures };
  stateAt: { params: { atNs: Nanoseconds }; answer: ClusterState };
  lanes: {
    params: { fromNs: Nanoseconds; toNs: Nanoseconds };
    answer: { segments: LaneSegment[]; leases: LeaseStretch[] };
  };
  /**
   * Messages that touch the window. At most `limit` rows: elections' messages first, then those with entries, then the rest;
   * `total` says how many there are, so that a drawing can say what it leaves out: exact up to some thousands, of more those that were sent
   * within the window, whose edges then lie within a fortieth of it. `heartbeats: false` leaves out AppendEntries
   * without entries and the replies to them.
   */
  messages: {
    params: {
      fromNs: Nanoseconds;
      toNs: Nanoseconds;
      limit: number;
      heartbeats: boolean;
      filter?: TimelineFilter;
    };
    /** `all`: how many there would be without the filter; absent without one. */
    answer: { rows: MessageRow[]; total: number; all?: number };
  };
  /**
   * What a drawing of `buckets` columns can show of the messages that touch the window: every copy of the classes that fit into `limit`
   * together, most telling first, and of the others (`crowded`) how many went over each link in each bucket.
   */
  traffic: {
    params: {
      fromNs: Nanoseconds;
      toNs: Nanoseconds;
      buckets: number;
      limit: number;
      heartbeats: boolean;
    };
    answer: { rows: MessageRow[]; crowded: MessageClass[]; haze: HazeLink[] };
  };
  message: { params: { id: MessageId }; answer: MessageDetail | null };
  events: {
    params: {
      fromNs: Nanoseconds;
      toNs: Nanoseconds;
      limit: number;
      filter?: EventFilter;
      newestFirst?: boolean;
    };
    answer: { events: EventDetail[]; total: number };
  };
  event: { params: { id: EventId }; answer: EventDetail | null };
  /**
   * `causes` is the chain that led to an event, oldest first, and ends with the event itself; `effects` is what it caused,
   * directly and further on, in order of time; `messages` are the copies that both speak of.
   */
  chain: {
    params: { id: EventId; limit: number };
    answer: { causes: EventDetail[]; effects: EventDetail[]; messages: MessageRow[] };
  };
  /**
   * The nearest moment of the kind before or after `atNs` (and, among events of the same moment, after `id`). With a filter, steps by
   * event and by message meet only what passes it.
   */
  step: {
    params: {
      atNs: Nanoseconds;
      id?: EventId;
      direction: 'next' | 'previous';
      kind: StepKind;
      filter?: TimelineFilter;
    };
    answer: { atNs: Nanoseconds; id: string; text: string } | null;
  };
  elections: { params: object; answer: { elections: ElectionRow[] } };
  faults: { params: object; answer: { faults: FaultRow[] } };
  /** The first thousand. */
  findings: { params: object; answer: { findings: FindingRow[] } };
  operations: {
    params: { fromNs: Nanoseconds; toNs: Nanoseconds; limit: number };
    answer: { operations: OperationRow[]; total: number };
  };
  /**
   * Exact for some thousands of operations. Of more the counts are those of slots, which are exact where buckets are a round width (1, 2 or 5
   * of a decade, from 10 ms on) and begin at a multiple of it, else each slot counts where its middle lies; percentiles are within 2.2 %.
   */
  operationBuckets: {
    params: { fromNs: Nanoseconds; toNs: Nanoseconds; buckets: number };
    answer: { buckets: OperationBucket[] };
  };
  /** Where each node's commit index rose: the index it came to in each bucket, null where it stood still; of many, by slots as above. */
  commits: {
    params: { fromNs: Nanoseconds; toNs: Nanoseconds; buckets: number };
    answer: { nodes: { node: NodeId; indexes: (LogIndex | null)[] }[] };
  };
  /** Membership, snapshots, transfers and lost leases; of a kind at most one a node and bucket; of many, by slots as above. */
  marks: {
    params: { fromNs: Nanoseconds; toNs: Nanoseconds; buckets: number };
    answer: { marks: LaneMark[] };
  };
  density: {
    params: { fromNs: Nanoseconds; toNs: Nanoseconds; buckets: number };
    answer: { buckets: DensityBucket[]; endNs: Nanoseconds };
  };
  /** Null where no node ever held an entry there. Without a term, the entry that was committed, else the newest. */
  entryStory: { params: { index: LogIndex; term?: Term }; answer: EntryStory | null };
  operationStory: { params: { id: OperationId }; answer: OperationStory | null };
  /** In order of time. */
  bookmarks: { params: object; answer: { bookmarks: BookmarkRow[] } };
  /**
   * A stretch of a source's course (`course.ts`): at most `limit` steps after the event `after` and not before `fromNs`, as a digest
   * and, where `steps` says so, one by one. `last` is the event to go on after; null where there was no step.
   */
  course: {
    params: {
      source: SourceId;
      scope: CourseScope;
      after?: EventId;
      fromNs: Nanoseconds;
      limit: number;
      steps: boolean;
    };
    answer: { count: number; digest: string; last: EventId | null; more: boolean; steps: CourseStep[] };
  };
  logs: { params: { atNs: Nanoseconds; firstIndex?: LogIndex; count: number }; answer: LogWindow };
}
export type QueryName = keyof TraceQueries;
export type QueryParams<Q extends QueryName> = TraceQueries[Q]['params'];
export type QueryAnswer<Q extends QueryName> = TraceQueries[Q]['answer'];

/** What the recorder folds for a live window, at most 30 times a second. */
export interface LiveSnapshot {
  runId: string;
  /** The live edge: the time of the newest event recorded. */
  atNs: Nanoseconds;
  state: ClusterState;
  /** Messages delivered a second on each directed link over the last second. */
  links: { from: NodeId; to: NodeId; perSecond: number }[];
  /** Messages of elections (PreVote, RequestVote, their replies, TimeoutNow) of the last 2 s, newest last. */
  votes: MessageRow[];
  /** The newest notable events (not messages), newest last, at most 50. */
  notable: EventDetail[];
  /** Per 250 ms over the last 30 s. */
  operations: OperationBucket[];
  /** Elections so far, newest last, at most 20. */
  elections: ElectionRow[];
  events: number;
  messages: number;
  /** Spooled but not yet recorded, bytes. */
  backlogBytes: number;
  fileBytes: number;
  /** The latest that a timer fired in the last 5 s. */
  timerLatenessMsMax: number | null;
}
