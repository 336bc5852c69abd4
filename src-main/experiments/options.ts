/** The options of the protocol as a profile, a scenario or a command line gives them, and what they come to together. */
import { z } from 'zod';
import { flawOfRaftOptions, type RaftOptions } from '../consensus/raft/options.ts';

const TIMEOUT_MS_MIN = 10;
const TIMEOUT_MS_MAX = 600_000;
const ENTRIES_MAX = 10_000_000;
const MEBIBYTE = 1024 * 1024;

const timeoutMs = z
  .number('a number of milliseconds')
  .min(TIMEOUT_MS_MIN, `at least ${TIMEOUT_MS_MIN} ms`)
  .max(TIMEOUT_MS_MAX, `at most ${TIMEOUT_MS_MAX} ms`);
const onOff = z.boolean('true or false');

function count(what: string, min: number, max: number) {
  const range = `${what} from ${min} to ${max}`;
  return z.int(range).min(min, range).max(max, range);
}

/** What is left out, also one of the two timeouts, keeps its default. */
export const optionsSchema = z.strictObject({
  electionTimeoutMs: z
    .strictObject(
      { min: timeoutMs.optional(), max: timeoutMs.optional() },
      {
        error: ({ code }) =>
          code === 'invalid_type' ? 'a record such as { min: 150, max: 300 }' : undefined,
      },
    )
    .optional(),
  heartbeatMs: z
    .number('a number of milliseconds')
    .min(1, 'at least 1 ms')
    .max(TIMEOUT_MS_MAX, `at most ${TIMEOUT_MS_MAX} ms`)
    .optional(),
  termStartNoOp: onOff.optional(),
  preVote: onOff.optional(),
  checkQuorum: onOff.optional(),
  priorities: z
    .record(
      z.string().regex(/^n[1-9]$/, 'a node is n1 to n9'),
      count('a whole number', -1_000, 1_000),
      'priorities by node, such as { n1: 2 }',
    )
    .optional(),
  stepDownOnRemoval: onOff.optional(),
  reads: z.enum(['log', 'read-index', 'lease'], 'log, read-index or lease').optional(),
  clockDriftBound: z
    .number('a share, such as 0.05')
    .min(0, 'at least 0')
    .max(0.4, 'at most 0.4: a lease would be over almost at once')
    .optional(),
  maxEntriesPerMessage: count('a number of entries', 1, 100_000).optional(),
  // Of up to three bytes each: they must fit into one frame.
  maxBytesPerMessage: count('a number of characters', 1_024, 2 * MEBIBYTE).optional(),
  maxInflightMessages: count('a number of messages', 1, 100_000).optional(),
  maxInflightBytes: count('a number of characters', 1_024, 1_024 * MEBIBYTE).optional(),
  maxUncommittedBytes: count('a number of characters', 1_024, 1_024 * MEBIBYTE).optional(),
  overlapPersistence: onOff.optional(),
  conflictHints: onOff.optional(),
  snapshotEveryEntries: count('a number of entries', 0, ENTRIES_MAX).optional(),
  snapshotKeepEntries: count('a number of entries', 0, ENTRIES_MAX).optional(),
  snapshotChunkBytes: count('a number of bytes', 1, 4 * MEBIBYTE).optional(),
  clientSessions: onOff.optional(),
});
export type OptionOverrides = z.infer<typeof optionsSchema>;

/** Every option by its name on a command line; those of records with a dot. */
export const OPTION_NAMES: readonly string[] = Object.keys(optionsSchema.shape).flatMap((name) => {
  if (name === 'electionTimeoutMs') return ['electionTimeoutMs.min', 'electionTimeoutMs.max'];
  return name === 'priorities' ? ['priorities.n1'] : [name];
});

/** Lays overrides over options, later ones over earlier ones. Whether the outcome makes sense, {@link flawOfOptions} says. */
export function withOverrides(
  base: RaftOptions,
  ...overrides: readonly (OptionOverrides | undefined)[]
): RaftOptions {
  let options = base;
  for (const { electionTimeoutMs, priorities, ...rest } of overrides.map((each) => each ?? {})) {
    options = {
      ...options,
      ...said(rest),
      electionTimeoutMs: { ...options.electionTimeoutMs, ...said(electionTimeoutMs ?? {}) },
      priorities: { ...options.priorities, ...priorities },
    };
  }
  return options;
}

/** Without the fields that say nothing. */
function said<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Why options make no sense or are unsafe together, and the option that it shows at. */
export interface OptionsFlaw {
  readonly option: string;
  readonly text: string;
}

export function flawOfOptions(options: RaftOptions): OptionsFlaw | undefined {
  const text = flawOfRaftOptions(options);
  if (text !== undefined) return { option: /^\w+/.exec(text)?.[0] ?? '', text };
  const { heartbeatMs, electionTimeoutMs } = options;
  if (heartbeatMs < electionTimeoutMs.min) return undefined;
  return {
    option: 'heartbeatMs',
    text: `a heartbeat every ${heartbeatMs} ms cannot keep a leader whose followers time out after ${electionTimeoutMs.min} ms; make heartbeatMs smaller than electionTimeoutMs.min`,
  };
}
