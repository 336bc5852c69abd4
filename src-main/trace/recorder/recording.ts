/** The work of a recorder: from the spools of a run into its trace file. Runs in its own process, in tests also without one. */
import { rmSync } from 'node:fs';
import { changeBookmarks } from '../bookmarks.ts';
import { eventId } from '../model/events.ts';
import type { Nanoseconds, TraceEvent } from '../model/events.ts';
import type { BookmarkChange } from '../model/queries.ts';
import { spoolFileName } from '../protocol.ts';
import type { RunHeader } from '../protocol.ts';
import { createDeferredIndexes, dropDeferredIndexes } from '../schema.ts';
import type { SpooledEvent } from '../spool/reader.ts';
import type { SqliteDatabase, SqliteStatement } from '../sqlite.ts';
import { Density } from './density.ts';
import { ElectionRows } from './election-rows.ts';
import { EventRows, toTraceEvent } from './event-rows.ts';
import { Keyframes } from './keyframes.ts';
import { Lanes } from './lanes.ts';
import { LogEntries } from './log-entries.ts';
import { MessageCopies } from './messages.ts';
import type { MessageCopy } from './message-copy.ts';
import { Operations } from './operations.ts';
import { SpoolFolder } from './spool-folder.ts';
import type { SpoolProgress } from './spool-folder.ts';
import { keepWalBounded } from './wal.ts';
import { closeFile, finishMaking, openForMaking, openForRecording, openToFinish } from './trace-file.ts';
import type { StoredRun } from './trace-file.ts';

/** Where nothing comes late nobody reads events before all of a round are there, so they may be inserted together. */
const ROWS_AT_ONCE = 40;

/** More than so much is not put into the write-ahead log while somebody holds on to what is behind it: the spools keep the rest. */
const WAL_BYTES_MAX = 128 * 1024 * 1024;

export interface RecordingOptions {
  walBytesMax?: number;
}

/** Hears of everything recorded, in the order in which it is. */
export interface RecordingListener {
  event(event: TraceEvent): void;
  /** A message was sent; the copy's row goes on filling in. */
  message(copy: MessageCopy): void;
}

export class TraceRecording {
  readonly file: string;
  readonly keyframes: Keyframes;
  readonly elections: ElectionRows;
  listener: RecordingListener | undefined;
  /** The spools tell themselves what is missing from them: they were written anew from a trace that says so. */
  gapsSpooled = false;
  readonly #database: SqliteDatabase;
  readonly #spools: SpoolFolder;
  readonly #events: EventRows;
  readonly #messages: MessageCopies;
  readonly #operations: Operations;
  readonly #entries: LogEntries;
  readonly #density: Density;
  readonly #lanes: Lanes;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #setProgress: SqliteStatement;
  readonly #setCounts: SqliteStatement;
  /** Spool file -> time of its newest event recorded. */
  readonly #lastNs = new Map<string, Nanoseconds>();
  /** Under which name it stands until it is whole; undefined for one that is recorded while its run lasts. */
  readonly #making: string | undefined;
  readonly #walBytesMax: number;
  #closed: boolean;
  #recorderSeq: number;
  #newestNs: Nanoseconds;
  #eventCount: number;
  #gapCount: number;

