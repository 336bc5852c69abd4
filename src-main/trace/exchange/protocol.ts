/** What the lab and the process that exports and imports say to each other over IPC (`serialization: 'advanced'`). */
import type { ExportFormat, ImportFormat } from '../model/exchange-formats.ts';

export interface ExportOptions {
  readonly traceFile: string;
  readonly format: ExportFormat;
  /** For `csv`. */
  readonly table?: string;
  readonly redact: boolean;
  /** `-`: standard output. */
  readonly out: string;
  /** Beside `out`: where it grows until it is whole. */
  readonly part: string;
  readonly force: boolean;
  /** The id of the run in a redacted export. */
  readonly freshId: string;
}

export interface ImportOptions {
  readonly file: string;
  /** What the file is called, where it lies under another name. */
  readonly name?: string;
  readonly format: ImportFormat | 'auto';
  readonly out: string;
  /** Beside `out`: where it grows until it is whole. */
  readonly part: string;
  readonly force: boolean;
  /** The id for a run that has none. */
  readonly freshId: string;
  readonly labVersion: string;
  /** ISO 8601. */
  readonly now: string;
}

export interface Progress {
  /** Reading counts bytes of the file, the others count events. */
  readonly phase: 'reading' | 'recording' | 'writing';
  readonly done: number;
  readonly total: number;
}

export interface ExportOutcome {
  readonly bytes: number;
  readonly events: number;
}

export interface ImportOutcome {
  readonly runId: string;
  readonly format: ImportFormat;
  readonly events: number;
  readonly gaps: number;
  readonly status: 'complete' | 'truncated';
}

export type ToExchange =
  | { readonly kind: 'export'; readonly options: ExportOptions }
  | { readonly kind: 'import'; readonly options: ImportOptions };

export type FromExchange =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'exported'; readonly outcome: ExportOutcome }
  | { readonly kind: 'imported'; readonly outcome: ImportOutcome }
  /** `usage`: the file or what was asked is at fault, not the machine. */
  | { readonly kind: 'failed'; readonly error: string; readonly usage: boolean };
