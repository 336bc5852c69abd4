/** The commands of the replicated key-value store and their text, which is what a log entry carries as `data`. */

export type Command =
  | { readonly op: 'put'; readonly key: string; readonly value: string }
  | { readonly op: 'get'; readonly key: string }
  | { readonly op: 'delete'; readonly key: string }
  /** Puts `value` if the key holds `expected`; without `expected`, if the key holds nothing. */
  | { readonly op: 'cas'; readonly key: string; readonly value: string; readonly expected?: string };

/** A text that is no command, and why. */
export interface BadCommand {
  readonly error: string;
}

/** In characters. */
export const KEY_LENGTH_MAX = 256;
/** In characters. */
export const VALUE_LENGTH_MAX = 64 * 1024;

const DESCRIBED_LENGTH_MAX = 40;

/** @throws RangeError when key or value is missing or too long: such a command must not enter the log */
export function encodeCommand(command: Command): string {
  const checked = readCommand({ ...command });
  if (isBadCommand(checked)) throw new RangeError(checked.error);
  return JSON.stringify(checked);
}

/** Never throws: what stands in the log must be dealt with by every replica in the same way. */
export function decodeCommand(text: string): Command | BadCommand {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { error: `not JSON: ${shortened(text)}` };
  }
  if (typeof parsed !== 'object' || parsed === null) return { error: `not a command: ${shortened(text)}` };
  return readCommand(parsed as Fields);
}

export function isBadCommand(command: Command | BadCommand): command is BadCommand {
  return 'error' in command;
}

/** One line for a trace: `put lamp on`. The empty text is the protocol's own entry. */
export function describeCommand(text: string): string {
  if (text === '') return 'no-op';
  const command = decodeCommand(text);
  if (isBadCommand(command)) return `unreadable command (${command.error})`;
  switch (command.op) {
    case 'put':
      return `put ${command.key} ${shortened(command.value)}`;
    case 'cas':
      return `cas ${command.key} ${command.expected === undefined ? '(absent)' : shortened(command.expected)} → ${shortened(command.value)}`;
    default:
      return `${command.op} ${command.key}`;
  }
}

type Fields = { readonly [field: string]: unknown };

function readCommand({ op, key, value, expected }: Fields): Command | BadCommand {
  if (op !== 'put' && op !== 'get' && op !== 'delete' && op !== 'cas') {
    return { error: `unknown op ${shortened(String(op))}: it must be put, get, delete or cas` };
  }
  if (typeof key !== 'string' || key === '') return { error: `${op} needs a key` };
  if (key.length > KEY_LENGTH_MAX)
    return { error: `${op} has a key of ${key.length} characters; at most ${KEY_LENGTH_MAX} are allowed` };
  if (op === 'get' || op === 'delete') return { op, key };
  if (typeof value !== 'string') return { error: `${op} ${key} needs a value` };
  if (value.length > VALUE_LENGTH_MAX) {
    return {
      error: `${op} ${key} has a value of ${value.length} characters; at most ${VALUE_LENGTH_MAX} are allowed`,
    };
  }
  if (op === 'put') return { op, key, value };
  if (expected === undefined) return { op, key, value };
  if (typeof expected !== 'string') return { error: `cas ${key} expects something that is no text` };
  return { op, key, value, expected };
}

function shortened(text: string): string {
  return text.length <= DESCRIBED_LENGTH_MAX ? text : `${text.slice(0, DESCRIBED_LENGTH_MAX - 1)}…`;
}
