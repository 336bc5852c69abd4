/** Writes a trace in another format. Reads it row by row, and writes as it reads, so that traces of any length can be exported. */
import { TraceConnection } from '../reader/connection.ts';
import { TraceRefused } from '../reader/refusal.ts';
import { csvWriter } from './csv-format.ts';
import { writeEtcdFormat } from './etcd-format.ts';
import { traceSource } from './exporting.ts';
import type { Writer } from './exporting.ts';
import type { ExportFormat } from '../model/exchange-formats.ts';
import { writeHistory, writeHistoryLog } from './history-format.ts';
import { ExchangeRefused, refuseExisting, writeFileWhole, writeStandardOutput } from './output-file.ts';
import type { Output } from './output-file.ts';
import { writeOwnFormat } from './own-format.ts';
import { writePerfetto } from './perfetto-format.ts';
import type { ExportOptions, ExportOutcome, Progress } from './protocol.ts';
import { Redaction } from './redaction.ts';
import { writeShiViz } from './shiviz-format.ts';

const WRITERS: Record<Exclude<ExportFormat, 'csv'>, Writer> = {
  ndjson: writeOwnFormat,
  'etcd-ndjson': writeEtcdFormat,
  perfetto: writePerfetto,
  shiviz: writeShiViz,
  jepsen: writeHistory,
  'jepsen-log': writeHistoryLog,
};

/** @throws ExchangeRefused or TraceRefused with a sentence for the user; nothing is left behind then */
export function exportTrace(options: ExportOptions, progress: (at: Progress) => void): ExportOutcome {
  const { traceFile, format, table, redact, out, part, force, freshId } = options;
  if (out !== '-') refuseExisting(out, force);
  const trace = new TraceConnection(traceFile);
  try {
    // One transaction, so that what is still being recorded is exported as of one moment.
    return trace.database.transaction(() => {
      const writer = format === 'csv' ? csvWriter(table) : WRITERS[format];
      const redaction = redact ? new Redaction() : undefined;
      const from = traceSource(trace, redaction, freshId, (done, total) =>
        progress({ phase: 'writing', done, total }),
      );
      const work = (output: Output): Output => {
        writer(from, output);
        return output;
      };
      const output = out === '-' ? writeStandardOutput(work) : writeFileWhole(out, part, force, work);
      return { bytes: output.bytes, events: from.info.events };
    })();
  } catch (error) {
    if (error instanceof ExchangeRefused || error instanceof TraceRefused) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ExchangeRefused(`${traceFile} cannot be exported: ${why}.`, { cause: error });
  } finally {
    trace.close();
  }
}
