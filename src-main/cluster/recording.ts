/**
 * Keeps a recorder at work for as long as its run lasts: one that dies is started again and goes on where the trace ends. While
 * nobody watches it gives way to the cluster, because the spools keep what it cannot take yet; should that leave it nothing, another
 * one does not.
 */
import type { FromRecorder, RunHeader, ToRecorder, TraceLimits } from '../trace/protocol.ts';
import type { BookmarkChange, LiveSnapshot } from '../trace/model/queries.ts';
import { Child, type ChildExit } from './child.ts';
import { giveWay } from './priority.ts';
import type { Reaper } from './reaper.ts';

export interface RecordingConfig {
  traceFile: string;
  spoolFolder: string;
  header: RunHeader;
  /** It gets only what the cluster leaves of the processors. Not for a run that somebody follows live: what is seen would lag. */
  givesWay: boolean;
  limits?: TraceLimits;
}

export interface RecordingEvents {
  spawned(pid: number, incarnation: number): void;
  exited(incarnation: number, how: { code: number | null; signal: string | null; error?: string }): void;
  snapshot(snapshot: LiveSnapshot): void;
  /** The trace is as large as it may be: the run is to end. Perhaps said more than once. */
  limitReached(reason: string): void;
  /** It cannot go on (disk full, damaged file): the sentence says why. */
  failed(error: string): void;
}

const RESTART_MS = 100;
const FAILURES_MAX = 5;
/** One that lasted this long, or that somebody killed, did not end because of what it was started with. */
const STEADY_MS = 10_000;
const CLOSING_SILENCE_MS_MAX = 120_000;

const killSignals: ReadonlySet<string> = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']);

export class Recording {
  readonly #config: RecordingConfig;
  readonly #reaper: Reaper;
  readonly #events: RecordingEvents;
  #child: Child<FromRecorder, ToRecorder> | undefined;
  #incarnation = 0;
  #failures = 0;
  #hz = 0;
  #closing = false;
  #givesWay: boolean;
  #stillClosing = (): void => undefined;
  #closed: ((answer: { events: number; gaps: number }) => void) | undefined;
  #lastError: string | undefined;
  #bookmarks = 0;
  /** Changes that the recorder has not answered yet. */
  readonly #marking = new Map<number, { resolve(): void; reject(error: Error): void }>();

