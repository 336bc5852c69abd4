/** One operation of a history, as Jepsen and Maelstrom write it: an EDN map, or a line of Jepsen's own log. */
import { EdnError, Keyword, readEdn, writeEdn } from './edn.ts';
import type { Edn, EdnMap } from './edn.ts';
import { refused } from './json-line.ts';
import type { Line } from './lines.ts';

export interface HistoryOp {
  /** A number of a process, or a name: the nemesis. */
  readonly process: string;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  readonly f: string;
  readonly value: Edn;
  /** Nanoseconds since the start; undefined: the line carries no time. */
  readonly timeNs: number | undefined;
  /** Seconds since 1970, where the log says when. */
  readonly seconds: number | undefined;
  readonly error: string | undefined;
}

const TYPES: ReadonlySet<unknown> = new Set(['invoke', 'ok', 'fail', 'info']);
const REMEDY = 'A history has a map like {:process 0, :type :invoke, :f :read, :value nil} on each line.';
/** `INFO  jepsen.util - 3 :invoke :cas [1 2]`, or with a date before and the name of the thread in brackets. */
const LOG_LINE = /\bjepsen\.util\s*[-:]\s*(?<process>\S+)\s+(?<rest>:(?:invoke|ok|fail|info)\b.*)$/;
const DATE = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})[.,](\d{3})/;

export function isLogLine(text: string): boolean {
  return LOG_LINE.test(text);
}

/** undefined for a line of the log that tells of no operation. @throws ExchangeRefused that names line and column */
export function readLogLine(file: string, line: Line): HistoryOp | undefined {
  const found = LOG_LINE.exec(line.text)?.groups;
  if (found === undefined) return undefined;
  const rest = found['rest'] ?? '';
  const words: Edn[] = [];
  let at = 0;
  try {
    while (rest.slice(at).trim() !== '' && words.length < 4) {
      const { value, end } = readEdn(rest, at);
      words.push(value);
      at = end;
    }
  } catch (error) {
    throw badEdn(file, line, error, line.text.length - rest.length);
  }
  const [type, f, value = null, error] = words;
  if (!(type instanceof Keyword) || !(f instanceof Keyword || typeof f === 'string'))
    throw refused(file, line.number, 'tells of no operation', 'Leave it out, or write it as Jepsen does.');
  return {
    process: found['process']?.replace(/^:/, '') ?? '',
    type: type.name as HistoryOp['type'],
    f: f instanceof Keyword ? f.name : f,
    value,
    timeNs: undefined,
    seconds: secondsOf(line.text),
    error: error === undefined ? undefined : plain(error),
  };
}

function secondsOf(text: string): number | undefined {
  const [, day, time, ms] = DATE.exec(text) ?? [];
  if (day === undefined) return undefined;
  const at = Date.parse(`${day}T${time ?? ''}.${ms ?? ''}Z`);
  return Number.isNaN(at) ? undefined : at / 1_000;
}

/** undefined for what only opens or closes the vector around a history. @throws ExchangeRefused that names line and column */
export function readEdnLine(file: string, line: Line): HistoryOp[] {
  const { text } = line;
  const ops: HistoryOp[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /[\s,[\]()]/.test(text.charAt(at))) at++;
    if (at >= text.length || text[at] === ';') return ops;
    let value: Edn;
    try {
      const read = readEdn(text, at);
      value = read.value;
      at = read.end;
    } catch (error) {
      throw badEdn(file, line, error, 0);
    }
    if (!(value instanceof Map)) throw refused(file, line.number, 'holds something that is no map', REMEDY);
    ops.push(opOf(file, line, value));
  }
}

function opOf(file: string, { number }: Line, map: EdnMap): HistoryOp {
  const process = map.get('process');
  const type = nameOf(map.get('type'));
  const f = nameOf(map.get('f'));
  const time = map.get('time') ?? undefined;
  const error = map.get('error') ?? map.get('exception') ?? undefined;
  if (process === undefined || process === null) throw refused(file, number, ':process is missing', REMEDY);
  if (!TYPES.has(type)) throw refused(file, number, ':type must be :invoke, :ok, :fail or :info', REMEDY);
  if (f === undefined) throw refused(file, number, ':f is missing', REMEDY);
  if (time !== undefined && !(typeof time === 'number' && Number.isSafeInteger(time) && time >= 0))
    throw refused(file, number, ':time must be a whole number of nanoseconds', REMEDY);
  return {
    process: plain(process),
    type: type as HistoryOp['type'],
    f,
    value: map.get('value') ?? null,
    timeNs: time,
    seconds: undefined,
    error: error === undefined ? undefined : plain(error),
  };
}

function nameOf(value: Edn | undefined): string | undefined {
  if (value instanceof Keyword) return value.name;
  return typeof value === 'string' ? value : undefined;
}

/** As text: strings without quotes, keywords without their colon. */
export function plain(value: Edn): string {
  if (value instanceof Keyword) return value.name;
  return typeof value === 'string' ? value : writeEdn(value);
}

function badEdn(file: string, { number }: Line, error: unknown, shift: number): unknown {
  if (!(error instanceof EdnError)) return error;
  return refused(file, number, `is no EDN at column ${error.at + shift + 1}: ${error.message}`, REMEDY);
}
