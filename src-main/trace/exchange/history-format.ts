/**
 * What the clients did as a history in the manner of Jepsen: a map of EDN a line, or lines of Jepsen's log. Values are pairs of key and
 * value, as those of independent registers. A process of Jepsen's does one thing after the other and ends with an operation of which
 * nobody knows what came of it, so a client goes on under another number then.
 */
import type { TraceEvent } from '../model/events.ts';
import { Keyword, writeEdn } from './edn.ts';
import type { Edn } from './edn.ts';
import type { TraceSource } from './exporting.ts';
import type { Output } from './output-file.ts';

type Invoke = Extract<TraceEvent, { kind: 'invoke' }>;
type Complete = Extract<TraceEvent, { kind: 'complete' }>;

interface Op {
  readonly process: number;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly f: string;
  readonly value: Edn;
  readonly timeNs: number;
  readonly error: string | undefined;
}

/** Operations that go on at once; more are of clients that never hear of them again. */
const OPEN_MAX = 100_000;

const FUNCTIONS: Readonly<Record<string, string>> = {
  get: 'read',
  put: 'write',
  cas: 'cas',
  delete: 'delete',
};
const TYPES = { ok: 'ok', fail: 'fail', unknown: 'info' } as const;

export function writeHistory(from: TraceSource, output: Output): void {
  let index = 0;
  for (const { process, type, f, value, timeNs, error } of historyOf(from)) {
    const map = new Map<string, Edn>([
      ['type', new Keyword(type)],
      ['process', process],
      ['f', new Keyword(f)],
      ['value', value],
      ['time', timeNs],
      ['index', index++],
    ]);
    if (error !== undefined) map.set('error', error);
    output.write(`${writeEdn(map)}\n`);
  }
}

export function writeHistoryLog(from: TraceSource, output: Output): void {
  for (const { process, type, f, value, error } of historyOf(from)) {
    const why = error === undefined ? '' : `\t${writeEdn(error)}`;
    output.write(`INFO  jepsen.util - ${process}\t:${type}\t:${f}\t${writeEdn(value)}${why}\n`);
  }
}

function* historyOf(from: TraceSource): Generator<Op> {
  const processes = new Processes();
  const open = new Map<string, { process: number; invoke: Invoke }>();
  for (const event of from.events()) {
    if (event.kind === 'invoke') {
      const process = processes.take(event.client);
      open.set(event.operation, { process, invoke: event });
      if (open.size > OPEN_MAX) open.delete(open.keys().next().value ?? '');
      const { call, atNs } = event;
      const f = FUNCTIONS[call] ?? call;
      yield { process, type: 'invoke', f, value: askedValue(event), timeNs: atNs, error: undefined };
    } else if (event.kind === 'complete') {
      const begun = open.get(event.operation);
      if (begun === undefined) continue;
      open.delete(event.operation);
      const { process, invoke } = begun;
      const type = TYPES[event.outcome];
      if (type !== 'info') processes.giveBack(invoke.client, process);
      const value = answeredValue(invoke, event);
      const f = FUNCTIONS[invoke.call] ?? invoke.call;
      yield { process, type, f, value, timeNs: event.atNs, error: event.error };
    }
  }
}

function askedValue({ call, key, value, expected }: Invoke): Edn {
  if (call === 'cas') return [key, [expected ?? null, value ?? null]];
  return [key, call === 'put' ? (value ?? null) : null];
}

function answeredValue(invoke: Invoke, { outcome, value = null }: Complete): Edn {
  return invoke.call === 'get' && outcome === 'ok' ? [invoke.key, value] : askedValue(invoke);
}

/** Numbers of processes for clients that may have several operations under way. */
class Processes {
  #count = 0;
  readonly #idle = new Map<string, number[]>();

  take(client: string): number {
    return this.#idle.get(client)?.pop() ?? this.#count++;
  }

  giveBack(client: string, process: number): void {
    const idle = this.#idle.get(client);
    if (idle === undefined) this.#idle.set(client, [process]);
    else idle.push(process);
  }
}
