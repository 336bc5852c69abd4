/**
 * Client sessions (§8; dissertation §6.3): what each client's latest operations gave, so that an operation which comes twice is
 * applied once. Part of the replicated state: every replica comes to the same sessions, in the same order.
 */
import type { LogIndex, OperationId } from '../replica.ts';
import type { CommandResult } from './apply.ts';
import { decodeCommand, isBadCommand } from './command.ts';

/** Operations remembered of each client. */
export const SESSION_OPERATIONS_MAX = 64;
/** Clients remembered; of more, whoever was applied longest ago is forgotten. */
export const SESSIONS_MAX = 65_536;

/** What an operation gave; null: what its command says, so that values are not held twice. */
export type Remembered = CommandResult | null;

export interface Session {
  readonly client: string;
  /** Where the client's latest command was applied. No two sessions share it, and it orders them. */
  readonly usedAt: LogIndex;
  /** Operations up to this number are not remembered any more. */
  readonly forgotten: number;
  /** Ascending, with what each gave at the same place of `results`. */
  readonly numbers: readonly number[];
  readonly results: readonly Remembered[];
}

interface Held extends Session {
  usedAt: LogIndex;
  forgotten: number;
  readonly numbers: number[];
  readonly results: Remembered[];
}

/** The client and number of `c3/17`; undefined for an id of another form, which has no session. */
export function parseOperation(
  id: OperationId,
): { readonly client: string; readonly number: number } | undefined {
  const slash = id.lastIndexOf('/');
  if (slash <= 0 || slash === id.length - 1) return undefined;
  const number = Number(id.slice(slash + 1));
  return Number.isSafeInteger(number) && number >= 0 ? { client: id.slice(0, slash), number } : undefined;
}

export class Sessions {
  /** In the order of their last use. */
  readonly #byClient = new Map<string, Held>();
  readonly #clientsMax: number;

  constructor(clientsMax = SESSIONS_MAX) {
    this.#clientsMax = clientsMax;
  }

  /** In the order of their last use, oldest first. */
  get all(): Iterable<Session> {
    return this.#byClient.values();
  }

  of(client: string): Session | undefined {
    return this.#byClient.get(client);
  }

  /** What the operation gave when it was applied before; undefined if it was not. */
  recall(client: string, number: number, text: string): CommandResult | undefined {
    const session = this.#byClient.get(client);
    if (session === undefined) return undefined;
    const { numbers, results, forgotten } = session;
    // From the end: a retry is mostly of the latest.
    for (let at = numbers.length - 1; at >= 0; at--) {
      const held = numbers[at]!;
      if (held === number) return results[at] ?? asCommanded(text);
      if (held < number) return undefined;
    }
    if (number > forgotten) return undefined;
    const reason = `the session of ${client} remembers no operation up to ${forgotten}: ${number} may have been applied before`;
    return { ok: false, value: null, reason, uncertain: true };
  }

  /**
   * @param result null when it is what the command itself says
   * @returns the client that was forgotten to make room, if one was
   */
  remember(client: string, number: number, result: Remembered, index: LogIndex): string | undefined {
    const session = this.#touch(client, index);
    const { numbers, results } = session;
    let at = numbers.length;
    while (at > 0 && numbers[at - 1]! > number) at--;
    if (at === numbers.length) {
      numbers.push(number);
      results.push(result);
    } else {
      numbers.splice(at, 0, number);
      results.splice(at, 0, result);
    }
    if (numbers.length > SESSION_OPERATIONS_MAX) {
      session.forgotten = numbers.shift() ?? session.forgotten;
      results.shift();
    }
    return this.#byClient.size > this.#clientsMax ? this.#forgetOldest() : undefined;
  }

  /** A command of the client was looked at again. */
  touch(client: string, index: LogIndex): void {
    this.#touch(client, index);
  }

  /** Takes over sessions in any order. */
  load(sessions: Iterable<Session>): void {
    this.#byClient.clear();
    const ordered = [...sessions].sort((left, right) => left.usedAt - right.usedAt);
    for (const session of ordered) {
      this.#byClient.set(session.client, {
        ...session,
        numbers: [...session.numbers],
        results: [...session.results],
      });
    }
  }

  #touch(client: string, index: LogIndex): Held {
    const session = this.#byClient.get(client) ?? {
      client,
      usedAt: index,
      forgotten: -1,
      numbers: [],
      results: [],
    };
    session.usedAt = index;
    // Last in the order again.
    this.#byClient.delete(client);
    this.#byClient.set(client, session);
    return session;
  }

  #forgetOldest(): string | undefined {
    const [oldest] = this.#byClient.keys();
    if (oldest !== undefined) this.#byClient.delete(oldest);
    return oldest;
  }
}

/** What a command gives when it takes effect; a get that is repeated found nothing, unless its result was kept. */
function asCommanded(text: string): CommandResult {
  const command = decodeCommand(text);
  if (isBadCommand(command)) return { ok: false, value: null, reason: command.error };
  return { ok: true, value: command.op === 'put' || command.op === 'cas' ? command.value : null };
}
