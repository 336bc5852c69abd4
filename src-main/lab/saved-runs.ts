/** Traces on disk: those of the data root, and those opened from elsewhere. Each open one has a reader process. */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { IncomingTrace, RunId, RunSummary, Verification } from '../api/contract.ts';
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
import { Catalogue, fingerprint } from './catalogue.ts';
import type { DataRoot } from './data-root.ts';
import { ForeignTraces, type CopyProgress, type Incoming } from './foreign-traces.ts';
import { Recordings } from './recordings.ts';
import { Verifications } from './verifications.ts';
import { traceFileOf } from './live-run.ts';

const READER_IDLE_MS = 60_000;
const READERS_MAX = 4;
const EXCESSES_MAX = 2;
const STILL_RECORDED =
  'still being recorded by another lab: this is how it stood when it was opened. Open the file again for more.';

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
  readonly #foreign: ForeignTraces;
  readonly #verifications: Verifications;
  readonly #incoming = new Set<IncomingTrace>();
  readonly #changed: () => void;
  /** How often a reader of the run had to be ended. */
  readonly #excesses = new Map<RunId, number>();
  readonly recordings: Recordings;

  /** `changed`: the list of runs is another one now, or a part of it has come further. */
  constructor(root: DataRoot, reaper: Reaper, changed: () => void = () => undefined) {
    this.#root = root;
    this.#reaper = reaper;
    this.#changed = changed;
    this.#catalogue = new Catalogue(root.catalogueFile);
    this.#foreign = new ForeignTraces(root.foreign);
    this.recordings = new Recordings(root.recordings);
    this.#verifications = new Verifications(
      reaper,
      (runId, problems) => {
        if (this.#foreign.has(runId)) this.#catalogue.setVerified(runId, problems);
      },
      changed,
    );
  }

  /** Traces that are being copied into the data root. */
  get incoming(): IncomingTrace[] {
    return [...this.#incoming].map((trace) => ({ ...trace }));
  }

  folderOf(runId: RunId): string {
    return path.join(this.#root.runs, runId);
  }

  fileOf(runId: RunId): string {
    const own = traceFileOf(this.folderOf(runId));
    if (existsSync(own)) return own;
    if (this.#foreign.has(runId)) return this.#foreign.fileOf(runId);
    throw new Error(`There is no run ${runId} here. It may have been deleted; open its trace file again.`);
  }

  /**
   * The run's trace file for somebody who writes into it (bookmarks, a migration): never one that is shared with an original elsewhere.
   * Its reader is let go of. Rejects when the run is not here or cannot be written.
   */
  async writableTrace(runId: RunId): Promise<string> {
    const file = this.fileOf(runId);
    this.forget(runId);
    return this.#isForeign(runId) ? this.#foreign.writable(runId) : file;
  }

  /** Summaries of all known runs but those in `except`, newest first. A trace that cannot be opened is listed with its reason. */
  async list(except: ReadonlySet<RunId>): Promise<RunSummary[]> {
    const own = readdirSync(this.#root.runs).filter((runId) => existsSync(traceFileOf(this.folderOf(runId))));
    const runs = [...new Set([...own, ...this.#foreign.runs()])].filter((runId) => !except.has(runId));
    const summaries: RunSummary[] = [];
    // One after the other: each unknown one costs a process.
    for (const runId of runs) summaries.push(await this.summary(runId));
    return summaries.sort((a, b) => b.startedAt.localeCompare(a.startedAt));
  }

  async summary(runId: RunId): Promise<RunSummary> {
    const file = this.fileOf(runId);
    const known = this.#catalogue.summary(runId, file);
    if (known) return this.#withVerification(known);
    try {
      const summary = summarize(await this.query(runId, 'info', {}));
      if (summary.status !== 'recording') this.#catalogue.remember(summary, file);
      return this.#withVerification(this.#catalogue.titled(summary));
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

  /**
   * Opens a trace from anywhere on this machine; one of elsewhere is copied into the data root first. Rejects with a sentence
   * when it cannot be shown.
   */
  async openFile(file: string): Promise<RunSummary> {
    const absolute = path.resolve(file);
    if (this.#isOurs(absolute)) return this.summary(path.basename(path.dirname(absolute)));
    await this.recordings.finish(absolute, this.#reaper);
    const known = this.#catalogue.runFrom(absolute);
    if (known !== undefined) this.#excesses.delete(known);
    if (known !== undefined && this.#foreign.has(known)) return this.summary(known);
    const original = fingerprint(absolute);
    const incoming = await this.#coming(path.basename(absolute), (progress) =>
      this.#foreign.take(absolute, progress),
    );
    return this.#settle(incoming, absolute, absolute, original);
  }

  /**
   * Changes the bookmarks of a trace that is recorded no more, in its file; of one from elsewhere in the copy that is kept here.
   * Rejects with a sentence when it cannot be.
   */
  async bookmark(runId: RunId, change: BookmarkChange): Promise<void> {
    // A cut-off trace is folded, and a file that is none refused, before anything is written to it.
    await this.query(runId, 'bookmarks', {});
    await writeBookmark(await this.writableTrace(runId), runId, change, this.#reaper);
    this.forget(runId);
  }

  /** Takes in a trace that a window sends. `ofBytes`: how much will come, 0 where that is not known. */
  async receive(
    name: string,
    chunks: AsyncIterable<Uint8Array>,
    bytesMax: number,
    ofBytes = 0,
  ): Promise<RunSummary> {
    const incoming = await this.#coming(name, (progress) =>
      this.#foreign.receive(counted(chunks, ofBytes, progress), bytesMax).catch((error: Error) => {
        // The window knows the file by its own name, not by the place it was put.
        error.message = error.message.replaceAll(
          new RegExp(`${escaped(this.#root.foreign)}\\S*run\\.qlab`, 'g'),
          name,
        );
        throw error;
      }),
    );
    return this.#settle(incoming, name, undefined, undefined);
  }

  /** Moves a run to the trash; the original of a trace from elsewhere stays where it is. */
  remove(runId: RunId): void {
    this.forget(runId);
    this.#verifications.drop(runId);
    for (const folder of [this.folderOf(runId), path.dirname(this.#foreign.fileOf(runId))]) {
      if (!existsSync(folder)) continue;
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
    this.#verifications.close();
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
      if (reader.running) {
        return await question(reader).catch((error: unknown) => {
          if (reader.tookTooMuch) this.#excesses.set(runId, (this.#excesses.get(runId) ?? 0) + 1);
          throw error;
        });
      }
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

  /** A cut-off trace of ours first takes in what its spools still hold; one from elsewhere is verified meanwhile. */
  async #openReader(runId: RunId, file: string, how: 'fold' | 'as it is'): Promise<ReaderProcess> {
    if (file === this.#foreign.fileOf(runId)) return this.#openForeign(runId, file);
    const spoolFolder = path.join(this.folderOf(runId), 'spool');
    // While its lab lives, a recorder that died is started again by it.
    if (how === 'fold' && existsSync(spoolFolder) && !this.recordings.isRecorded(runId)) {
      await foldCutOffTrace(file, spoolFolder, this.#reaper);
    }
    return ReaderProcess.open(file, this.#reaper);
  }

  async #openForeign(runId: RunId, file: string): Promise<ReaderProcess> {
    const name = this.#catalogue.elsewhere(runId) ?? `the trace ${this.#catalogue.title(runId) ?? runId}`;
    if ((this.#excesses.get(runId) ?? 0) >= EXCESSES_MAX)
      throw new Error(
        `${name} is damaged, or made to do harm: its readers took too much time or memory ${EXCESSES_MAX} times. Open it again to try once more.`,
      );
    if (this.#foreign.isLinked(runId) && !this.#catalogue.isUnchanged(runId, file))
      throw new Error(`${name} was changed since it was opened here. Open it again.`);
    const reader = await ReaderProcess.open(file, this.#reaper, { foreign: true, name });
    if (this.#catalogue.verified(runId) === undefined) this.#verifications.want(runId, file);
    return reader;
  }

  /** Shows how far the copying is while it goes on. */
  async #coming(name: string, bring: (progress: CopyProgress) => Promise<Incoming>): Promise<Incoming> {
    const coming: IncomingTrace = { name, bytes: 0, ofBytes: 0 };
    try {
      return await bring((bytes, ofBytes) => {
        Object.assign(coming, { bytes, ofBytes });
        // What is copied at once is not worth a word.
        this.#incoming.add(coming);
        this.#changed();
      });
    } finally {
      if (this.#incoming.delete(coming)) this.#changed();
    }
  }

  /** Asks what came in which run it holds, and gives it its place. One that cannot be shown leaves nothing behind. */
  async #settle(
    incoming: Incoming,
    name: string,
    file: string | undefined,
    original: ReturnType<typeof fingerprint>,
  ): Promise<RunSummary> {
    try {
      const reader = await ReaderProcess.open(incoming.file, this.#reaper, { foreign: true, name });
      let summary: RunSummary;
      try {
        summary = summarize(await reader.query('info', {}));
      } finally {
        reader.close();
      }
      const { runId } = summary;
      // A copy of a run of ours: that one knows more.
      if (existsSync(traceFileOf(this.folderOf(runId)))) return await this.summary(runId);
      this.forget(runId);
      this.#verifications.drop(runId);
      this.#excesses.delete(runId);
      const settled = this.#foreign.settle(incoming, runId, this.#root.trash);
      this.#catalogue.addElsewhere(runId, file, original);
      if (summary.status !== 'recording') this.#catalogue.remember(summary, settled);
      this.#verifications.want(runId, settled);
      return this.#withVerification(this.#catalogue.titled(summary));
    } finally {
      this.#foreign.discard(incoming);
    }
  }

  #withVerification(summary: RunSummary): RunSummary {
    const { runId } = summary;
    if (!this.#isForeign(runId)) return summary;
    const noted = summary.status === 'recording' ? { ...summary, error: STILL_RECORDED } : summary;
    return { ...noted, verification: this.#verification(runId) };
  }

  #verification(runId: RunId): Verification {
    const known = this.#catalogue.verified(runId);
    if (known === undefined) return this.#verifications.state(runId) ?? { state: 'waiting' };
    if (known.problems.length === 0) return { state: 'sound' };
    return {
      state: 'damaged',
      text: `damaged: ${known.problems.join('; ')}. What is shown may be incomplete.`,
    };
  }

  #isForeign(runId: RunId): boolean {
    return !existsSync(traceFileOf(this.folderOf(runId))) && this.#foreign.has(runId);
  }

  #isOurs(file: string): boolean {
    const folder = path.dirname(file);
    return file === traceFileOf(folder) && path.dirname(folder) === path.resolve(this.#root.runs);
  }

  #makeRoom(): void {
    const oldest = this.#readers.keys().next();
    if (this.#readers.size >= READERS_MAX && !oldest.done) this.forget(oldest.value);
  }
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  ofBytes: number,
  progress: CopyProgress,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    progress(bytes, Math.max(bytes, ofBytes));
    yield chunk;
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
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