  constructor(config: RecordingConfig, reaper: Reaper, events: RecordingEvents) {
    this.#config = config;
    this.#givesWay = config.givesWay;
    this.#reaper = reaper;
    this.#events = events;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the trace file exists and events are being taken. */
  async start(): Promise<void> {
    this.#lastError = undefined;
    let isReady = (): void => undefined;
    let isRefused = (_error: Error): void => undefined;
    const ready = new Promise<void>((resolve, reject) => {
      isReady = resolve;
      isRefused = reject;
    });
    ready.catch(() => undefined);
    const incarnation = ++this.#incarnation;
    const givesWay = this.#givesWay;
    let readyMs = Infinity;
    const child = new Child<FromRecorder, ToRecorder>('recorder', this.#reaper, (message) => {
      if (message.kind === 'ready') {
        readyMs = performance.now();
        isReady();
      } else if (message.kind === 'snapshot') {
        this.#events.snapshot(message.snapshot);
        child.send({ kind: 'snapshotTaken' });
      } else if (message.kind === 'limit') {
        this.#events.limitReached(message.reason);
      } else if (message.kind === 'closing') {
        this.#stillClosing();
      } else if (message.kind === 'closed') {
        this.#closed?.({ events: message.events, gaps: message.gaps });
      } else if (message.kind === 'bookmarked') {
        const waiting = this.#marking.get(message.id);
        this.#marking.delete(message.id);
        if (message.error === undefined) waiting?.resolve();
        else waiting?.reject(new Error(message.error));
      } else if (message.kind === 'resigned') {
        this.#givesWay = false;
      } else {
        this.#lastError = message.error;
        isRefused(new Error(message.error));
      }
    });
    this.#child = child;
    this.#events.spawned(child.pid, incarnation);
    void child.exited.then((exit) => {
      for (const { reject } of this.#marking.values())
        reject(new Error('The recorder ended before it had kept the bookmark. Try again.'));
      this.#marking.clear();
      const error = this.#lastError ?? exit.lastWords;
      this.#events.exited(incarnation, {
        code: exit.code,
        signal: exit.signal,
        ...(error === undefined ? {} : { error }),
      });
      const lasted = performance.now() - readyMs;
      if (lasted > STEADY_MS || (lasted >= 0 && exit.signal !== null && killSignals.has(exit.signal)))
        this.#failures = 0;
      if (this.#closing || child !== this.#child) return;
      // One that resigned is followed by one that is not like it, and has not failed.
      if (givesWay && !this.#givesWay) this.start().catch(() => undefined);
      else this.#again();
    });
    if (givesWay) giveWay(child.pid);
    child.send({ kind: 'start', ...this.#config, givesWay });
    if (this.#hz > 0) child.send({ kind: 'watch', hz: this.#hz });
    await child.started(ready);
  }

  #again(): void {
    if (++this.#failures > FAILURES_MAX) {
      this.#events.failed(
        `The recorder of ${this.#config.traceFile} ended ${this.#failures} times in a row${this.#lastError ? `: ${this.#lastError}` : ''}. The events wait in ${this.#config.spoolFolder}.`,
      );
      return;
    }
    setTimeout(() => {
      if (this.#closing) return;
      this.start().catch(() => undefined); // its exit comes back here
    }, RESTART_MS * this.#failures);
  }

  /** Asks for live snapshots at most `hz` times a second; 0 ends them. */
  watch(hz: number): void {
    this.#hz = hz;
    this.#child?.send({ kind: 'watch', hz });
  }

  /** Has the recorder change the trace's bookmarks. Rejects with a sentence when it does not. */
  bookmark(change: BookmarkChange): Promise<void> {
    const child = this.#child;
    if (!child?.running || this.#closing)
      return Promise.reject(new Error('The trace is being closed. Try again when the run has ended.'));
    const id = ++this.#bookmarks;
    return new Promise((resolve, reject) => {
      this.#marking.set(id, { resolve, reject });
      child.send({ kind: 'bookmark', id, change });
    });
  }

  /** Closes the trace as complete. Every source must have ended. Rejects when the recorder cannot. */
  async close(reason: string): Promise<{ events: number; gaps: number }> {
    this.#closing = true;
    for (let attempt = 1; ; attempt++) {
      const answer = new Promise<{ events: number; gaps: number }>((resolve) => (this.#closed = resolve));
      if (!this.#child?.running) await this.start();
      const child = this.#child;
      if (!child) throw new Error('The recorder could not be started to close the trace.');
      child.send({ kind: 'close', reason });
      const outcome = await this.#closes(child, answer);
      if ('events' in outcome) {
        await child.leave(5_000);
        return outcome;
      }
      if (attempt === 3) {
        throw new Error(
          `The trace ${this.#config.traceFile} could not be closed: ${this.#lastError ?? outcome.lastWords ?? 'the recorder ended'}. It opens as cut off.`,
        );
      }
    }
  }

  /** Its answer, or its exit; it is ended when it says nothing for long. */
  async #closes<T>(child: Child<FromRecorder, ToRecorder>, answer: Promise<T>): Promise<T | ChildExit> {
    let timer: NodeJS.Timeout | undefined;
    this.#stillClosing = () => {
      clearTimeout(timer);
      timer = setTimeout(() => child.signal('SIGKILL'), CLOSING_SILENCE_MS_MAX);
    };
    this.#stillClosing();
    try {
      return await Promise.race([answer, child.exited]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the recorder without closing the trace. */
  async abandon(): Promise<void> {
    this.#closing = true;
    this.#child?.signal('SIGKILL');
    await this.#child?.exited;
  }
}
