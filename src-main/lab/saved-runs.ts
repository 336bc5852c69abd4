/** Traces on disk: those of the data root, and those opened from elsewhere. Each open one has a reader process. */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { RunId, RunSummary } from '../api/contract.ts';
import { writeBookmark } from '../cluster/bookmark-writer.ts';
import { ReaderProcess } from '../cluster/reader-process.ts';
import type { Reaper } from '../cluster/reaper.ts';
import { foldCutOffTrace } from '../cluster/fold.ts';
import type {
  BookmarkChange,
  QueryAnswer,
  QueryName,
  QueryParams,
  TraceInfo,
} from '../trace/model/queries.ts';
import { Catalogue } from './catalogue.ts';
import type { DataRoot } from './data-root.ts';
import { traceFileOf } from './live-run.ts';

const READER_IDLE_MS = 60_000;
const READERS_MAX = 4;

interface OpenReader {
  reader: Promise<ReaderProcess>;
  idle: NodeJS.Timeout | undefined;
  /** Questions under way. */
  asked: number;
  /** No more questions go to it; it ends with the last one under way. */
  forgotten: boolean;
}

export class SavedRuns {
  readonly #root: DataRoot;
  readonly #reaper: Reaper;
  readonly #readers = new Map<RunId, OpenReader>();
  readonly #catalogue: Catalogue;

  constructor(root: DataRoot, reaper: Reaper) {
    this.#root = root;
    this.#reaper = reaper;
    this.#catalogue = new Catalogue(root.catalogueFile);
  }

