/** Takes our own ndjson back, without loss: see `own-format.ts`. */
import type { EventKind, TraceEvent } from '../model/events.ts';
import { EVENT_FORMS } from './event-forms.ts';
import { flawOfFields, isEventId } from './form.ts';
import type { ImportedRun, ImportJob } from './importing.ts';
import { parseJsonLine, refused } from './json-line.ts';
import type { Fields } from './json-line.ts';
import { readLines } from './lines.ts';
import type { Line } from './lines.ts';
import { ExchangeRefused } from './output-file.ts';
import { headerSchema, NOTED_TABLES, OWN_FORMAT, OWN_VERSION } from './own-format.ts';
import type { NotedRow, NotedTable, OwnHeader } from './own-format.ts';
import { ReplayRefused } from './replayed-spools.ts';

const LINE_BYTES_MAX = 64 * 1024 * 1024;
const AGAIN = 'Export the trace again from where it came.';
const NOTED_ROWS_MAX = 100_000;

type Gap = Extract<TraceEvent, { kind: 'gap' }>;

/** @throws ExchangeRefused that names file, line and field */
export function importOwnFormat(job: ImportJob): ImportedRun {
  const { file } = job;
  const lines = readLines(file, { lineBytesMax: LINE_BYTES_MAX, progress: job.progress });
  let header: OwnHeader | undefined;
  let ended = false;
  const noted: { table: NotedTable; row: NotedRow }[] = [];
  for (const line of lines) {
    const fields = parseJsonLine(file, line, AGAIN);
    if (ended) throw refused(file, line.number, 'stands behind the end', AGAIN);
    if (header === undefined) header = readHeader(file, line, fields);
    else if ('event' in fields) takeEvent(job, line, fields);
    else if ('table' in fields) {
      if (noted.length >= NOTED_ROWS_MAX)
        throw refused(file, line.number, `is one of more than ${NOTED_ROWS_MAX} notes and findings`, AGAIN);
      noted.push(readNoted(file, line, fields));
    } else if (fields['end'] === OWN_FORMAT) {
      ended = true;
      checkCount(job, line, fields);
    } else throw refused(file, line.number, 'holds neither an event nor a note', AGAIN);
  }
  if (header === undefined) throw new ExchangeRefused(`${file} is empty. ${AGAIN}`);
  if (!ended)
    throw new ExchangeRefused(
      `${file} is cut short: its last line is missing. Copy it again from where it came.`,
    );
  try {
    job.spools.close();
  } catch (error) {
    if (error instanceof ReplayRefused) throw new ExchangeRefused(`${file}: ${error.message}. ${AGAIN}`);
    throw error;
  }
  return { header: header.run, ...closing(header), noted };
}

function closing({ status, reason }: OwnHeader): Pick<ImportedRun, 'status' | 'reason'> {
  if (status === 'recording')
    return { status: 'truncated', reason: 'exported while it was still being recorded' };
  return { status, reason };
}

function readHeader(file: string, { number }: Line, fields: Fields): OwnHeader {
  if (fields['format'] === OWN_FORMAT && Number(fields['version']) > OWN_VERSION)
    throw refused(
      file,
      number,
      `was written by a later Quorum Lab (format version ${String(fields['version'])}, this one reads ${OWN_VERSION})`,
      'Update Quorum Lab to import it.',
    );
  const read = headerSchema.safeParse(fields);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? '' : ` (${issue.path.join('.')})`;
  throw refused(file, number, `is no header of an exported trace${place}: ${issue?.message ?? ''}`, AGAIN);
}

function takeEvent(job: ImportJob, { number }: Line, fields: Fields): void {
  const { id, atNs, step, cause, event } = fields;
  const flaw =
    (isEventId(id) ? undefined : 'id must be the id of an event, such as n1/1/7') ??
    (isNatural(atNs) ? undefined : 'atNs must be a whole number of nanoseconds') ??
    (isNatural(step) ? undefined : 'step must be a whole number') ??
    (cause === undefined || isEventId(cause) ? undefined : 'cause must be the id of an event') ??
    flawOfPayload(event);
  if (flaw !== undefined) throw refused(job.file, number, flaw, AGAIN);
  const [source = '', incarnation, seq] = (id as string).split('/');
  const head = { source, incarnation: Number(incarnation), seq: Number(seq) };
  const payload = event as Pick<Gap, 'kind'> & Partial<Gap>;
  try {
    if (payload.kind === 'gap' && source === 'recorder') {
      const { of, ofIncarnation, fromSeq, toSeq } = event as Gap;
      job.spools.gap(of, ofIncarnation, fromSeq, toSeq);
    }
    job.spools.take({
      ...head,
      atNs: atNs as number,
      step: step as number,
      cause: (cause as string | undefined) ?? null,
      json: JSON.stringify(event),
    });
  } catch (error) {
    if (error instanceof ReplayRefused) throw refused(job.file, number, error.message, AGAIN);
    throw error;
  }
}

function flawOfPayload(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null) return 'event must be an object';
  const { kind } = event as { kind?: unknown };
  if (typeof kind !== 'string' || !Object.hasOwn(EVENT_FORMS, kind))
    return `event.kind ${JSON.stringify(String(kind).slice(0, 40))} is none that this Quorum Lab knows`;
  const flaw = flawOfFields(EVENT_FORMS[kind as EventKind], event as Fields);
  return flaw === undefined ? undefined : `event.${flaw}`;
}

function readNoted(
  file: string,
  { number }: Line,
  { table, row }: Fields,
): { table: NotedTable; row: NotedRow } {
  if (!NOTED_TABLES.includes(table as NotedTable))
    throw refused(file, number, `table must be one of ${NOTED_TABLES.join(', ')}`, AGAIN);
  if (typeof row !== 'object' || row === null) throw refused(file, number, 'row must be an object', AGAIN);
  for (const [column, value] of Object.entries(row)) {
    const holds = value === null || typeof value === 'string' || Number.isFinite(value);
    if (!holds) throw refused(file, number, `row.${column} must be a text, a number or null`, AGAIN);
  }
  return { table: table as NotedTable, row: row as NotedRow };
}

function checkCount(job: ImportJob, { number }: Line, { events }: Fields): void {
  if (events === job.spools.taken) return;
  throw refused(
    job.file,
    number,
    `says that there are ${String(events)} events, and there are ${job.spools.taken}`,
    AGAIN,
  );
}

function isNatural(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
