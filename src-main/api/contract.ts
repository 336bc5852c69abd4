/**
 * The contract between a window and the lab. Every call names its run; the lab has no "current" trace. The same
 * contract travels over Electron's IPC and over a WebSocket. No SQL and no paths come from the window.
 */
import type { NodeId, OperationId, ReadMode } from '../consensus/replica.ts';
import type { ExportFormat, ExportTable } from '../trace/model/exchange-formats.ts';
import type {
  BookmarkRow,
  LiveSnapshot,
  QueryAnswer,
  QueryName,
  QueryParams,
  TraceStatus,
} from '../trace/model/queries.ts';

/** UUIDv7. */
export type RunId = string;

/** Whether this host can do a thing, and if not why, in one sentence. */
export interface Capability {
  available: boolean;
  reason?: string;
}

export interface Capabilities {
  host: 'desktop' | 'browser';
  platform: string;
  version: string;
  /** Pausing a node with SIGSTOP. */
  pause: Capability;
  /** A native open dialog; without it the window uploads the file. */
  openDialog: Capability;
  /** Reports as PDF; as HTML they can be had everywhere. */
  pdf: Capability;
  limits: { nodesMin: number; nodesMax: number; clientsMax: number; uploadBytesMax: number };
  dataFolder: string;
}

export interface RunSummary {
  runId: RunId;
  title: string;
  /** live: its cluster runs now; others as the trace says; refused: the file cannot be opened, see `error`. */
  status: 'live' | TraceStatus | 'refused';
  startedAt: string;
  durationNs: number;
  nodes: number;
  protocol: string;
  profile: string;
  events: number;
  messages: number;
  elections: number;
  fileBytes: number;
  error: string | null;
  /** Of a trace that was recorded elsewhere. It can be used while it is verified. */
  verification?: Verification;
}

/** Whether a trace from elsewhere is sound: read through once, by a process of its own. */
export type Verification =
  | { state: 'waiting' }
  | { state: 'verifying'; share: number; bytes: number; ofBytes: number }
  | { state: 'sound' }
  /** What is shown may be incomplete; the text says what is wrong. */
  | { state: 'damaged'; text: string };

/** A trace from elsewhere that is being copied into the data root. */
export interface IncomingTrace {
  name: string;
  bytes: number;
  ofBytes: number;
}

export interface ProfileSummary {
  name: string;
  title: string;
  description: string;
  electionTimeoutMs: { min: number; max: number };
  heartbeatMs: number;
}

export interface ScenarioSummary {
  name: string;
  title: string;
  description: string;
  nodes: number;
  profile: string;
}

export interface NewRun {
  nodes: number;
  profile: string;
  title?: string;
  seed?: number;
  /** Workload clients from the start. */
  clients?: number;
}

/** As `MembershipChange` of the replica contract; the lab knows the disks. */
export interface WantedChange {
  kind: 'add-voter' | 'add-learner' | 'remove';
  node: NodeId;
}

/** How a read is answered: by an entry in the log, by ReadIndex, from the leader's lease, or by whichever node is asked, however old. */
export type ReadHow = 'log' | ReadMode | 'stale';

/** Everything that changes a live run. Each one is recorded as an operator event with its origin. */
export type Command =
  | { kind: 'kill'; node: NodeId }
  | { kind: 'pause'; node: NodeId }
  | { kind: 'resume'; node: NodeId }
  /** Starts a dead node again on its own disk; a running one is killed first. */
  | { kind: 'restart'; node: NodeId }
  /** Orderly stop. */
  | { kind: 'stop'; node: NodeId }
  /** This node times out now. */
  | { kind: 'campaign'; node: NodeId }
  /** The leader hands over to this node. Commands that need the replicas' consent are answered when they are done or refused. */
  | { kind: 'transfer'; node: NodeId }
  /** This node saves a snapshot and compacts its log. */
  | { kind: 'snapshot'; node: NodeId }
  | {
      kind: 'change-membership';
      changes: WantedChange[];
      /** auto unless said otherwise; see `OperatorInput` of the replica contract. */
      transition?: 'auto' | 'simple' | 'joint' | 'joint-explicit';
    }
  | { kind: 'leave-joint' }
  /** Starts a node under this name, which is free or was removed, and takes it in. */
  | { kind: 'add-node'; node: NodeId; as: 'learner' | 'voter' }
  /** Takes the node out, then stops its process. */
  | { kind: 'remove-node'; node: NodeId }
  /** Makes a learner a voter once it has caught up. */
  | { kind: 'promote'; node: NodeId }
  | { kind: 'demote'; node: NodeId }
  /** The node gets an empty disk and comes back on it as a learner. */
  | { kind: 'replace-node'; node: NodeId }
  /** A follower forgets who leads, so that it may vote for another at once. */
  | { kind: 'forget-leader'; node: NodeId }
  /** Ends every fault: resumes paused nodes, restarts dead ones. */
  | { kind: 'heal' }
  | { kind: 'workload'; clients: number }
  | { kind: 'put'; key: string; value: string }
  /** `read`: how; absent: as the cluster's options say. `stale` is `read: 'stale'`. `node` is the one asked first, for a stale read the only one. */
  | { kind: 'get'; key: string; read?: ReadHow; stale?: boolean; node?: NodeId }
  | { kind: 'delete'; key: string }
  | { kind: 'cas'; key: string; expected: string; value: string };

export interface CommandResult {
  /** What happened, in one sentence. */
  text: string;
  /** For key-value commands. */
  operation?: {
    id: OperationId;
    outcome: 'ok' | 'fail' | 'unknown';
    value: string | null;
    index: number | null;
    node: NodeId | null;
    tookMs: number;
    error: string | null;
  };
}

