import type { Milliseconds } from '../replica.ts';

/** Timers and options of a Raft replica; a profile resolves to one of these. */
export interface RaftOptions {
  /** Election timeouts are drawn uniformly from [min, max) (§5.2, §9.3). */
  readonly electionTimeoutMs: { readonly min: Milliseconds; readonly max: Milliseconds };
  readonly heartbeatMs: Milliseconds;
  /** A new leader appends an empty entry of its own term at once, so that earlier entries can commit (§5.4.2, §8). */
  readonly termStartNoOp: boolean;
  readonly maxEntriesPerMessage: number;
  readonly maxBytesPerMessage: number;
}
