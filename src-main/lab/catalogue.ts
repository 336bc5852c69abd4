/** What the list of runs remembers between starts, so that Home opens at once: one small JSON file in the data root. */
import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

const printSchema = z.object({ fileBytes: z.number(), changedMs: z.number() });
type Print = z.infer<typeof printSchema>;

const catalogueSchema = z.object({
  format: z.literal('quorum-lab/catalogue'),
  version: z.literal(1),
  runs: z.record(
    z.string(),
    z.object({
      /** Where the trace was opened, if it was recorded elsewhere. */
      file: z.string().optional(),
      /** What the file looked like there when its private copy was made. */
      original: printSchema.optional(),
      /** What its verification found; nothing: it is sound. Of a copy that shares nothing it stays true. */
      verified: z.object({ problems: z.array(z.string().max(2_000)).max(16) }).optional(),
      /** The title that somebody gave it since. */
      title: z.string().optional(),
      /** As read when the file had this size and time of change. */
      summary: printSchema.extend({ value: summarySchema }).optional(),
    }),
  ),
});
type Runs = z.infer<typeof catalogueSchema>['runs'];

export class Catalogue {
  readonly #file: string;
  #runs: Map<RunId, Runs[string]>;
  /** What the file looked like when it was read or written last. */
  #read: Print | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#read = fingerprint(file);
    this.#runs = new Map(Object.entries(read(file)));
  }

  elsewhere(runId: RunId): string | undefined {
    return this.#runs.get(runId)?.file;
  }

  runsElsewhere(): RunId[] {
    this.#refresh();
    return [...this.#runs].filter(([, run]) => run.file !== undefined).map(([runId]) => runId);
  }

  /** A trace from elsewhere has its private copy now; `original` is what the file there looked like before. */
  addElsewhere(runId: RunId, file: string | undefined, original: Print | undefined): void {
    this.#change(runId, { file, original, verified: undefined, summary: undefined });
  }

  /** The run that was opened from this file, which has not changed since. */
  runFrom(file: string): RunId | undefined {
    const now = fingerprint(file);
    if (now === undefined) return undefined;
    this.#refresh();
    for (const [runId, run] of this.#runs) if (run.file === file && isSame(run.original, now)) return runId;
    return undefined;
  }

  /** Whether the file still looks as it did when its private copy was made. */
  isUnchanged(runId: RunId, file: string): boolean {
    return isSame(this.#runs.get(runId)?.original, fingerprint(file));
  }

  verified(runId: RunId): { problems: string[] } | undefined {
    return this.#runs.get(runId)?.verified;
  }

  setVerified(runId: RunId, problems: readonly string[]): void {
    this.#change(runId, {
      verified: { problems: problems.map((problem) => problem.slice(0, 2_000)).slice(0, 16) },
    });
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
    if (!known || !isSame(known, now)) return undefined;
    return this.titled(known.value);
  }

  remember(summary: RunSummary, file: string): void {
    const now = fingerprint(file);
    const value = summarySchema.safeParse(summary);
    if (now && value.success) this.#change(summary.runId, { summary: { ...now, value: value.data } });
  }

  drop(runId: RunId): void {
    this.#alone(() => {
      if (this.#runs.delete(runId)) this.#write();
    });
  }

  #change(runId: RunId, change: { [K in keyof Runs[string]]: Runs[string][K] | undefined }): void {
    this.#alone(() => {
      const before = this.#runs.get(runId);
      this.#runs.delete(runId);
      this.#runs.set(runId, { ...before, ...change } as Runs[string]);
      this.#write();
    });
  }

  /** Other labs write the same file: each change is made to what stands in it now, and by one after the other. */
  #alone(change: () => void): void {
    const lock = takeLock(`${this.#file}.lock`);
    try {
      this.#refresh();
      change();
    } finally {
      lock?.release();
    }
  }

  #refresh(): void {
    const now = fingerprint(this.#file);
    if (now === undefined || isSame(this.#read, now)) return;
    this.#runs = new Map(Object.entries(read(this.#file)));
    this.#read = now;
  }

  #write(): void {
    const runs = Object.fromEntries([...this.#runs].slice(-RUNS_MAX));
    const text = JSON.stringify({ format: 'quorum-lab/catalogue', version: 1, runs });
    const fresh = `${this.#file}.${process.pid}`;
    writeFileSync(fresh, text);
    renameSync(fresh, this.#file);
    this.#read = fingerprint(this.#file);
  }
}

/** A lock whose owner was killed is broken after this long; nobody holds one for more than the time of a small write. */
const LOCK_MS_MAX = 1_000;
const LOCK_WAIT_MS = 5;

/** Undefined where no lock can be made; then the last one to write wins. */
function takeLock(file: string): { release(): void } | undefined {
  const giveUpMs = performance.now() + LOCK_MS_MAX;
  for (;;) {
    try {
      closeSync(openSync(file, 'wx'));
      return { release: () => rmSync(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return undefined;
      if (performance.now() > giveUpMs) rmSync(file, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_WAIT_MS);
    }
  }
}

function isSame(one: Print | undefined, other: Print | undefined): boolean {
  return one?.fileBytes === other?.fileBytes && one?.changedMs === other?.changedMs;
}

/** An unreadable catalogue costs nothing but time and titles: every trace is asked again. */
function read(file: string): Runs {
  try {
    return catalogueSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).runs;
  } catch {
    return {};
  }
}

export function fingerprint(file: string): Print | undefined {
  try {
    const { size, mtimeMs } = statSync(file);
    return { fileBytes: size, changedMs: mtimeMs };
  } catch {
    return undefined;
  }
}
