/** `--option name=value`: the protocol's options on the command line, laid over those of profile and scenario. */
import type { Command } from 'commander';
import { parse } from 'yaml';
import { RAFT_BUGS, type RaftBug } from '../consensus/raft/planted-bugs.ts';
import { RAFT_DEFAULTS, type RaftOptions } from '../consensus/raft/options.ts';
import {
  flawOfOptions,
  OPTION_NAMES,
  optionsSchema,
  withOverrides,
  type OptionOverrides,
} from '../experiments/options.ts';
import { UsageError } from './output.ts';

/** `what` says in a few words what giving an option does. */
export function addOptionFlag(command: Command, what: string): Command {
  return command.option(
    '--option <name=value>',
    `${what}, such as preVote=true or electionTimeoutMs.min=150; may be repeated`,
    (given: string, before: readonly string[] | undefined) => [...(before ?? []), given],
  );
}

/** What the flags say, later ones over earlier ones. Throws {@link UsageError} for an unknown name or a value that makes no sense. */
export function readOptionFlags(flags: readonly string[] = []): OptionOverrides {
  const fields: Record<string, unknown> = {};
  for (const flag of flags) {
    const [name, value] = readFlag(flag);
    const one = nested(name, value);
    const checked = optionsSchema.safeParse(one);
    if (!checked.success) {
      const issue = checked.error.issues[0];
      if (issue?.code === 'unrecognized_keys') throw unknownOption(flag, name);
      throw new UsageError(`--option ${flag}: ${name} must be ${issue?.message ?? 'something else'}.`);
    }
    for (const [key, field] of Object.entries(one)) {
      const known = fields[key];
      fields[key] = isRecord(known) && isRecord(field) ? { ...known, ...field } : field;
    }
  }
  return optionsSchema.parse(fields);
}

/** Lays what flags say over options. Throws {@link UsageError} when the outcome makes no sense or is unsafe. */
export function optionsWithFlags(base: RaftOptions, overrides: OptionOverrides): RaftOptions {
  const options = withOverrides(base, overrides);
  const flaw = flawOfOptions(options);
  if (flaw !== undefined) throw new UsageError(`--option: ${flaw.text}.`);
  return options;
}

/**
 * What the flags say where the rest is drawn, and drawn so that it goes with it. Throws {@link UsageError} when that makes no sense or is
 * unsafe.
 */
export function readOptionFlagsForDrawing(flags: readonly string[] = []): Partial<RaftOptions> {
  const { electionTimeoutMs, ...rest } = readOptionFlags(flags);
  const { min, max } = electionTimeoutMs ?? {};
  if ((min === undefined) !== (max === undefined))
    throw new UsageError(
      `--option: give electionTimeoutMs.min and electionTimeoutMs.max both: what is left out is drawn.`,
    );
  const timeouts = min === undefined || max === undefined ? {} : { electionTimeoutMs: { min, max } };
  const given: Partial<RaftOptions> = { ...withoutUndefined(rest), ...timeouts };
  const heartbeatMs = given.heartbeatMs ?? (min ?? 150) / 3;
  const drawn: RaftOptions = {
    ...RAFT_DEFAULTS,
    heartbeatMs,
    electionTimeoutMs: { min: heartbeatMs * 3, max: heartbeatMs * 6 },
    checkQuorum: given.reads === 'lease',
  };
  optionsWithFlags(drawn, { ...given, priorities: { ...given.priorities } });
  return given;
}

/** Throws {@link UsageError} that names the known ones for any other. */
export function readBug(name: string | undefined): RaftBug | undefined {
  if (name === undefined) return undefined;
  const bug = RAFT_BUGS.find((known) => known === name);
  if (bug === undefined)
    throw new UsageError(`--bug ${name}: there is no such bug; there are ${RAFT_BUGS.join(', ')}.`);
  return bug;
}

function readFlag(flag: string): [name: string, value: unknown] {
  const at = flag.indexOf('=');
  if (at <= 0)
    throw new UsageError(`--option ${flag}: write the option's name and its value, such as preVote=true.`);
  const name = flag.slice(0, at);
  const text = flag.slice(at + 1);
  let value: unknown;
  try {
    value = parse(text, { logLevel: 'error' });
  } catch {
    value = undefined;
  }
  if (value === undefined || value === null || typeof value === 'object')
    throw new UsageError(
      `--option ${flag}: "${text}" is no value; write a number, true, false or a word, and a field of a record by its name, such as electionTimeoutMs.min=150.`,
    );
  return [name, value];
}

/** `a.b` and v as `{ a: { b: v } }`. */
function nested(name: string, value: unknown): Record<string, unknown> {
  return name.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as Record<
    string,
    unknown
  >;
}

function unknownOption(flag: string, name: string): UsageError {
  return new UsageError(
    `--option ${flag}: there is no option "${name}"; there are ${OPTION_NAMES.join(', ')}.`,
  );
}

function withoutUndefined(fields: Omit<OptionOverrides, 'electionTimeoutMs'>): Partial<RaftOptions> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