  folderOf(runId: RunId): string {
    return path.join(this.#root.runs, runId);
  }

  fileOf(runId: RunId): string {
    const own = traceFileOf(this.folderOf(runId));
    const file = existsSync(own) ? own : this.#catalogue.elsewhere(runId);
    if (!file)
      throw new Error(`There is no run ${runId} here. It may have been deleted; open its trace file again.`);
    return file;
  }

  /** Summaries of all known runs but those in `except`, newest first. A trace that cannot be opened is listed with its reason. */
  async list(except: ReadonlySet<RunId>): Promise<RunSummary[]> {
    const own = readdirSync(this.#root.runs).filter((runId) => existsSync(traceFileOf(this.folderOf(runId))));
    const runs = [...new Set([...own, ...this.#catalogue.runsElsewhere()])].filter(
      (runId) => !except.has(runId),
    );
    const summaries: RunSummary[] = [];
    // One after the other: each unknown one costs a process.
    for (const runId of runs) summaries.push(await this.summary(runId));
    return summaries.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  async summary(runId: RunId): Promise<RunSummary> {
    const file = this.fileOf(runId);
    const known = this.#catalogue.summary(runId, file);
    if (known) return known;
    try {
      const summary = summarize(await this.query(runId, 'info', {}));
      if (summary.status !== 'recording') this.#catalogue.remember(summary, file);
      return this.#catalogue.titled(summary);
    } catch (error) {
      return refusedSummary(runId, (error as Error).message);
    }
  }

  rename(runId: RunId, title: string): void {
    this.#catalogue.rename(runId, title);
  }

  title(runId: RunId): string | undefined {
    return this.#catalogue.title(runId);
  }

  async query<Q extends QueryName>(runId: RunId, query: Q, params: QueryParams<Q>): Promise<QueryAnswer<Q>> {
    return this.#ask(runId, this.fileOf(runId), 'fold', (reader) => reader.query(query, params));
  }

  /** Queries a trace that is still being recorded by its path. */
  async queryFile<Q extends QueryName>(
    runId: RunId,
    file: string,
    query: Q,
    params: QueryParams<Q>,
  ): Promise<QueryAnswer<Q>> {
    return this.#ask(runId, file, 'as it is', (reader) => reader.query(query, params));
  }

  /** Reads what a trace says of itself. Rejects with TraceRefused when it cannot be shown. */
  async probe(file: string): Promise<TraceInfo> {
    const reader = await ReaderProcess.open(file, this.#reaper);
    try {
      return await reader.query('info', {});
    } finally {
      reader.close();
    }
  }

  /** Opens a trace from anywhere on this machine. Rejects with TraceRefused when it cannot be shown. */
  async openFile(file: string): Promise<RunSummary> {
    const absolute = path.resolve(file);
    const summary = summarize(await this.probe(absolute));
    if (absolute !== traceFileOf(this.folderOf(summary.runId))) {
      this.forget(summary.runId);
      this.#catalogue.addElsewhere(summary.runId, absolute);
    }
    if (summary.status !== 'recording') this.#catalogue.remember(summary, absolute);
    return this.#catalogue.titled(summary);
  }

  /** Changes the bookmarks of a trace that is recorded no more, in its file. Rejects with a sentence when it cannot be. */
  async bookmark(runId: RunId, change: BookmarkChange): Promise<void> {
    // A cut-off trace is folded, and a file that is none refused, before anything is written to it.
    await this.query(runId, 'bookmarks', {});
    const file = this.fileOf(runId);
    await writeBookmark(file, runId, change, this.#reaper);
    this.forget(runId);
  }

  /** Moves a run of ours to the trash; of a trace from elsewhere only the entry goes. */
  remove(runId: RunId): void {
    const folder = this.folderOf(runId);
    this.forget(runId);
    if (existsSync(folder)) {
      const trashed = path.join(this.#root.trash, runId);
      rmSync(trashed, { recursive: true, force: true });
      renameSync(folder, trashed);
    }
    this.#catalogue.drop(runId);
  }

  /** Ends the run's reader: its file has changed, or nobody looks at it any more. What it was asked is still answered. */
  forget(runId: RunId): void {
    const open = this.#readers.get(runId);
    if (!open) return;
    this.#readers.delete(runId);
    clearTimeout(open.idle);
    open.forgotten = true;
    if (open.asked === 0) end(open);
  }

  close(): void {
    for (const [runId, open] of [...this.#readers]) {
      this.forget(runId);
      end(open);
    }
  }

  async #ask<T>(
    runId: RunId,
    file: string,
    how: 'fold' | 'as it is',
    question: (reader: ReaderProcess) => Promise<T>,
  ): Promise<T> {
    const open = this.#openFor(runId, file, how);
    open.asked++;
    try {
      const reader = await open.reader;
      if (reader.running) return await question(reader);
    } finally {
      open.asked--;
      if (open.forgotten && open.asked === 0) end(open);
    }
    // It ended (a query too long, a kill from outside): the next question gets a new one.
    if (this.#readers.get(runId) === open) this.forget(runId);
    return this.#ask(runId, file, how, question);
  }

  #openFor(runId: RunId, file: string, how: 'fold' | 'as it is'): OpenReader {
    let open = this.#readers.get(runId);
    if (open) this.#readers.delete(runId);
    else {
      this.#makeRoom();
      open = { reader: this.#openReader(runId, file, how), idle: undefined, asked: 0, forgotten: false };
      const opened = open;
      opened.reader.catch(() => {
        if (this.#readers.get(runId) === opened) this.forget(runId);
      });
    }
    // Last in the map: the one asked longest ago makes room.
    this.#readers.set(runId, open);
    clearTimeout(open.idle);
    open.idle = setTimeout(() => this.forget(runId), READER_IDLE_MS);
    open.idle.unref();
    return open;
  }

  /** A cut-off trace of ours first takes in what its spools still hold. */
  async #openReader(runId: RunId, file: string, how: 'fold' | 'as it is'): Promise<ReaderProcess> {
    const spoolFolder = path.join(this.folderOf(runId), 'spool');
    if (how === 'fold' && file === traceFileOf(this.folderOf(runId)) && existsSync(spoolFolder)) {
      await foldCutOffTrace(file, spoolFolder, this.#reaper);
    }
    return ReaderProcess.open(file, this.#reaper);
  }

  #makeRoom(): void {
    const oldest = this.#readers.keys().next();
    if (this.#readers.size >= READERS_MAX && !oldest.done) this.forget(oldest.value);
  }
}

function end({ reader }: OpenReader): void {
  reader.then(
    (opened) => opened.close(),
    () => undefined,
  );
}

export function summarize(info: TraceInfo): RunSummary {
  return {
    runId: info.runId,
    title: info.title,
    status: info.status,
    startedAt: info.startedAt,
    durationNs: info.durationNs,
    nodes: info.nodes.length,
    protocol: info.protocol,
    profile: info.profile,
    events: info.events,
    messages: info.messages,
    elections: info.elections,
    fileBytes: info.fileBytes,
    error: info.statusReason,
  };
}

function refusedSummary(runId: RunId, error: string): RunSummary {
  return {
    runId,
    title: runId,
    status: 'refused',
    startedAt: '',
    durationNs: 0,
    nodes: 0,
    protocol: '',
    profile: '',
    events: 0,
    messages: 0,
    elections: 0,
    fileBytes: 0,
    error,
  };
}
