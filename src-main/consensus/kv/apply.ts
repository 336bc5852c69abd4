import { decodeCommand, isBadCommand, type Command } from './command.ts';

/** What a client is told. */
export interface CommandResult {
  readonly ok: boolean;
  /** What the key holds afterwards; null when it holds nothing. */
  readonly value: string | null;
  /** Why not, in words; present exactly when `ok` is false. */
  readonly reason?: string;
  /** Not `ok`, but perhaps it took effect before: nobody remembers. */
  readonly uncertain?: true;
}

/** A key's new value; null removes it. */
export interface KeyWrite {
  readonly key: string;
  readonly value: string | null;
}

export interface Outcome {
  readonly result: CommandResult;
  /** To be stored in one transaction with the applied index. */
  readonly writes: readonly KeyWrite[];
}

const NO_WRITES: readonly KeyWrite[] = [];

/** Runs one command against the store that `read` looks into. Depends on nothing else, so every replica comes to the same. */
export function applyCommand(read: (key: string) => string | undefined, command: Command): Outcome {
  const { key } = command;
  switch (command.op) {
    case 'get':
      return { result: { ok: true, value: read(key) ?? null }, writes: NO_WRITES };
    case 'put':
      return put(key, command.value);
    case 'delete':
      return { result: { ok: true, value: null }, writes: [{ key, value: null }] };
    case 'cas': {
      const held = read(key);
      if (held === command.expected) return put(key, command.value);
      const reason = `${key} holds ${quoted(held)}, not ${quoted(command.expected)}`;
      return { result: { ok: false, value: held ?? null, reason }, writes: NO_WRITES };
    }
  }
}

/** Runs the command that a log entry carries as text. A text that is no command changes nothing and says so. */
export function applyText(read: (key: string) => string | undefined, text: string): Outcome {
  const command = decodeCommand(text);
  if (isBadCommand(command))
    return { result: { ok: false, value: null, reason: command.error }, writes: NO_WRITES };
  return applyCommand(read, command);
}

function put(key: string, value: string): Outcome {
  return { result: { ok: true, value }, writes: [{ key, value }] };
}

function quoted(value: string | undefined): string {
  return value === undefined ? 'nothing' : `"${value}"`;
}
