/** What the recorder process says and does. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { BookmarkChange, LiveSnapshot } from '../model/queries.ts';
import type { FromRecorder, RecorderFold, RecorderStart, ToRecorder } from '../protocol.ts';
import { foldSpools } from '../repair.ts';
import { Limits, traceBytes } from './limits.ts';
import { LiveView } from './live-view.ts';
import { TraceRecording } from './recording.ts';
import { Starvation } from './starvation.ts';

/**
 * How often the spools are looked at while something happens, and up to which wait it doubles while nothing does. Every look ends
 * in a commit, and commits are what recording a little costs; so it is seldom done while nobody watches. More events at once
 * than `backlogEvents` mean that it lags: the next round follows at once.
 */
interface Pace {
  readonly busyMs: number;
  readonly idleMsMax: number;
  readonly backlogEvents: number;
}
const WATCHED: Pace = { busyMs: 40, idleMsMax: 160, backlogEvents: 5_000 };
const UNWATCHED: Pace = { busyMs: 250, idleMsMax: 500, backlogEvents: 25_000 };
const ELECTIONS_MAX = 20;
/** More than this is not left to a process of low priority to close with: somebody waits for it. */
const CLOSING_BACKLOG_BYTES_MAX = 4 * 1024 * 1024;
const CLOSING_TELL_MS = 1_000;

/** Serves the parent process over IPC; ends the process when the parent is gone, when told to close, or when it cannot go on. */
export function recorderProcess(): void {
  let recorder: Recorder | undefined;
  process.on('message', (message: ToRecorder) => {
    try {
      if (message.kind === 'start') recorder = new Recorder(message);
      else if (message.kind === 'fold') fold(message).catch(fail);
      else if (message.kind === 'watch') recorder?.watch(message.hz);
      else if (message.kind === 'snapshotTaken') recorder?.snapshotTaken();
      else if (message.kind === 'bookmark') say(bookmark(recorder, message));
      else recorder?.close(message.reason).catch(fail);
    } catch (error) {
      fail(error);
    }
  });
  // Ctrl+C in a terminal reaches the whole group and is the parent's to handle.
  process.on('SIGINT', () => undefined);
  // Without a parent nobody will say when the run is over. The trace stays as it is, and a later recorder can go on.
  process.on('disconnect', () => process.exit(0));
}

async function fold({ traceFile, spoolFolder }: RecorderFold): Promise<void> {
  const folded = await foldSpools(traceFile, spoolFolder, undefined, (backlogBytes) =>
    say({ kind: 'closing', backlogBytes }),
  );
  say({ kind: 'closed', ...folded }, () => process.exit(0));
}

/** A bookmark that cannot be kept ends nothing. */
function bookmark(
  recorder: Recorder | undefined,
  { id, change }: Extract<ToRecorder, { kind: 'bookmark' }>,
): FromRecorder {
  try {
    if (recorder === undefined) throw new Error('Nothing is being recorded yet. Try again in a moment.');
    recorder.bookmark(change);
    return { kind: 'bookmarked', id };
  } catch (error) {
    return { kind: 'bookmarked', id, error: error instanceof Error ? error.message : String(error) };
  }
}

function fail(error: unknown): void {
  say({ kind: 'failed', error: error instanceof Error ? error.message : String(error) }, () =>
    process.exit(1),
  );
}

function say(message: FromRecorder, then?: () => void): void {
  if (process.send) process.send(message, () => then?.());
  else then?.();
}

class Recorder {
  readonly #recording: TraceRecording;
  readonly #runId: string;
  readonly #view = new LiveView();
  /** Only for one that gives way to others. */
  readonly #starvation: Starvation | undefined;
  readonly #limits: Limits;
  #toldLimit = false;
  #timer: NodeJS.Timeout | undefined;
  #pace = UNWATCHED;
  #waitMs = UNWATCHED.busyMs;
  #closing = false;
  #hz = 0;
  #snapshotMs = 0;
  #snapshotOut = false;

