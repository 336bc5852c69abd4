/** What the lab says to a node and to the load process over IPC, and what they answer (`serialization: 'advanced'`). */
import type { Configuration, NodeId, OperationId, OperatorInput, ReadMode } from '../consensus/replica.ts';
import type { RaftOptions } from '../consensus/raft/options.ts';
import type { RaftBug } from '../consensus/raft/planted-bugs.ts';

export interface PeerAddress {
  id: NodeId;
  /** TCP port on 127.0.0.1. */
  port: number;
}

/** First message to a node process. */
export interface NodeStart {
  kind: 'start';
  runId: string;
  id: NodeId;
  incarnation: number;
  /** Where every node that may ever be spoken to is found, this one among them. Who takes part, the configuration says. */
  members: PeerAddress[];
  /** Who took part when the cluster began; `EMPTY_CONFIGURATION` for a node that joins later. */
  configuration: Configuration;
  /** The node's own folder: `log.db` (replica rows), `state.db` (state machine) and its snapshots. Made if missing. */
  folder: string;
  /** The disk must carry this id; a new disk is given it. */
  storageId: string;
  /**
   * An empty disk is expected, because the node has never run or its disk was replaced and got a new id. Otherwise only the first
   * incarnation may find one: a node that comes back with nothing under an id that the others know has forgotten its votes.
   */
  emptyDisk?: boolean;
  spoolFolder: string;
  /** Records nothing: for measuring what recording costs. */
  untraced?: boolean;
  /** `process.hrtime.bigint()` of the run's start, the same in all processes. */
  originNs: bigint;
  /** Proves peers and clients to each other. */
  secret: Uint8Array;
  protocol: 'raft';
  options: RaftOptions;
  /** Seeds the node's random stream; differs by node and incarnation. */
  seed: number;
  /** A planted bug instead of one of the protocol's rules. */
  bug?: RaftBug;
}
export type ToNode =
  | NodeStart
  | { kind: 'stop' }
  | { kind: 'operator'; command: OperatorInput; cause: string }
  /** The address book has changed; replaces the one before. */
  | { kind: 'members'; members: PeerAddress[] };
export type FromNode =
  /** Listening and running. */
  | { kind: 'ready' }
  /** It cannot go on; the process leaves with code 1 right after. Names file, place and remedy. */
  | { kind: 'failed'; error: string };

export type ClientCall =
  | { call: 'put'; key: string; value: string }
  /** `stale`: from the state of the node asked, however old. Else as `read` says, or as the cluster's options do. */
  | { call: 'get'; key: string; stale?: boolean; read?: 'log' | ReadMode }
  | { call: 'delete'; key: string }
  | { call: 'cas'; key: string; expected: string; value: string };

/** First message to the load process, which hosts every client of a run. */
export interface LoadStart {
  kind: 'start';
  runId: string;
  incarnation: number;
  members: PeerAddress[];
  spoolFolder: string;
  untraced?: boolean;
  originNs: bigint;
  secret: Uint8Array;
  seed: number;
  /** An operation without an answer after this long ends as unknown. */
  timeoutMs: number;
  /** How a read is made unless it says otherwise. */
  reads: 'log' | ReadMode;
  /** The state machine applies an operation once, so one without an answer may be sent again under its own id. */
  retries: boolean;
}
export type ToLoad =
  | LoadStart
  /** Closed-loop clients that write (and read, by `readRatio` 0..1) over `keys` keys; 0 clients ends the workload. */
  | { kind: 'workload'; clients: number; keys: number; valueBytes: number; readRatio: number }
  /** One operation of the console. `node` asks that node first and, for a stale read, only that one. */
  | { kind: 'call'; id: number; call: ClientCall; node?: NodeId; cause: string }
  /** Watch the workload's operations for so long and say how they went, in `measured`. */
  | { kind: 'measure'; id: number; ms: number }
  /** The address book has changed; replaces the one before. */
  | { kind: 'members'; members: PeerAddress[] }
  /** Let what is under way complete (bounded by the timeout), then leave. */
  | { kind: 'stop' };
export interface CallResult {
  operation: OperationId;
  outcome: 'ok' | 'fail' | 'unknown';
  value: string | null;
  index: number | null;
  node: NodeId | null;
  tookMs: number;
  error: string | null;
}
/** How the workload's operations went that ended within a window. */
export interface Measured {
  /** How long the window really was. */
  ms: number;
  acknowledged: number;
  /** Failed, or of unknown outcome. */
  failed: number;
  /** From invocation to acknowledgement, over all acknowledged; null without any. */
  p50Ms: number | null;
  p99Ms: number | null;
}
export type FromLoad =
  | { kind: 'ready' }
  | { kind: 'result'; id: number; result: CallResult }
  | { kind: 'measured'; id: number; measured: Measured }
  | { kind: 'failed'; error: string };
