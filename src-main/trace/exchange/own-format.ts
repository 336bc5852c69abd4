/**
 * Our own ndjson: everything that a trace holds, a line each. The first line says whose it is, then come the events in their
 * order, then what was noted about the run, and the last line says how many there were, so that a file cut short is known for one.
 */
import { z } from 'zod';
import type { EventPayload, TraceEvent } from '../model/events.ts';
import { eventId } from '../model/events.ts';
import { isSourceName } from './form.ts';
import type { TraceSource } from './exporting.ts';
import type { Output } from './output-file.ts';
import type { Redaction } from './redaction.ts';

export const OWN_FORMAT = 'quorum-lab/trace';
export const OWN_VERSION = 1;

/** Tables whose rows nobody can work out from the events. */
export const NOTED_TABLES = ['finding', 'bookmark'] as const;
export type NotedTable = (typeof NOTED_TABLES)[number];

/** A row of a noted table; the integer key of the row is not part of it. */
export type NotedRow = Readonly<Record<string, string | number | null>>;

const text = z.string().max(65_536);
const source = z.string().refine(isSourceName, 'must be the name of a node');

export const headerSchema = z.strictObject({
  format: z.literal(OWN_FORMAT),
  version: z.number().int().min(1),
  run: z.strictObject({
    runId: z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be a UUID'),
    title: text,
    protocol: text,
    profile: text,
    options: z.record(z.string(), z.unknown()),
    nodes: z.array(source).max(1_000),
    seed: z.number().int(),
    startedAt: z.iso.datetime({ offset: true }),
    scenario: z.string().max(4_194_304).nullable(),
    versions: z.record(z.string(), text),
    machine: z.strictObject({ os: text, cpu: text, cores: z.number().int().min(0) }),
  }),
  status: z.enum(['complete', 'recording', 'truncated']),
  reason: text.nullable(),
  events: z.number().int().min(0),
  redacted: z.boolean(),
});
export type OwnHeader = z.infer<typeof headerSchema>;

export function writeOwnFormat(from: TraceSource, output: Output): void {
  const { header: run, status, reason, info, redaction } = from;
  const header: OwnHeader = {
    format: OWN_FORMAT,
    version: OWN_VERSION,
    run: { ...run, options: { ...run.options } },
    status,
    reason,
    events: info.events,
    redacted: redaction !== undefined,
  };
  output.write(`${JSON.stringify(header)}\n`);
  let events = 0;
  for (const event of from.events()) {
    events++;
    output.write(`${eventLine(event)}\n`);
  }
  for (const table of NOTED_TABLES) {
    for (const row of notedRows(from, table)) output.write(`${JSON.stringify({ table, row })}\n`);
  }
  output.write(`${JSON.stringify({ end: OWN_FORMAT, events })}\n`);
}

/** The payload stands by itself, as it was recorded. */
function eventLine({ source, incarnation, seq, atNs, step, cause, ...payload }: TraceEvent): string {
  const head = { id: eventId({ source, incarnation, seq }), atNs, step, cause };
  return JSON.stringify({ ...head, event: payload as EventPayload });
}

function* notedRows({ trace, redaction }: TraceSource, table: NotedTable): Generator<NotedRow> {
  const rows = trace.statement(`SELECT * FROM ${table} ORDER BY key`).iterate();
  for (const row of rows as Iterable<NotedRow>) {
    const { key: _key, ...columns } = row;
    yield redaction === undefined ? columns : redactedRow(columns, redaction);
  }
}

/** Rules and events are named by the lab; all else was worded for this run, or by somebody. */
const KEPT_COLUMNS: ReadonlySet<string> = new Set(['rule', 'event', 'id', 'created_at']);

function redactedRow(row: NotedRow, redaction: Redaction): NotedRow {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      if (typeof value !== 'string' || KEPT_COLUMNS.has(column)) return [column, value];
      if (column === 'detail') return [column, redactedDetail(value, redaction)];
      return [column, redaction.hash(value)];
    }),
  );
}

/** A finding's detail names the events that show it. */
function redactedDetail(detail: string, redaction: Redaction): string {
  try {
    return JSON.stringify(redaction.tree(JSON.parse(detail)));
  } catch {
    return redaction.hash(detail);
  }
}
