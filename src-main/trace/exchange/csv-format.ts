/** Any table of a trace as CSV (RFC 4180): a heading, CRLF, quotes where a field needs them. */
import type { TraceEvent } from '../model/events.ts';
import { eventId } from '../model/events.ts';
import { expectedObjects } from '../schema.ts';
import type { TraceSource, Writer } from './exporting.ts';
import { isEventId } from './form.ts';
import { ExchangeRefused } from './output-file.ts';
import type { Output } from './output-file.ts';
import type { Redaction } from './redaction.ts';

type Cell = string | number | bigint | null | Uint8Array;

/** Names of the tables, in the order of the format's page. */
export function tableNames(): string[] {
  return [...expectedObjects()].filter(([, sql]) => sql.startsWith('CREATE TABLE')).map(([name]) => name);
}

/** @throws ExchangeRefused that names the tables when it is none of them */
export function csvWriter(table = 'event'): Writer {
  const names = tableNames();
  if (!names.includes(table))
    throw new ExchangeRefused(`A trace has no table "${table}"; it has ${names.join(', ')}.`);
  return table === 'event' ? writeEvents : (from, output) => writeTable(from, table, output);
}

function writeEvents(from: TraceSource, output: Output): void {
  output.write(record(['id', 'source', 'incarnation', 'seq', 'at_ns', 'step', 'cause', 'kind', 'body']));
  for (const event of from.events()) output.write(record(eventCells(event)));
}

function eventCells(event: TraceEvent): Cell[] {
  const { source, incarnation, seq, atNs, step, cause, ...payload } = event;
  const id = eventId(event);
  return [id, source, incarnation, seq, atNs, step, cause ?? null, event.kind, JSON.stringify(payload)];
}

function writeTable({ trace, redaction }: TraceSource, table: string, output: Output): void {
  const rows = trace.statement(`SELECT * FROM ${table}`);
  const columns = rows.columns().map(({ name }) => name);
  output.write(record(columns));
  for (const row of rows.raw().iterate() as Iterable<Cell[]>) {
    const cells =
      redaction === undefined
        ? row
        : row.map((cell, at) => shownCell(table, columns[at] ?? '', cell, redaction));
    output.write(record(cells));
  }
}

/** Columns whose texts are the lab's own words, ids and names of nodes, whichever table they are in. */
const OWN_WORDS: ReadonlySet<string> = new Set([
  'call',
  'created_at',
  'fate',
  'file',
  'kind',
  'leader',
  'node',
  'outcome',
  'previous_leader',
  'profile',
  'protocol',
  'receiver',
  'role',
  'rule',
  'run_id',
  'sender',
  'source',
  'started_at',
  'status',
  'type',
]);
/** Ids that are not those of operations or clients. */
const OWN_IDS: ReadonlySet<string> = new Set(['fault.id', 'bookmark.id']);
const LISTS: Readonly<Record<string, string>> = {
  'run.nodes': 'nodes',
  'fault.targets': 'targets',
  'election.candidates': 'candidates',
  'election.voters': 'voters',
};

const JSON_COLUMNS: ReadonlySet<string> = new Set([
  'keyframe.state',
  'finding.detail',
  'operation_density.latencies',
  'commit_density.reached',
  'link_density.links',
]);

/** What is not known for harmless is hashed. */
function shownCell(table: string, column: string, cell: Cell, redaction: Redaction): Cell {
  if (cell instanceof Uint8Array) return redaction.hash(Buffer.from(cell).toString('hex'));
  if (typeof cell !== 'string') return cell;
  const place = `${table}.${column}`;
  if (OWN_WORDS.has(column) || OWN_IDS.has(place) || isEventId(cell)) return cell;
  if (place === 'operation.id') return redaction.operation(cell);
  if (place === 'operation.client') return redaction.client(cell);
  if (place === 'message.reason') return redaction.sentence(cell);
  if (place === 'entry.commands') return shownCommands(cell, redaction);
  const list = LISTS[place];
  if (list !== undefined || JSON_COLUMNS.has(place)) return shownJson(cell, list ?? '', redaction);
  return redaction.hash(cell);
}

function shownCommands(json: string, redaction: Redaction): string {
  try {
    const commands = JSON.parse(json) as unknown[];
    return JSON.stringify(commands.map((text) => redaction.command(String(text))));
  } catch {
    return redaction.hash(json);
  }
}

function shownJson(json: string, name: string, redaction: Redaction): string {
  try {
    return JSON.stringify(redaction.tree(JSON.parse(json), name));
  } catch {
    return redaction.hash(json);
  }
}

function record(cells: readonly Cell[]): string {
  return `${cells.map(field).join(',')}\r\n`;
}

function field(cell: Cell): string {
  if (cell === null) return '';
  const text = cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