/** As `BookmarkRow`; what is left out was not there. */
export interface NewBookmark {
  atNs: number;
  /** The selected event or message. */
  event?: string;
  title: string;
  note: string;
  /** The stretch of the run that is shown. */
  fromNs?: number;
  toNs?: number;
}

/** A trace on its way out or a file on its way in. */
export interface Transfer {
  id: number;
  kind: 'export' | 'import';
  /** What the file is called. */
  name: string;
  phase: 'reading' | 'recording' | 'writing';
  /** From 0 to 1. */
  share: number;
}

export interface ExportAnswer {
  /** What the file is called. */
  name: string;
  bytes: number;
  events: number;
  /** Where a browser fetches it, once; null where the host has put it where the user said. */
  download: string | null;
}

/** Method -> parameters and answer. */
export interface LabMethods {
  capabilities: { params: object; answer: Capabilities };
  listRuns: { params: object; answer: { runs: RunSummary[] } };
  listProfiles: { params: object; answer: { profiles: ProfileSummary[] } };
  listScenarios: { params: object; answer: { scenarios: ScenarioSummary[] } };
  startRun: { params: NewRun; answer: { runId: RunId } };
  /** Runs a shipped scenario as a live run. */
  startScenario: { params: { name: string }; answer: { runId: RunId } };
  /** Stops the cluster and closes the trace; answers when it is complete. */
  stopRun: { params: { runId: RunId }; answer: RunSummary };
  renameRun: { params: { runId: RunId; title: string }; answer: RunSummary };
  /** Moves the trace to the data root's trash folder. */
  deleteRun: { params: { runId: RunId }; answer: object };
  /** The host's open dialog; null where the user cancelled. */
  openTraceDialog: { params: object; answer: { runId: RunId } | null };
  /** In another format, to where the user says; null where the user cancelled. `table` is for CSV. */
  exportTrace: {
    params: { runId: RunId; format: ExportFormat; table?: ExportTable; redact: boolean };
    answer: ExportAnswer | null;
  };
  cancelTransfer: { params: { id: number }; answer: object };
  execute: { params: { runId: RunId; command: Command }; answer: CommandResult };
  /** Every question to a trace, live or saved. */
  query: {
    params: { runId: RunId; query: QueryName; params: object };
    answer: unknown;
  };
  /** Bookmarks stand in the trace file itself, of a live run and of a saved trace alike. Asked for with the query `bookmarks`. */
  addBookmark: { params: { runId: RunId; bookmark: NewBookmark }; answer: BookmarkRow };
  changeBookmark: { params: { runId: RunId; id: string; title: string; note: string }; answer: object };
  removeBookmark: { params: { runId: RunId; id: string }; answer: object };
  /** The documentation pages, Markdown. */
  listHelp: { params: object; answer: { pages: { name: string; title: string }[] } };
  help: { params: { name: string }; answer: { markdown: string } };
}
export type MethodName = keyof LabMethods;
export type MethodParams<M extends MethodName> = LabMethods[M]['params'];
export type MethodAnswer<M extends MethodName> = LabMethods[M]['answer'];

/** Stream -> parameters and snapshot. Latest wins; at most 30 a second; the next only after the last was acknowledged. */
export interface LabStreams {
  live: { params: { runId: RunId }; snapshot: LiveSnapshot };
  /** The list of runs whenever it changes. */
  runs: { params: object; snapshot: { runs: RunSummary[]; incoming?: IncomingTrace[] } };
  /** Exports and imports under way. */
  transfers: { params: object; snapshot: { transfers: Transfer[] } };
}
export type StreamName = keyof LabStreams;
export type StreamParams<S extends StreamName> = LabStreams[S]['params'];
export type StreamSnapshot<S extends StreamName> = LabStreams[S]['snapshot'];

/** The part of the DOM's `File` that the contract needs, so that it also compiles where there is no DOM. */
export interface WindowFile {
  readonly name: string;
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A report that the window made. */
export interface WindowReport {
  /** Of its file, without ending: `leader-crash-report`. */
  name: string;
  /** pdf only where the capabilities say so: the same page, printed. */
  format: 'html' | 'pdf';
  /** A whole page that needs nothing else. */
  html: string;
}

/** What the page speaks to: the carrier over the desktop's preload script, or over a WebSocket. */
export interface LabBridge {
  readonly host: 'desktop' | 'browser';
  /** Rejects with an Error whose message is one sentence for the user. */
  call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodAnswer<M>>;
  /** Returns a function that ends the subscription. */
  subscribe<S extends StreamName>(
    stream: S,
    params: StreamParams<S>,
    onSnapshot: (snapshot: StreamSnapshot<S>) => void,
    onEnd?: (reason: string) => void,
  ): () => void;
  /** A file dropped on the window or chosen in it. Resolves to the run it holds. */
  openFile(file: WindowFile): Promise<{ runId: RunId }>;
  /**
   * Keeps a report: on the desktop in the file that its save dialog names, in a browser among the downloads. `saved` is false where
   * the user cancelled.
   */
  saveReport(report: WindowReport): Promise<{ saved: boolean }>;
  /** Called with `quorum-lab://…` links and with runs the host opened (an argument, a double-clicked file). */
  onOpenLink(listener: (link: string) => void): () => void;
}

/** Type-safe form of the `query` method. */
export function queryTrace<Q extends QueryName>(
  bridge: LabBridge,
  runId: RunId,
  query: Q,
  params: QueryParams<Q>,
): Promise<QueryAnswer<Q>> {
  return bridge.call('query', { runId, query, params }) as Promise<QueryAnswer<Q>>;
}

export const QUERY_ROWS_MAX = 5_000;
export const CALL_BYTES_MAX = 256 * 1024;
export const REPORT_BYTES_MAX = 64 * 1024 * 1024;