  private constructor(
    file: string,
    spoolFolder: string,
    database: SqliteDatabase,
    run: StoredRun,
    making?: string,
    { walBytesMax = WAL_BYTES_MAX }: RecordingOptions = {},
  ) {
    this.#walBytesMax = walBytesMax;
    this.file = file;
    this.#making = making;
    this.#database = database;
    this.#closed = run.status === 'complete';
    this.#recorderSeq = run.recorder_seq;
    this.#newestNs = run.duration_ns;
    this.#eventCount = run.events;
    this.#gapCount = run.gaps;
    this.#events = new EventRows(database, making === undefined ? 1 : ROWS_AT_ONCE);
    this.#density = new Density(database);
    this.#messages = new MessageCopies(database, this.#density);
    this.#messages.sent = run.messages;
    this.#operations = new Operations(database, this.#density);
    this.#operations.invoked = run.operations;
    this.#entries = new LogEntries(database);
    this.#lanes = new Lanes(database);
    this.keyframes = new Keyframes(database);
    this.elections = new ElectionRows(database);
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#setProgress = database.prepare(
      `INSERT INTO spool (file, offset, next_seq, at_ns) VALUES (?, ?, ?, ?)
      ON CONFLICT (file) DO UPDATE SET offset = excluded.offset, next_seq = excluded.next_seq, at_ns = excluded.at_ns`,
    );
    this.#setCounts = database.prepare(
      'UPDATE run SET duration_ns = ?, events = ?, messages = ?, operations = ?, gaps = ?, recorder_seq = ?',
    );
    this.#spools = new SpoolFolder(spoolFolder, this.#readProgress());
    if (making !== undefined) dropDeferredIndexes(database);
  }

  /** Makes the trace, or goes on where an earlier recorder of the same run ended. @throws with a sentence for the user */
  static start(
    file: string,
    spoolFolder: string,
    header: RunHeader,
    options: RecordingOptions = {},
  ): TraceRecording {
    const { database, run } = openForRecording(file, header);
    return new TraceRecording(file, spoolFolder, database, run, undefined, options);
  }

  /**
   * Makes a trace at one go from the spools of a run that is over; `close` does all the work. The file appears when it is whole, and takes
   * the place of any that had its name. @throws with a sentence for the user
   */
  static make(file: string, spoolFolder: string, header: RunHeader): TraceRecording {
    const { database, run, making } = openForMaking(file, header);
    return new TraceRecording(file, spoolFolder, database, run, making);
  }

  /** Takes up a trace that its recorder left behind. @throws with a sentence for the user */
  static resume(file: string, spoolFolder: string): TraceRecording {
    const { database, run } = openToFinish(file);
    return new TraceRecording(file, spoolFolder, database, run);
  }

  get events(): number {
    return this.#eventCount;
  }

  get messages(): number {
    return this.#messages.sent;
  }

  get gaps(): number {
    return this.#gapCount;
  }

  /** Time of the newest event recorded. */
  get newestNs(): Nanoseconds {
    return this.#newestNs;
  }

  /** Bytes in the spools that are not in the trace yet. */
  get backlogBytes(): number {
    return this.#spools.backlogBytes;
  }

  /** Whether the trace was already complete when it was opened. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Reads the spools once and records what is ready, in one transaction together with where reading goes on. Returns how
   * many events were recorded and whether everything readable has been.
   */
  round(all = false): { recorded: number; caughtUp: boolean } {
    if (!all && !keepWalBounded(this.#database, this.file, this.#walBytesMax))
      return { recorded: 0, caughtUp: false };
    const { events, progress, caughtUp } = this.#spools.round(all);
    if (events.length > 0) this.#transaction(() => this.#record(events, progress));
    return { recorded: events.length, caughtUp };
  }

  /** @throws with a sentence for the user */
  bookmark(change: BookmarkChange): void {
    this.#transaction(() => changeBookmarks(this.#database, change));
  }

  /** Reads the spools to their end and closes the file; every source must have ended. */
  async close(status: 'complete' | 'truncated', reason: string | null): Promise<void> {
    if (!this.#closed) {
      while (!this.round(true).caughtUp);
      if (this.#making !== undefined) createDeferredIndexes(this.#database);
      this.#transaction(() => this.#finish(status, reason));
      this.#closed = true;
    }
    this.#spools.close();
    if (this.#making === undefined) await closeFile(this.#database, this.file);
    else finishMaking(this.#database, this.#making, this.file);
  }

  /** Lets go of the file as it is: it stays a recording that was cut off. What was to be made at one go is not made. */
  abandon(): void {
    this.#spools.close();
    this.#database.close();
    if (this.#making !== undefined) rmSync(this.#making, { force: true });
  }

  #transaction(work: () => void): void {
    this.#begin.run();
    try {
      work();
      this.#commit.run();
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #record(events: readonly SpooledEvent[], progress: readonly SpoolProgress[]): void {
    for (const spooled of events) {
      if (spooled.missing > 0 && !this.gapsSpooled) this.#recordMissing(spooled, events);
      this.#recordEvent(toTraceEvent(spooled), spooled.cause, spooled.json);
    }
    this.#events.flush();
    this.#messages.flush(this.#newestNs);
    this.#operations.flush();
    this.#density.flush();
    for (const { file, offset, seq, atNs } of progress) {
      this.#setProgress.run(file, offset, seq, atNs);
      this.#lastNs.set(file, atNs);
    }
    this.#writeCounts();
    if (this.#making !== undefined) return;
    this.elections.flush();
    this.#lanes.flush();
  }

  #recordEvent(event: TraceEvent, cause: string | null, json: string): void {
    this.#events.insert(event, cause, json);
    this.#eventCount++;
    if (event.kind === 'gap' && this.gapsSpooled) this.#knownGap(event);
    if (event.atNs > this.#newestNs) this.#newestNs = event.atNs;
    this.#density.count(event.kind, event.atNs);
    this.#file(event);
    this.keyframes.feed(event);
    this.elections.feed(event);
    this.#lanes.feed(event);
    this.listener?.event(event);
  }

  /** Puts an event into the rows that gather several events. */
  #file(event: TraceEvent): void {
    switch (event.kind) {
      case 'send':
        this.#send(event);
        break;
      case 'arrive':
      case 'deliver':
        this.#messages.receipt(event);
        break;
      case 'drop':
        this.#messages.drop(event);
        break;
      case 'link':
        if (event.state === 'down') this.#messages.linkDown(event.source, event.peer, event.atNs);
        break;
      case 'process-exited':
      case 'process-spawned':
        this.#messages.receiverGone(event.node, event.atNs);
        break;
      case 'invoke':
        this.#operations.invoke(event);
        break;
      case 'complete':
        this.#operations.complete(event);
        break;
      case 'commit':
        this.#density.commit(event);
        break;
      case 'configuration':
      case 'transfer':
      case 'lease':
        this.#density.mark(event);
        break;
      case 'snapshot':
        this.#density.mark(event);
        this.#entries.feed(event);
        break;
      case 'append':
      case 'truncate':
      case 'compact':
      case 'node-started':
        this.#entries.feed(event);
        break;
      case 'fault-started':
      case 'fault-ended':
        this.#events.fault(event);
        break;
      default:
        break;
    }
  }

  #send(event: Extract<TraceEvent, { kind: 'send' }>): void {
    const copy = this.#messages.send(eventId(event), event);
    this.listener?.message(copy);
  }

  /** The gap before an event of this batch stands at the time of its source's event before that. */
  #recordMissing({ source, incarnation, seq, missing }: SpooledEvent, batch: readonly SpooledEvent[]): void {
    let atNs = this.#lastNs.get(spoolFileName(source, incarnation)) ?? 0;
    for (const event of batch) {
      if (event.source === source && event.incarnation === incarnation && event.seq < seq) atNs = event.atNs;
    }
    this.#recordGap(source, incarnation, seq - missing, seq - 1, atNs);
  }

  /** A gap that an earlier recorder found. */
  #knownGap({ seq }: TraceEvent): void {
    this.#gapCount++;
    if (seq > this.#recorderSeq) this.#recorderSeq = seq;
  }

  #recordGap(of: string, ofIncarnation: number, fromSeq: number, toSeq: number, atNs: Nanoseconds): void {
    const payload = { kind: 'gap', of, ofIncarnation, fromSeq, toSeq } as const;
    const seq = ++this.#recorderSeq;
    this.#gapCount++;
    this.#recordEvent(
      { source: 'recorder', incarnation: 1, seq, atNs, step: 0, ...payload },
      null,
      JSON.stringify(payload),
    );
  }

  #finish(status: 'complete' | 'truncated', reason: string | null): void {
    for (const { source, incarnation, nextSeq } of this.#spools.damagedEnds()) {
      const atNs = this.#lastNs.get(spoolFileName(source, incarnation)) ?? 0;
      this.#recordGap(source, incarnation, nextSeq, nextSeq, atNs);
    }
    this.#events.flush();
    this.#messages.close();
    this.#operations.flush();
    this.#density.flush();
    this.#entries.finish();
    this.keyframes.finish();
    this.elections.finish();
    this.#lanes.finish();
    this.#writeCounts();
    this.#database
      .prepare('UPDATE run SET status = ?, status_reason = ?, recorder_pid = NULL, recorder_token = NULL')
      .run(status, reason);
  }

  #writeCounts(): void {
    const { sent } = this.#messages;
    const { invoked } = this.#operations;
    this.#setCounts.run(this.#newestNs, this.#eventCount, sent, invoked, this.#gapCount, this.#recorderSeq);
  }

  #readProgress(): Map<string, { offset: number; seq: number }> {
    const positions = new Map<string, { offset: number; seq: number }>();
    const rows = this.#database.prepare('SELECT file, offset, next_seq, at_ns FROM spool').all();
    for (const row of rows as { file: string; offset: number; next_seq: number; at_ns: number }[]) {
      positions.set(row.file, { offset: row.offset, seq: row.next_seq });
      this.#lastNs.set(row.file, row.at_ns);
    }
    return positions;
  }
}
