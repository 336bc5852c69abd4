import type { Milliseconds } from '../replica.ts';

/** Timers and options of a Raft replica; a profile resolves to one of these. */
export interface RaftOptions {
  /** Election timeouts are drawn uniformly from [min, max) (§5.2, §9.3). */
  readonly electionTimeoutMs: { readonly min: Milliseconds; readonly max: Milliseconds };
  readonly heartbeatMs: Milliseconds;
  /** A new leader appends an empty entry of its own term at once, so that earlier entries can commit (§5.4.2, §8). */
  readonly termStartNoOp: boolean;
  readonly maxEntriesPerMessage: number;
  /** Characters of entries; one entry always fits. */
  readonly maxBytesPerMessage: number;
}

/** What need not be said: the timers must, the rest has defaults. */
export type RaftOptionsGiven = Pick<RaftOptions, 'electionTimeoutMs' | 'heartbeatMs'> & Partial<RaftOptions>;

const MEBIBYTE = 1024 * 1024;

/** @throws RangeError that names the option when one makes no sense */
export function resolveRaftOptions(options: RaftOptionsGiven): RaftOptions {
  const { min, max } = options.electionTimeoutMs;
  const resolved: RaftOptions = {
    electionTimeoutMs: { min, max },
    heartbeatMs: options.heartbeatMs,
    termStartNoOp: options.termStartNoOp ?? true,
    maxEntriesPerMessage: options.maxEntriesPerMessage ?? 256,
    maxBytesPerMessage: options.maxBytesPerMessage ?? MEBIBYTE,
  };
  requireOption(
    min > 0 && Number.isFinite(min),
    'electionTimeoutMs.min',
    'a positive number of milliseconds',
    min,
  );
  requireOption(
    max >= min && Number.isFinite(max),
    'electionTimeoutMs.max',
    `at least electionTimeoutMs.min (${min})`,
    max,
  );
  requireOption(
    resolved.heartbeatMs > 0 && Number.isFinite(resolved.heartbeatMs),
    'heartbeatMs',
    'a positive number of milliseconds',
    resolved.heartbeatMs,
  );
  requirePositiveInteger('maxEntriesPerMessage', resolved.maxEntriesPerMessage);
  requirePositiveInteger('maxBytesPerMessage', resolved.maxBytesPerMessage);
  return resolved;
}

function requirePositiveInteger(name: string, value: number): void {
  requireOption(Number.isSafeInteger(value) && value > 0, name, 'a positive integer', value);
}

function requireOption(holds: boolean, name: string, expected: string, value: number): void {
  if (!holds) throw new RangeError(`Raft option ${name} must be ${expected}, but it is ${value}`);
}
