/**
 * Makes a trace of a history that Jepsen or Maelstrom wrote: what its clients asked for and what came of it, and what its nemesis did.
 * Of the cluster itself a history says nothing.
 */
import type { EventId, EventPayload } from '../model/events.ts';
import { isLogLine, plain, readEdnLine, readLogLine } from './history-line.ts';
import type { HistoryOp } from './history-line.ts';
import { Keyword } from './edn.ts';
import type { Edn } from './edn.ts';
import { importedHeader } from './imported-header.ts';
import type { ImportedRun, ImportJob } from './importing.ts';
import { refused } from './json-line.ts';
import { readLines } from './lines.ts';
import type { Line } from './lines.ts';
import { ExchangeRefused } from './output-file.ts';
import { SourceClock } from './source-clock.ts';

export type HistoryFormat = 'jepsen' | 'jepsen-edn' | 'maelstrom';

const LINE_BYTES_MAX = 4 * 1024 * 1024;
const TEXT_LENGTH_MAX = 65_536;
const PROCESSES_MAX = 1_000_000;
/** A history of one register names no key. */
const ONLY_KEY = 'register';

type Invocation = Extract<EventPayload, { kind: 'invoke' }>;

interface Open {
  readonly operation: string;
  readonly event: EventId;
  readonly call: Invocation['call'];
}

/** @throws ExchangeRefused that names file, line and place */
export function importHistory(job: ImportJob, format: HistoryFormat): ImportedRun {
  const reading = new HistoryImport(job, format);
  for (const line of readLines(job.file, { lineBytesMax: LINE_BYTES_MAX, progress: job.progress })) {
    const ops =
      isLogLine(line.text) || format === 'jepsen'
        ? [readLogLine(job.file, line)]
        : readEdnLine(job.file, line);
    for (const op of ops) if (op !== undefined) reading.take(op, line);
  }
  return reading.finish();
}

class HistoryImport {
  readonly #job: ImportJob;
  readonly #format: HistoryFormat;
  readonly #clock: SourceClock;
  readonly #open = new Map<string, Open>();
  /** Process -> how many operations it has begun. */
  readonly #begun = new Map<string, number>();
  /** Kind of fault -> the id of the one that lasts. */
  readonly #faults = new Map<string, string>();
  #faultCount = 0;
  #ops = 0;

  constructor(job: ImportJob, format: HistoryFormat) {
    this.#job = job;
    this.#format = format;
    this.#clock = new SourceClock(job.spools);
  }

  take(op: HistoryOp, { number }: Line): void {
    this.#ops++;
    if (op.timeNs === undefined) this.#clock.line(op.seconds);
    else this.#clock.lineAt(op.timeNs);
    if (!/^\d{1,12}$/.test(op.process)) this.#nemesis(op);
    else if (op.type === 'invoke') this.#invoke(op, number);
    else this.#complete(op, number);
  }

  finish(): ImportedRun {
    const { file } = this.#job;
    if (this.#ops === 0)
      throw new ExchangeRefused(
        `${file} holds no operation of a history. Name its format with --format, or another file.`,
      );
    this.#clock.record('lab', { kind: 'run-stopped', reason: 'the history ends' });
    this.#job.spools.close();
    const header = importedHeader(this.#job, {
      format: this.#format,
      protocol: 'not known',
      nodes: [],
      startedAt: this.#clock.startedAt,
      lines: this.#ops,
      notes: {
        times: this.#clock.timed ? 'as the lines say' : 'none: the lines carry none, and stand 1 ms apart',
        unknown: ['nodes', 'messages', 'terms', 'logs'],
      },
    });
    return { header, status: 'complete', reason: 'imported', noted: [] };
  }

