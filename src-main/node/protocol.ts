/** What the lab says to a node and to the load process over IPC, and what they answer (`serialization: 'advanced'`). */
import type { NodeId, OperationId, OperatorInput } from '../consensus/replica.ts';
import type { RaftOptions } from '../consensus/raft/options.ts';

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
  members: PeerAddress[];
  /** The node's own folder: `log.db` (replica rows) and `state.db` (state machine). Made if missing. */
  folder: string;
  /** The disk must carry this id; a new disk is given it. */
  storageId: string;
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
}
export type ToNode =
  NodeStart | { kind: 'stop' } | { kind: 'operator'; command: OperatorInput; cause: string };
export type FromNode =
  /** Listening and running. */
  | { kind: 'ready' }
  /** It cannot go on; the process leaves with code 1 right after. Names file, place and remedy. */
  | { kind: 'failed'; error: string };

export type ClientCall =
  | { call: 'put'; key: string; value: string }
  | { call: 'get'; key: string; stale?: boolean }
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
}
export type ToLoad =
  | LoadStart
  /** Closed-loop clients that write (and read, by `readRatio` 0..1) over `keys` keys; 0 clients ends the workload. */
  | { kind: 'workload'; clients: number; keys: number; valueBytes: number; readRatio: number }
  /** One operation of the console. `node` asks that node first and, for a stale read, only that one. */
  | { kind: 'call'; id: number; call: ClientCall; node?: NodeId; cause: string }
  /** Watch the workload's operations for so long and say how they went, in `measured`. */
  | { kind: 'measure'; id: number; ms: number }
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
