/** Profiles: named timers and options, from `resources/profiles/`. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { RAFT_DEFAULTS, type RaftOptions } from '../consensus/raft/options.ts';
import { flawOfOptions, optionsSchema, withOverrides, type OptionOverrides } from './options.ts';
import { resourceFolder } from './resources.ts';
import { FileError, readYamlFile } from './yaml-file.ts';

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

/** The paper's Raft with its timers (§9.3): what a profile changes. */
const DEFAULTS: RaftOptions = {
  ...RAFT_DEFAULTS,
  electionTimeoutMs: { min: 150, max: 300 },
  heartbeatMs: 75,
};

/** Lays overrides over options. Throws {@link FileError} when the outcome makes no sense or is unsafe. */
export function resolveOptions(
  base: RaftOptions,
  ...overrides: readonly (OptionOverrides | undefined)[]
): RaftOptions {
  const options = withOverrides(base, ...overrides);
  const flaw = flawOfOptions(options);
  if (flaw !== undefined) throw new FileError(`These options do not go together: ${flaw.text}.`);
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
