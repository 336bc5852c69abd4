/** Traces to export, and how a test exports and imports them without a process of its own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportTrace } from '../../../../src-main/trace/exchange/export.ts';
import type { ExportFormat, ImportFormat } from '../../../../src-main/trace/model/exchange-formats.ts';
import { importTrace } from '../../../../src-main/trace/exchange/import.ts';
import type { ImportOutcome } from '../../../../src-main/trace/exchange/protocol.ts';
import type { ClusterState } from '../../../../src-main/trace/model/state.ts';
import { openTrace } from '../../../../src-main/trace/reader/open.ts';
import type { OpenTrace } from '../../../../src-main/trace/reader/open.ts';

export const FRESH_ID = '01890a5d-ac96-774b-bcce-b302099a8059';

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'exchange-'));
  #files = 0;

  file(ending: string): string {
    return join(this.path, `${++this.#files}.${ending}`);
  }

  write(ending: string, text: string): string {
    const file = this.file(ending);
    writeFileSync(file, text);
    return file;
  }

  /** The text of the export. */
  exported(traceFile: string, format: ExportFormat, more: { redact?: boolean; table?: string } = {}): string {
    return readFileSync(this.exportedFile(traceFile, format, more), 'utf8');
  }

  exportedFile(
    traceFile: string,
    format: ExportFormat,
    { redact = false, table }: { redact?: boolean; table?: string } = {},
  ): string {
    const out = this.file(format);
    const asked = { traceFile, format, redact, out, part: `${out}.part`, force: false, freshId: FRESH_ID };
    exportTrace(table === undefined ? asked : { ...asked, table }, () => undefined);
    return out;
  }

  async imported(
    file: string,
    format: ImportFormat | 'auto' = 'auto',
  ): Promise<ImportOutcome & { out: string }> {
    const out = this.file('qlab');
    const now = '2026-01-02T03:04:05.000Z';
    const asked = {
      file,
      format,
      out,
      part: `${out}.part`,
      force: false,
      freshId: FRESH_ID,
      labVersion: '0.0.0',
      now,
    };
    return { ...(await importTrace(asked, () => undefined)), out };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Opens the trace for as long as `use` takes. */
export function reading<T>(file: string, use: (trace: OpenTrace) => T): T {
  const trace = openTrace(file);
  try {
    return use(trace);
  } finally {
    trace.close();
  }
}

/** At 101 moments from beginning to end. */
export function statesOf(file: string): ClusterState[] {
  return reading(file, (trace) => {
    const { durationNs } = trace.query('info', {});
    return Array.from({ length: 101 }, (_, moment) =>
      trace.query('stateAt', { atNs: Math.round((durationNs * moment) / 100) }),
    );
  });
}
