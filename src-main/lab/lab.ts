/** The lab: implements the API over live clusters and saved traces, for the desktop and the browser host alike. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { v7 as uuid } from 'uuid';
import type {
  Capabilities,
  LabMethods,
  MethodName,
  NewRun,
  RunId,
  RunSummary,
  StreamSnapshot,
} from '../api/contract.ts';
import { parseCall, parseSubscription, type ParsedCall } from '../api/schemas.ts';
import { NODES_MAX, NODES_MIN } from '../cluster/cluster.ts';
import { Reaper } from '../cluster/reaper.ts';
import { drawSeed, labVersion, runHeader } from '../experiments/header.ts';
import { listProfiles, readProfile, resolveOptions } from '../experiments/profile.ts';
import { resourceFolder } from '../experiments/resources.ts';
import { shippedScenario, shippedScenarios } from '../experiments/scenario.ts';
import type {
  BookmarkChange,
  BookmarkRow,
  QueryName,
  QueryParams,
  TraceInfo,
} from '../trace/model/queries.ts';
import { openDataRoot, type DataRoot } from './data-root.ts';
import { LiveRun, traceFileOf, type LiveRunPlan } from './live-run.ts';
import { SavedRuns } from './saved-runs.ts';
import { SnapshotStream } from './stream.ts';
import { isForeign, isForeignHead, Transfers } from './transfers.ts';
import { keepUpload, peek } from './upload.ts';

const CLIENTS_MAX = 256;
const UPLOAD_BYTES_MAX = 1024 * 1024 * 1024;

/** What only the host can do. */
export interface LabHost {
  kind: 'desktop' | 'browser';
  /** The native open dialog; resolves with a path, or null where the user cancelled. */
  openDialog?: () => Promise<string | null>;
  /** The native save dialog over a suggested name; resolves with a path, or null where the user cancelled. */
  saveDialog?: (name: string) => Promise<string | null>;
  log(level: 'info' | 'warn' | 'error', text: string): void;
}

export interface Lab {
  /** Checks a call that came from a window and answers it. Rejects with an Error whose message is for the user. */
  call(method: unknown, params: unknown, origin?: string): Promise<unknown>;
  /** `push` resolves when the window has taken the snapshot. Returns a function that ends the subscription. Throws for a bad stream. */
  subscribe(
    stream: unknown,
    params: unknown,
    push: (snapshot: unknown) => Promise<void>,
    onEnd: (reason: string) => void,
  ): () => void;
  /** Opens a trace file of this machine; a file of another format is imported. */
  openFile(file: string): Promise<RunId>;
  /** The exported file behind an address that `exportTrace` gave; it is there once. */
  takeDownload(address: string): { file: string; name: string; done(): void } | undefined;
  /** Takes in a trace, or a file of another format, that a window sends, as it comes. Rejects with `TooLarge` when there is more than is allowed. */
  importTrace(name: string, chunks: AsyncIterable<Uint8Array>, ofBytes?: number): Promise<RunId>;
  readonly dataRoot: DataRoot;
  /** Stops every cluster and closes its trace. */
  close(): Promise<void>;
}

export function createLab(host: LabHost): Lab {
  return new DesktopLab(host);
}

type Handlers = {
  [M in MethodName]: (
    params: LabMethods[M]['params'],
    origin: string,
  ) => LabMethods[M]['answer'] | Promise<LabMethods[M]['answer']>;
};

class DesktopLab implements Lab {
  readonly dataRoot: DataRoot;
  readonly #host: LabHost;
  readonly #reaper = new Reaper();
  readonly #saved: SavedRuns;
  readonly #live = new Map<RunId, LiveRun>();
  readonly #stopping = new Map<RunId, Promise<RunSummary>>();
  readonly #runStreams = new Set<SnapshotStream<StreamSnapshot<'runs'>>>();
  readonly #liveEnds = new Map<RunId, Set<(reason: string) => void>>();
  /** Their folders exist already, but they are neither live nor saved. */
  readonly #starting = new Map<RunId, Promise<unknown>>();
  readonly #transfers: Transfers;
  /** Ends the note that this lab records the run. */
  readonly #recorded = new Map<RunId, () => void>();
  #listing: Promise<void> | undefined;
  #listAgain = false;
  #closed = false;