  #invoke(op: HistoryOp, line: number): void {
    const { process } = op;
    if (this.#open.has(process))
      throw this.#wrong(line, `process ${process} begins an operation before its last one has ended`);
    if (this.#begun.size >= PROCESSES_MAX) throw this.#wrong(line, 'there are too many processes');
    const client = `c${process}`;
    const begun = (this.#begun.get(process) ?? 0) + 1;
    this.#begun.set(process, begun);
    const operation = `${client}/${begun}`;
    const call = callOf(op, line, this.#job.file);
    const event = this.#clock.record('load', { kind: 'invoke', operation, client, ...call });
    this.#open.set(process, { operation, event, call: call.call });
  }

  #complete(op: HistoryOp, line: number): void {
    const open = this.#open.get(op.process);
    // Jepsen's processes may say that they know nothing of an operation that they have ended.
    if (open === undefined && op.type === 'info') return;
    if (open === undefined)
      throw this.#wrong(line, `process ${op.process} ends an operation that it never began`);
    this.#open.delete(op.process);
    const { operation, event, call } = open;
    const outcome = op.type === 'info' ? 'unknown' : (op.type as 'ok' | 'fail');
    const value = outcome === 'ok' && call === 'get' ? { value: resultOf(op.value) } : {};
    const said = op.error ?? (op.type === 'info' ? wordOf(op.value) : undefined);
    const error = said === undefined ? {} : { error: said.slice(0, TEXT_LENGTH_MAX) };
    this.#clock.record(
      'load',
      { kind: 'complete', operation, outcome, ...value, attempts: 1, ...error },
      event,
    );
  }

  /** What the nemesis was asked, and the faults that follow from what it did. */
  #nemesis({ process, type, f, value }: HistoryOp): void {
    const said = value === null ? {} : { value: plain(value).slice(0, TEXT_LENGTH_MAX) };
    const name = f.slice(0, 60);
    if (type === 'invoke') {
      const command = { kind: name, ...said };
      this.#clock.record('lab', { kind: 'operator', command, origin: process.slice(0, 40) });
      return;
    }
    const [, does, what = ''] = /^(start|stop|kill|pause|resume|heal)(?:-(.+))?$/.exec(name) ?? [];
    if (does === undefined) return;
    const fault = what === '' ? process.slice(0, 40) : what;
    const lasting = this.#faults.get(fault);
    if (does === 'start' && lasting === undefined && /^[A-Za-z]/.test(fault)) {
      const id = `f${++this.#faultCount}`;
      this.#faults.set(fault, id);
      this.#clock.record('lab', {
        kind: 'fault-started',
        fault: id,
        type: fault,
        targets: [],
        parameters: said,
      });
    } else if (does !== 'start' && lasting !== undefined) {
      this.#faults.delete(fault);
      this.#clock.record('lab', { kind: 'fault-ended', fault: lasting });
    }
  }

  #wrong(line: number, what: string): ExchangeRefused {
    return refused(
      this.#job.file,
      line,
      what,
      'A process does one thing after the other; write the history again.',
    );
  }
}

/** `[key value]` where values are pairs, as those of Maelstrom's lin-kv and of Jepsen's independent registers are. */
function keyAndValue(value: Edn): { key: string; value: Edn } {
  if (Array.isArray(value) && value.length === 2)
    return { key: plain(value[0] ?? null), value: value[1] ?? null };
  return { key: ONLY_KEY, value };
}

/** A cas of one register has a pair for a value, too; only a pair within a pair has a key. */
function casOf(value: Edn): { key: string; expected: Edn; value: Edn } | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [first = null, second = null] = value;
  if (Array.isArray(second) && second.length === 2)
    return { key: plain(first), expected: second[0] ?? null, value: second[1] ?? null };
  return { key: ONLY_KEY, expected: first, value: second };
}

function callOf(
  { f, value }: HistoryOp,
  line: number,
  file: string,
): Pick<Invocation, 'call' | 'key' | 'value' | 'expected'> {
  const cut = (edn: Edn): string => plain(edn).slice(0, TEXT_LENGTH_MAX);
  switch (f) {
    case 'read':
    case 'get':
    case 'r':
      return { call: 'get', key: keyAndValue(value).key };
    case 'write':
    case 'put':
    case 'set':
    case 'w': {
      const put = keyAndValue(value);
      return { call: 'put', key: put.key, value: cut(put.value) };
    }
    case 'delete':
    case 'del':
      return { call: 'delete', key: Array.isArray(value) ? keyAndValue(value).key : plain(value) };
    case 'cas': {
      const cas = casOf(value);
      if (cas === undefined)
        throw refused(
          file,
          line,
          'a cas has no pair of values',
          'Write it as [old new], or [key [old new]].',
        );
      return { call: 'cas', key: cas.key, value: cut(cas.value), expected: cut(cas.expected) };
    }
    // Of another data type: shown under its own name, as a write of what it says.
    default:
      return { call: 'put', key: f.slice(0, 256), value: cut(value) };
  }
}

function resultOf(value: Edn): string | null {
  const read = keyAndValue(value).value;
  return read === null ? null : plain(read).slice(0, TEXT_LENGTH_MAX);
}

function wordOf(value: Edn): string | undefined {
  return value instanceof Keyword ? value.name : undefined;
}
