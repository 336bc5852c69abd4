/**
 * The vocabulary of a trace: every event that a process of a run can record. Pure; shared by the recorder, the
 * reader, the checks and the window.
 *
 * Identity: `source/incarnation/seq`, numbered from 1 without gaps per incarnation. Sources are the nodes (`n1`…),
 * `lab` (the supervisor) and `load` (the process that hosts the clients).
 */
import type {
  ChainHash,
  Configuration,
  LogIndex,
  NodeId,
  OperationId,
  PersistId,
  ReadMode,
  StorageId,
  Term,
  Transition,
} from '../../consensus/replica.ts';

/** `source/incarnation/seq`, for instance `n3/2/1043`. The id of a `send` event is also the id of the message. */
export type EventId = string;
/** Nanoseconds since the start of the run on the machine's monotonic clock; an integer below 2^53. */
export type Nanoseconds = number;
/** A node, `lab` or `load`. */
export type SourceId = string;
export type MessageId = EventId;
export type FaultId = string;

export interface EventHead {
  readonly source: SourceId;
  readonly incarnation: number;
  readonly seq: number;
  readonly atNs: Nanoseconds;
  /** The turn step this event belongs to; counts per incarnation; 0 outside any step. */
  readonly step: number;
  /** The event that made this one happen: a message's send, a timer's firing, an operation, an operator's command. */
  readonly cause?: EventId;
}

/** The timer transition as recorded: a deadline on the run's clock instead of the node's. */
type RecordedTransition =
  | Exclude<Transition, { kind: 'timer' }>
  | {
      readonly kind: 'timer-armed';
      readonly timer: 'election' | 'heartbeat';
      readonly deadlineNs: Nanoseconds;
      readonly timeoutMs: number;
    };

export type ExitReason = 'killed' | 'stopped' | 'failed' | 'crashed';

/** What the supervisor records about processes. `node` is the process concerned (a node, `load`, `recorder`). */
type ProcessEvent =
  | {
      readonly kind: 'process-spawned';
      readonly node: SourceId;
      readonly pid: number;
      readonly port?: number;
      readonly of: number;
    }
  | { readonly kind: 'process-ready'; readonly node: SourceId; readonly of: number }
  /** `of` is the incarnation that ended. `error` is the last sentence it said, if any. */
  | {
      readonly kind: 'process-exited';
      readonly node: SourceId;
      readonly of: number;
      readonly reason: ExitReason;
      readonly code: number | null;
      readonly signal: string | null;
      readonly error?: string;
    }
  | { readonly kind: 'process-paused'; readonly node: SourceId }
  | { readonly kind: 'process-resumed'; readonly node: SourceId };

type OperatorEvent =
  /** Someone asked for something: `origin` is window, console, scenario or cli. */
  | {
      readonly kind: 'operator';
      readonly command: object;
      readonly origin: string;
      readonly refused?: string;
    }
  | {
      readonly kind: 'fault-started';
      readonly fault: FaultId;
      readonly type: string;
      readonly targets: readonly string[];
      readonly parameters: object;
    }
  | { readonly kind: 'fault-ended'; readonly fault: FaultId };

