/** What the list of runs remembers between starts, so that Home opens at once: one small JSON file in the data root. */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { RunId, RunSummary } from '../api/contract.ts';

const RUNS_MAX = 2_000;

const summarySchema = z.object({
  runId: z.string(),
  title: z.string(),
  status: z.enum(['complete', 'truncated']),
  startedAt: z.string(),
  durationNs: z.number(),
  nodes: z.number(),
  protocol: z.string(),
  profile: z.string(),
  events: z.number(),
  messages: z.number(),
  elections: z.number(),
  fileBytes: z.number(),
  error: z.string().nullable(),
});

const catalogueSchema = z.object({
  format: z.literal('quorum-lab/catalogue'),
  version: z.literal(1),
  runs: z.record(
    z.string(),
    z.object({
      /** Where the trace lies, if not in the data root. */
      file: z.string().optional(),
      /** The title that somebody gave it since. */
      title: z.string().optional(),
      /** As read when the file had this size and time of change. */
      summary: z.object({ fileBytes: z.number(), changedMs: z.number(), value: summarySchema }).optional(),
    }),
  ),
});
type Runs = z.infer<typeof catalogueSchema>['runs'];

export class Catalogue {
  readonly #file: string;
  readonly #runs: Map<RunId, Runs[string]>;

  constructor(file: string) {
    this.#file = file;
    this.#runs = new Map(Object.entries(read(file)));
  }

  elsewhere(runId: RunId): string | undefined {
    return this.#runs.get(runId)?.file;
  }

  runsElsewhere(): RunId[] {
    return [...this.#runs].filter(([, run]) => run.file !== undefined).map(([runId]) => runId);
  }

  addElsewhere(runId: RunId, file: string): void {
    this.#change(runId, { file });
  }

  title(runId: RunId): string | undefined {
    return this.#runs.get(runId)?.title;
  }

  rename(runId: RunId, title: string): void {
    this.#change(runId, { title });
  }

  titled(summary: RunSummary): RunSummary {
    const title = this.title(summary.runId);
    return title === undefined ? summary : { ...summary, title };
  }

  /** The summary as remembered, unless the file has changed since. */
  summary(runId: RunId, file: string): RunSummary | undefined {
    const known = this.#runs.get(runId)?.summary;
    const now = fingerprint(file);
    if (!known || !now || known.fileBytes !== now.fileBytes || known.changedMs !== now.changedMs)
      return undefined;
    return this.titled(known.value);
  }

  remember(summary: RunSummary, file: string): void {
    const now = fingerprint(file);
    const value = summarySchema.safeParse(summary);
    if (now && value.success) this.#change(summary.runId, { summary: { ...now, value: value.data } });
  }

  drop(runId: RunId): void {
    if (this.#runs.delete(runId)) this.#write();
  }

  #change(runId: RunId, change: Partial<Runs[string]>): void {
    const before = this.#runs.get(runId);
    this.#runs.delete(runId);
    this.#runs.set(runId, { ...before, ...change });
    this.#write();
  }

  #write(): void {
    const runs = Object.fromEntries([...this.#runs].slice(-RUNS_MAX));
    const text = JSON.stringify({ format: 'quorum-lab/catalogue', version: 1, runs });
    const fresh = `${this.#file}.${process.pid}`;
    writeFileSync(fresh, text);
    renameSync(fresh, this.#file);
  }
}

/** An unreadable catalogue costs nothing but time and titles: every trace is asked again. */
function read(file: string): Runs {
  try {
    return catalogueSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).runs;
  } catch {
    return {};
  }
}

function fingerprint(file: string): { fileBytes: number; changedMs: number } | undefined {
  try {
    const { size, mtimeMs } = statSync(file);
    return { fileBytes: size, changedMs: mtimeMs };
  } catch {
    return undefined;
  }
}