  constructor(host: LabHost) {
    this.#host = host;
    this.dataRoot = openDataRoot();
    this.#saved = new SavedRuns(this.dataRoot, this.#reaper, () => this.#runsChanged());
    this.#transfers = new Transfers(this.dataRoot, this.#reaper);
  }

  async call(method: unknown, params: unknown, origin = 'window'): Promise<unknown> {
    const call = parseCall(method, params);
    return this.#dispatch(call, origin);
  }

  #dispatch<M extends MethodName>(
    call: Extract<ParsedCall, { method: M }>,
    origin: string,
  ): Promise<unknown> {
    const handler = this.#handlers[call.method] as (params: unknown, origin: string) => unknown;
    return Promise.resolve(handler(call.params, origin));
  }

  readonly #handlers: Handlers = {
    capabilities: () => this.#capabilities(),
    listRuns: () => this.#listRuns(),
    listProfiles: () => ({
      profiles: listProfiles().map(({ name, title, description, options }) => ({
        name,
        title,
        description,
        electionTimeoutMs: options.electionTimeoutMs,
        heartbeatMs: options.heartbeatMs,
      })),
    }),
    listScenarios: () => ({
      scenarios: shippedScenarios().map(({ name, scenario }) => ({
        name,
        title: scenario.title,
        description: scenario.description,
        nodes: scenario.cluster.nodes,
        profile: scenario.cluster.profile,
      })),
    }),
    startRun: (plan) => this.#startRun(plan),
    startScenario: ({ name }) => this.#startScenario(name),
    stopRun: ({ runId }) => this.#stopRun(runId, 'stopped by the user'),
    renameRun: async ({ runId, title }) => {
      const live = this.#live.get(runId);
      if (!live) this.#saved.fileOf(runId);
      this.#saved.rename(runId, title);
      if (live) live.title = title;
      this.#runsChanged();
      return live ? this.#liveSummary(live) : this.#saved.summary(runId);
    },
    deleteRun: ({ runId }) => {
      if (this.#live.has(runId)) throw new Error('This run is live. Stop it first.');
      this.#saved.remove(runId);
      this.#runsChanged();
      return {};
    },
    openTraceDialog: async () => {
      if (!this.#host.openDialog)
        throw new Error('This host has no open dialog; choose the file in the window.');
      const file = await this.#host.openDialog();
      return file === null ? null : { runId: await this.openFile(file) };
    },
    exportTrace: async (asked) => {
      // Of a run that was cut off, the trace takes in what its spools hold when it is asked anything.
      const { title } = this.#live.get(asked.runId) ?? (await this.#saved.summary(asked.runId));
      const traceFile = this.#live.get(asked.runId)?.traceFile ?? this.#saved.fileOf(asked.runId);
      return this.#transfers.export(asked, traceFile, title, this.#host.saveDialog);
    },
    cancelTransfer: ({ id }) => {
      this.#transfers.cancel(id);
      return {};
    },
    execute: async ({ runId, command }, origin) => {
      const live = this.#live.get(runId);
      if (!live) throw new Error('This run is not live: a recording cannot be changed.');
      return live.execute(command, origin);
    },
    query: async ({ runId, query, params }) => {
      const live = this.#live.get(runId);
      const answer = live
        ? await this.#saved.queryFile(runId, live.traceFile, query, params as QueryParams<QueryName>)
        : await this.#saved.query(runId, query, params as QueryParams<QueryName>);
      return query === 'info' ? this.#titled(answer as TraceInfo) : answer;
    },
    addBookmark: async ({ runId, bookmark }) => {
      const made: BookmarkRow = {
        id: uuid(),
        ...bookmark,
        event: bookmark.event ?? null,
        fromNs: bookmark.fromNs ?? null,
        toNs: bookmark.toNs ?? null,
        createdAt: new Date().toISOString(),
      };
      await this.#bookmark(runId, { kind: 'add', bookmark: made });
      return made;
    },
    changeBookmark: async ({ runId, id, title, note }) => {
      await this.#bookmark(runId, { kind: 'change', id, title, note });
      return {};
    },
    removeBookmark: async ({ runId, id }) => {
      await this.#bookmark(runId, { kind: 'remove', id });
      return {};
    },
    listHelp: () => ({ pages: helpPages().map(({ name, title }) => ({ name, title })) }),
    help: ({ name }) => {
      const page = helpPages().find((candidate) => candidate.name === name);
      if (!page) throw new Error(`There is no help page "${name}".`);
      return { markdown: page.markdown };
    },
  };

  subscribe(
    stream: unknown,
    params: unknown,
    push: (snapshot: unknown) => Promise<void>,
    onEnd: (reason: string) => void,
  ): () => void {
    const subscription = parseSubscription(stream, params);
    if (subscription.stream === 'runs') {
      const runs = new SnapshotStream<StreamSnapshot<'runs'>>(push);
      this.#runStreams.add(runs);
      this.#runsChanged();
      return () => {
        this.#runStreams.delete(runs);
        runs.close();
      };
    }
    if (subscription.stream === 'transfers') {
      const transfers = new SnapshotStream<StreamSnapshot<'transfers'>>(push);
      const unwatch = this.#transfers.watch((list) => transfers.offer({ transfers: list }));
      return () => {
        unwatch();
        transfers.close();
      };
    }
    const { runId } = subscription.params;
    const live = this.#live.get(runId);
    if (!live) {
      onEnd('This run is not live.');
      return () => undefined;
    }
    const snapshots = new SnapshotStream<StreamSnapshot<'live'>>(push);
    const unwatch = live.watch((snapshot) => snapshots.offer(snapshot));
    const ends = this.#liveEnds.get(runId) ?? new Set();
    this.#liveEnds.set(runId, ends);
    const end = (reason: string) => {
      unwatch();
      snapshots.close();
      onEnd(reason);
    };
    ends.add(end);
    return () => {
      ends.delete(end);
      unwatch();
      snapshots.close();
    };
  }

  /** By whoever may write the trace: its recorder while there is one. */
  #bookmark(runId: RunId, change: BookmarkChange): Promise<void> {
    return this.#live.get(runId)?.bookmark(change) ?? this.#saved.bookmark(runId, change);
  }

  async openFile(file: string): Promise<RunId> {
    if (isForeign(file)) return this.#takeIn(path.resolve(file), path.basename(file));
    const { runId } = await this.#saved.openFile(file);
    this.#runsChanged();
    return runId;
  }

  takeDownload(address: string): { file: string; name: string; done(): void } | undefined {
    return this.#transfers.takeDownload(address);
  }

  async importTrace(name: string, chunks: AsyncIterable<Uint8Array>, ofBytes?: number): Promise<RunId> {
    const upload = await peek(chunks);
    if (isForeignHead(upload.head, name)) return this.#takeInUpload(name, upload.chunks);
    const { runId } = await this.#saved.receive(name, upload.chunks, UPLOAD_BYTES_MAX, ofBytes);
    this.#runsChanged();
    return runId;
  }

  async #takeInUpload(name: string, chunks: AsyncIterable<Uint8Array>): Promise<RunId> {
    const folder = mkdtempSync(path.join(this.dataRoot.folder, 'upload-'));
    const file = path.join(folder, 'upload');
    try {
      await keepUpload(file, chunks, UPLOAD_BYTES_MAX, 'file');
      return await this.#takeIn(file, name);
    } catch (error) {
      // The window knows the file by its own name, not by the place it was put.
      if (error instanceof Error) error.message = error.message.replaceAll(file, name);
      throw error;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Makes a trace of a file of another format and lays it among our own. */
  async #takeIn(file: string, name: string): Promise<RunId> {
    const folder = mkdtempSync(path.join(this.dataRoot.folder, 'import-'));
    try {
      const { runId } = await this.#transfers.import(file, name, path.join(folder, 'run.qlab'));
      this.#settle(folder, runId);
      return runId;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** A run that is here already stays as it is. */
  #settle(folder: string, runId: RunId): void {
    const own = this.#saved.folderOf(runId);
    if (!existsSync(own)) renameSync(folder, own);
    this.#runsChanged();
  }

  async close(): Promise<void> {
    this.#closed = true;
    // What is being started stops itself once it is up.
    await Promise.allSettled(this.#starting.values());
    await Promise.allSettled(
      [...this.#live.keys()].map((runId) => this.#stopRun(runId, 'Quorum Lab was closed')),
    );
    await this.#transfers.close();
    this.#saved.close();
    this.#reaper.close();
  }

  #capabilities(): Capabilities {
    const windows = process.platform === 'win32';
    const dialog = this.#host.openDialog !== undefined;
    return {
      host: this.#host.kind,
      platform: process.platform,
      version: labVersion(),
      pause: windows ? { available: false, reason: 'Windows has no SIGSTOP.' } : { available: true },
      openDialog: dialog
        ? { available: true }
        : { available: false, reason: 'A browser chooses files itself.' },
      pdf:
        this.#host.kind === 'desktop'
          ? { available: true }
          : { available: false, reason: 'A browser makes PDF itself: save the HTML, open it and print it.' },
      limits: {
        nodesMin: NODES_MIN,
        nodesMax: NODES_MAX,
        clientsMax: CLIENTS_MAX,
        uploadBytesMax: UPLOAD_BYTES_MAX,
      },
      dataFolder: this.dataRoot.folder,
    };
  }

  async #listRuns(): Promise<StreamSnapshot<'runs'>> {
    const saved = await this.#saved.list(new Set([...this.#live.keys(), ...this.#starting.keys()]));
    const live = [...this.#live.values()].reverse();
    return {
      runs: [
        ...live.map((run) => this.#liveSummary(run)),
        ...saved.filter(({ runId }) => !this.#live.has(runId)),
      ],
      ...(this.#saved.incoming.length === 0 ? {} : { incoming: this.#saved.incoming }),
    };
  }

  #startRun(plan: NewRun): Promise<{ runId: RunId }> {
    const profile = readProfile(plan.profile);
    const header = runHeader({
      title: plan.title ?? `${plan.nodes} node${plan.nodes === 1 ? '' : 's'}, ${profile.title.toLowerCase()}`,
      profile: profile.name,
      options: profile.options,
      nodes: plan.nodes,
      seed: plan.seed ?? drawSeed(),
    });
    return this.#start(
      { header, options: profile.options, folder: this.#saved.folderOf(header.runId) },
      plan.clients ?? 0,
    );
  }

  #startScenario(name: string): Promise<{ runId: RunId }> {
    const { scenario, text } = shippedScenario(name);
    const options = resolveOptions(readProfile(scenario.cluster.profile).options, scenario.cluster.options);
    const header = runHeader({
      title: scenario.title,
      profile: scenario.cluster.profile,
      options,
      nodes: scenario.cluster.nodes,
      seed: drawSeed(),
      scenario: text,
    });
    return this.#start({ header, options, folder: this.#saved.folderOf(header.runId), scenario }, 0);
  }

  async #start(plan: LiveRunPlan, clients: number): Promise<{ runId: RunId }> {
    if (this.#closed) throw new Error('Quorum Lab is closing.');
    if (this.#live.size + this.#starting.size > 0) {
      const running = [...this.#live.values()][0];
      throw new Error(
        `${running ? `"${running.title}" is running` : 'Another run is starting'}. Stop it first: two clusters on one machine disturb each other's timers.`,
      );
    }
    const { runId } = plan.header;
    const starting = this.#bringUp(plan, clients).finally(() => this.#starting.delete(runId));
    this.#starting.set(runId, starting);
    return starting;
  }

  async #bringUp(plan: LiveRunPlan, clients: number): Promise<{ runId: RunId }> {
    const { runId } = plan.header;
    const recorded = this.#saved.recordings.begin({
      runId,
      traceFile: traceFileOf(plan.folder),
      folder: plan.folder,
      temporary: false,
    });
    const run = await LiveRun.start(plan, {
      changed: () => this.#runsChanged(),
      scenarioEnded: (error) => {
        if (error) this.#host.log('error', error);
        void this.#stopRun(runId, error ?? 'the scenario was over').catch((failure: Error) =>
          this.#host.log('error', failure.message),
        );
      },
      recordingFailed: (error) => {
        this.#host.log('error', error);
        void this.#stopRun(runId, error).catch((failure: Error) => this.#host.log('error', failure.message));
      },
    }).catch((error: unknown) => {
      recorded();
      throw error;
    });
    this.#recorded.set(runId, recorded);
    this.#live.set(runId, run);
    this.#starting.delete(runId);
    if (this.#closed) {
      await this.#stopRun(runId, 'Quorum Lab was closed');
      throw new Error('Quorum Lab is closing.');
    }
    if (clients > 0) await run.execute({ kind: 'workload', clients }, 'window');
    this.#runsChanged();
    return { runId };
  }

  #stopRun(runId: RunId, reason: string): Promise<RunSummary> {
    const known = this.#stopping.get(runId);
    if (known) return known;
    const live = this.#live.get(runId);
    if (!live) return this.#saved.summary(runId);
    const stopping = this.#stopLive(live, reason).finally(() => this.#stopping.delete(runId));
    this.#stopping.set(runId, stopping);
    return stopping;
  }

  async #stopLive(live: LiveRun, reason: string): Promise<RunSummary> {
    const { runId } = live.header;
    try {
      await live.stop(reason);
    } finally {
      this.#live.delete(runId);
      this.#recorded.get(runId)?.();
      this.#recorded.delete(runId);
      this.#saved.forget(runId);
      for (const end of this.#liveEnds.get(runId) ?? []) end(reason);
      this.#liveEnds.delete(runId);
      this.#runsChanged();
    }
    return this.#saved.summary(runId);
  }

  #liveSummary(run: LiveRun): RunSummary {
    const { header, latest } = run;
    return {
      runId: header.runId,
      title: run.title,
      status: 'live',
      startedAt: header.startedAt,
      durationNs: latest?.atNs ?? 0,
      nodes: run.nodes,
      protocol: header.protocol,
      profile: header.profile,
      events: latest?.events ?? 0,
      messages: latest?.messages ?? 0,
      elections: latest?.elections.length ?? 0,
      fileBytes: latest?.fileBytes ?? 0,
      error: null,
    };
  }

  #titled(info: TraceInfo): TraceInfo {
    const title = this.#saved.title(info.runId);
    return title === undefined ? info : { ...info, title };
  }

  /** Tells every window the list as it is now. One listing at a time, or an older one could be told last. */
  #runsChanged(): void {
    if (this.#runStreams.size === 0) return;
    if (this.#listing) {
      this.#listAgain = true;
      return;
    }
    this.#listing = this.#listRuns()
      .then(
        (list) => {
          for (const stream of this.#runStreams) stream.offer(list);
        },
        (error: Error) => this.#host.log('error', error.message),
      )
      .finally(() => {
        this.#listing = undefined;
        if (!this.#listAgain) return;
        this.#listAgain = false;
        this.#runsChanged();
      });
  }
}

function helpPages(): { name: string; title: string; markdown: string }[] {
  const folder = path.join(resourceFolder(), 'docs');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => {
      const markdown = readFileSync(path.join(folder, file), 'utf8');
      const name = file.slice(0, -'.md'.length);
      return { name, title: /^#\s+(.+)$/m.exec(markdown)?.[1] ?? name, markdown };
    });
}