type NodeEvent =
  /** First event of an incarnation: what it found on its disk. */
  | {
      readonly kind: 'node-started';
      readonly pid: number;
      readonly term: Term;
      readonly votedFor: NodeId | null;
      readonly lastIndex: LogIndex;
      readonly applied: LogIndex;
      /** Runs of equal term in the log found, in index order. */
      readonly log: readonly { readonly first: LogIndex; readonly last: LogIndex; readonly term: Term }[];
      /** The snapshot behind which the log begins; absent while there is none. */
      readonly snapshot?: { readonly index: LogIndex; readonly term: Term; readonly hash: ChainHash };
      /** In force when it comes up. */
      readonly configuration?: Configuration;
      /** The id that its disk carries. */
      readonly storageId?: StorageId;
    }
  | { readonly kind: 'node-stopped'; readonly reason: string }
  | { readonly kind: 'timer-fired'; readonly timer: string; readonly lateNs: Nanoseconds }
  | {
      readonly kind: 'send';
      readonly to: NodeId;
      readonly type: string;
      readonly term: Term;
      readonly bytes: number;
      readonly body: object;
    }
  | { readonly kind: 'arrive'; readonly message: MessageId; readonly from: NodeId; readonly type: string }
  | {
      readonly kind: 'deliver';
      readonly message: MessageId;
      readonly from: NodeId;
      readonly type: string;
      readonly term: Term;
    }
  /** A copy that will never be delivered, said by whoever dropped it. */
  | { readonly kind: 'drop'; readonly message: MessageId; readonly reason: string }
  | { readonly kind: 'persist-begun'; readonly ids: readonly PersistId[]; readonly rows: number }
  | {
      readonly kind: 'persist-completed';
      readonly ids: readonly PersistId[];
      readonly tookNs: Nanoseconds;
      readonly lastIndex: LogIndex;
      readonly term: Term;
      readonly votedFor: NodeId | null;
    }
  /**
   * `hash` is the chain hash of the log at `to`. `skipped` are the entries that changed nothing because their session had
   * applied the same operation before (dissertation §6.3).
   */
  | {
      readonly kind: 'apply';
      readonly from: LogIndex;
      readonly to: LogIndex;
      readonly hash: ChainHash;
      readonly skipped?: readonly LogIndex[];
    }
  /** The state machine's state was replaced by a snapshot's. */
  | { readonly kind: 'restore'; readonly index: LogIndex; readonly bytes: number }
  /** A client's request reached this node. `read` says how a read is to be answered; absent: through the log. */
  | { readonly kind: 'request'; readonly operation: OperationId; readonly read?: ReadMode | 'stale' }
  /** This node answered a client. */
  | {
      readonly kind: 'answer';
      readonly operation: OperationId;
      readonly outcome: string;
      /** Where it was applied; for a read, the applied index it was served at. */
      readonly index?: LogIndex;
      readonly reason?: string;
      /** How a read was served; absent: through the log. */
      readonly read?: ReadMode | 'stale';
    }
  | { readonly kind: 'link'; readonly peer: NodeId; readonly state: 'up' | 'down'; readonly reason: string };

type OperationEvent =
  | {
      readonly kind: 'invoke';
      readonly operation: OperationId;
      readonly client: string;
      readonly call: 'put' | 'get' | 'delete' | 'cas';
      readonly key: string;
      readonly value?: string;
      readonly expected?: string;
      readonly stale?: boolean;
    }
  /**
   * ok: it took effect; fail: it certainly did not; unknown: nobody can say (it stays open).
   * `index` is the log entry that carried it.
   */
  | {
      readonly kind: 'complete';
      readonly operation: OperationId;
      readonly outcome: 'ok' | 'fail' | 'unknown';
      readonly value?: string | null;
      readonly index?: LogIndex;
      /** How a read was served; absent: through the log. */
      readonly read?: ReadMode | 'stale';
      readonly node?: NodeId;
      readonly attempts: number;
      readonly error?: string;
    };

type RunEvent =
  | { readonly kind: 'run-started'; readonly nodes: readonly NodeId[] }
  | { readonly kind: 'run-stopped'; readonly reason: string }
  /** Written by the recorder in place of events that a source numbered but never spooled whole. */
  | {
      readonly kind: 'gap';
      readonly of: SourceId;
      readonly ofIncarnation: number;
      readonly fromSeq: number;
      readonly toSeq: number;
    };

export type EventPayload =
  RecordedTransition | ProcessEvent | OperatorEvent | NodeEvent | OperationEvent | RunEvent;
export type EventKind = EventPayload['kind'];
export type TraceEvent = EventHead & EventPayload;

const NO_NODES: ReadonlySet<SourceId> = new Set(['lab', 'load', 'recorder']);

/** Whether a source or process is a node. Nodes may join a run at any time. */
export function isNode(source: SourceId): boolean {
  return !NO_NODES.has(source);
}

export function eventId(event: EventHead): EventId {
  return `${event.source}/${event.incarnation}/${event.seq}`;
}

/** Every kind of event, as a list; the type check fails when one is missing. */
export const EVENT_KINDS = Object.keys({
  role: true,
  term: true,
  vote: true,
  leader: true,
  tally: true,
  append: true,
  truncate: true,
  commit: true,
  progress: true,
  configuration: true,
  lease: true,
  reads: true,
  transfer: true,
  snapshot: true,
  compact: true,
  refuse: true,
  'timer-armed': true,
  'timer-fired': true,
  'process-spawned': true,
  'process-ready': true,
  'process-exited': true,
  'process-paused': true,
  'process-resumed': true,
  operator: true,
  'fault-started': true,
  'fault-ended': true,
  'node-started': true,
  'node-stopped': true,
  send: true,
  arrive: true,
  deliver: true,
  drop: true,
  'persist-begun': true,
  'persist-completed': true,
  apply: true,
  restore: true,
  request: true,
  answer: true,
  link: true,
  invoke: true,
  complete: true,
  'run-started': true,
  'run-stopped': true,
  gap: true,
} satisfies Record<EventKind, true>) as readonly EventKind[];
