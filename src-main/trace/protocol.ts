/** What the lab and the trace's two processes say to each other over IPC (`serialization: 'advanced'`). */
import type { NodeId } from '../consensus/replica.ts';
import type { SourceId } from './model/events.ts';
import type { BookmarkChange, LiveSnapshot, QueryName, QueryParams } from './model/queries.ts';

/** Everything about a run that is known before its first event. */
export interface RunHeader {
  runId: string;
  title: string;
  protocol: string;
  profile: string;
  options: object;
  nodes: NodeId[];
  seed: number;
  startedAt: string;
  scenario: string | null;
  versions: Record<string, string>;
  machine: { os: string; cpu: string; cores: number };
}

/** At which the recorder says `limit`: the run is to end in order, its trace is closed as truncated. */
export interface TraceLimits {
  /** Of the trace file; as large as may be unless said. */
  traceBytesMax?: number;
  /** What is left free on its disk. */
  freeBytesMin?: number;
}

/** First message to a recorder. Started again over the same folder it goes on where the trace file ends. */
export interface RecorderStart {
  kind: 'start';
  traceFile: string;
  spoolFolder: string;
  header: RunHeader;
  /** It was given a low priority: should it get too little of the processor for its work, it resigns. */
  givesWay?: boolean;
  limits?: TraceLimits;
}
/** Instead of `start`: take what the spools of a cut-off run still hold into its trace, close it as truncated and leave. */
export interface RecorderFold {
  kind: 'fold';
  traceFile: string;
  spoolFolder: string;
}
export type ToRecorder =
  | RecorderStart
  | RecorderFold
  /** Snapshots at most this often, the next only after `snapshotTaken`; 0 ends them. */
  | { kind: 'watch'; hz: number }
  | { kind: 'snapshotTaken' }
  /** Answered by `bookmarked` with the same id. */
  | { kind: 'bookmark'; id: number; change: BookmarkChange }
  /** Every source has ended: read the spools to their end, close the trace as complete, say `closed` and leave. */
  /** Every source has ended: read the spools to their end, close the trace as complete (truncated after a `limit`), say `closed` and leave. */
  | { kind: 'close'; reason: string };
export type FromRecorder =
  | { kind: 'ready' }
  | { kind: 'snapshot'; snapshot: LiveSnapshot }
  /** `error`: it was not done, and why. */
  | { kind: 'bookmarked'; id: number; error?: string }
  /** Said once: the run is to end, for this reason. Until then everything is still recorded. */
  | { kind: 'limit'; reason: string }
  /** It is at work on closing; said every second or so, because what waits in the spools may take minutes. */
  | { kind: 'closing'; backlogBytes: number }
  | { kind: 'closed'; events: number; gaps: number }
  /** It leaves: somebody of ordinary priority is to go on where it stopped. */
  | { kind: 'resigned' }
  | { kind: 'failed'; error: string };

export interface ReaderStart {
  kind: 'start';
  traceFile: string;
  /** It was recorded elsewhere: nothing in it is believed. */
  foreign?: boolean;
}
/** Instead of `start`: reads the whole file, says whether it is sound, and leaves. */
export interface ReaderVerify {
  kind: 'verify';
  traceFile: string;
}
export type ToReader =
  | ReaderStart
  | ReaderVerify
  | { [Q in QueryName]: { kind: 'query'; id: number; query: Q; params: QueryParams<Q> } }[QueryName];
export type FromReader =
  | { kind: 'ready' }
  /** The file is no trace, damaged, or of a later version: a sentence that names file and remedy. */
  | { kind: 'refused'; error: string }
  | { kind: 'answer'; id: number; answer: unknown }
  | { kind: 'error'; id: number; error: string }
  /** How much of the work is done, 0 to 1, when a part of it begins; `share` is the part's own. */
  | { kind: 'verifying'; done: number; share: number }
  /** What is wrong with the file, a part of a sentence each; none: it is sound. */
  | { kind: 'verified'; problems: string[] };

/** The only message to a writer, which changes the bookmarks of a trace that nobody records any more, says so and leaves. */
export interface ToWriter {
  kind: 'bookmark';
  traceFile: string;
  /** The run that the file must hold. */
  runId: string;
  change: BookmarkChange;
}
export type FromWriter = { kind: 'done' } | { kind: 'refused'; error: string };

/** Spool files are `<source>-<incarnation>.spool` in the run's spool folder. */
export function spoolFileName(source: SourceId, incarnation: number): string {
  return `${source}-${incarnation}.spool`;
}
