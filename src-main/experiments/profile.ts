/** Profiles: named timers and options, from `resources/profiles/`. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { RAFT_DEFAULTS } from '../consensus/raft/options.ts';
import type { RaftOptions } from '../consensus/raft/options.ts';
import { resourceFolder } from './resources.ts';
import { FileError, readYamlFile } from './yaml-file.ts';

const TIMEOUT_MS_MIN = 10;
const TIMEOUT_MS_MAX = 600_000;
const timeoutMs = z
  .number()
  .min(TIMEOUT_MS_MIN, `at least ${TIMEOUT_MS_MIN} ms`)
  .max(TIMEOUT_MS_MAX, `at most ${TIMEOUT_MS_MAX} ms`);

/** Options as a profile or a scenario may give them; what is left out keeps its default. */
export const optionsSchema = z.strictObject({
  electionTimeoutMs: z
    .strictObject({ min: timeoutMs, max: timeoutMs })
    .refine(({ min, max }) => min <= max, 'min must not be above max')
    .optional(),
  heartbeatMs: z.number().min(1, 'at least 1 ms').max(TIMEOUT_MS_MAX).optional(),
  termStartNoOp: z.boolean().optional(),
  maxEntriesPerMessage: z.number().int().min(1).max(100_000).optional(),
  maxBytesPerMessage: z
    .number()
    .int()
    .min(1_024)
    // Characters, of up to three bytes each: they must fit into one frame.
    .max(2 * 1024 * 1024)
    .optional(),
});
export type OptionOverrides = z.infer<typeof optionsSchema>;

const profileSchema = z.strictObject({
  format: z.literal('quorum-lab/profile'),
  version: z.literal(1, 'this version of Quorum Lab reads profiles of version 1'),
  title: z.string().min(1),
  description: z.string(),
  protocol: z.literal('raft'),
  options: optionsSchema,
});

export interface Profile {
  name: string;
  title: string;
  description: string;
  protocol: 'raft';
  options: RaftOptions;
}

const DEFAULTS: RaftOptions = {
  ...RAFT_DEFAULTS,
  electionTimeoutMs: { min: 150, max: 300 },
  heartbeatMs: 75,
};

/** The overrides that say something. */
export function given(overrides: OptionOverrides): Partial<RaftOptions> {
  return Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined));
}

/** Why heartbeats could not keep a leader in office, if they could not. */
export function flawOfOptions({ heartbeatMs, electionTimeoutMs }: RaftOptions): string | undefined {
  if (heartbeatMs < electionTimeoutMs.min) return undefined;
  return `a heartbeat every ${heartbeatMs} ms cannot keep a leader whose followers time out after ${electionTimeoutMs.min} ms; make heartbeatMs smaller than electionTimeoutMs.min`;
}

/** Lays overrides over options. Throws {@link FileError} when heartbeats could not keep a leader in office. */
export function resolveOptions(base: RaftOptions, overrides: OptionOverrides): RaftOptions {
  const options: RaftOptions = { ...base, ...given(overrides) };
  const flaw = flawOfOptions(options);
  if (flaw !== undefined) throw new FileError(`These options contradict each other: ${flaw}.`);
  return options;
}

function folder(): string {
  return path.join(resourceFolder(), 'profiles');
}

export function profileNames(): string[] {
  return readdirSync(folder())
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

export function listProfiles(): Profile[] {
  return profileNames()
    .map(readProfile)
    .sort(
      (a, b) => Number(b.name === 'workshop') - Number(a.name === 'workshop') || a.name.localeCompare(b.name),
    );
}

/** Throws {@link FileError} for a name that is no shipped profile. */
export function readProfile(name: string): Profile {
  const known = profileNames();
  if (!known.includes(name))
    throw new FileError(`There is no profile "${name}"; there are ${known.join(', ')}.`);
  const { value } = readYamlFile(path.join(folder(), `${name}.yaml`), profileSchema);
  return {
    name,
    title: value.title,
    description: value.description,
    protocol: value.protocol,
    options: resolveOptions(DEFAULTS, value.options),
  };
}