  constructor({ traceFile, spoolFolder, header, givesWay = false, limits = {} }: RecorderStart) {
    this.#runId = header.runId;
    this.#starvation = givesWay ? new Starvation() : undefined;
    this.#limits = new Limits(traceFile, limits);
    this.#recording = TraceRecording.start(traceFile, spoolFolder, header);
    this.#recording.listener = this.#view;
    say({ kind: 'ready' });
    this.#round();
  }

  watch(hz: number): void {
    this.#hz = Math.min(30, Math.max(0, hz));
    this.#snapshotOut = false;
    this.#pace = this.#hz > 0 ? WATCHED : UNWATCHED;
    if (this.#pace === UNWATCHED || this.#closing) return;
    clearTimeout(this.#timer);
    this.#round();
  }

  snapshotTaken(): void {
    this.#snapshotOut = false;
  }

  bookmark(change: BookmarkChange): void {
    if (this.#closing) throw new Error('The trace is being closed. Try again when the run has ended.');
    this.#recording.bookmark(change);
  }

  async close(reason: string): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearTimeout(this.#timer);
    if (this.#starvation !== undefined && this.#recording.backlogBytes > CLOSING_BACKLOG_BYTES_MAX) {
      this.#resign();
      return;
    }
    await this.#catchUp();
    const limit = this.#toldLimit ? this.#limits.reached() : undefined;
    await this.#recording.close(limit === undefined ? 'complete' : 'truncated', limit ?? reason);
    const { events, gaps } = this.#recording;
    say({ kind: 'closed', events, gaps }, () => process.exit(0));
  }

  async #catchUp(): Promise<void> {
    let toldMs = performance.now();
    while (!this.#recording.closed && !this.#recording.round(true).caughtUp) {
      if (performance.now() - toldMs < CLOSING_TELL_MS) continue;
      toldMs = performance.now();
      say({ kind: 'closing', backlogBytes: this.#recording.backlogBytes });
      await breathe();
    }
  }

  #resign(): void {
    this.#closing = true;
    this.#recording.abandon();
    say({ kind: 'resigned' }, () => process.exit(0));
  }

  readonly #round = (): void => {
    if (this.#closing || this.#recording.closed) return;
    try {
      if (this.#starvation?.work() === true) {
        this.#resign();
        return;
      }
      const { recorded, caughtUp } = this.#recording.round();
      this.#tellSnapshot();
      this.#tellLimit();
      const { busyMs, idleMsMax, backlogEvents } = this.#pace;
      if (recorded > backlogEvents) this.#waitMs = 0;
      else if (recorded > 0 || !caughtUp) this.#waitMs = busyMs;
      else this.#waitMs = Math.min(idleMsMax, Math.max(busyMs, this.#waitMs * 2));
      this.#starvation?.rest(this.#waitMs);
      this.#timer = setTimeout(this.#round, this.#waitMs);
    } catch (error) {
      this.#closing = true;
      fail(error);
    }
  };

  #tellLimit(): void {
    const reason = this.#limits.reached();
    if (reason === undefined || this.#toldLimit) return;
    this.#toldLimit = true;
    say({ kind: 'limit', reason });
  }

  #tellSnapshot(): void {
    const nowMs = performance.now();
    if (this.#hz === 0 || this.#snapshotOut || nowMs - this.#snapshotMs < 1000 / this.#hz) return;
    this.#snapshotMs = nowMs;
    this.#snapshotOut = true;
    say({ kind: 'snapshot', snapshot: this.#snapshot() });
  }

  #snapshot(): LiveSnapshot {
    const recording = this.#recording;
    return {
      runId: this.#runId,
      atNs: recording.newestNs,
      state: recording.keyframes.state,
      ...this.#view.snapshot(recording.newestNs),
      elections: recording.elections.rows().slice(-ELECTIONS_MAX),
      events: recording.events,
      messages: recording.messages,
      backlogBytes: recording.backlogBytes,
      fileBytes: traceBytes(recording.file),
    };
  }
}
