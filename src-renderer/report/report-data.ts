/** All that a report says of a run, asked of its trace. */
import type {
  BookmarkRow,
  ClusterState,
  ElectionRow,
  EventDetail,
  FaultRow,
  OperationBucket,
  QueryAnswer,
  QueryName,
  QueryParams,
  RunFigures,
  TraceInfo,
  TraceTotals,
} from '../../src-main/api/index.ts';
import { roundBuckets } from '../canvas/timeline/ticks.ts';

export const REPORT_SECTIONS = [
  { name: 'moments', title: 'Marked moments' },
  { name: 'elections', title: 'Elections' },
  { name: 'figures', title: 'Operations and messages' },
  { name: 'latency', title: 'Latency over time' },
  { name: 'faults', title: 'Faults' },
  { name: 'findings', title: 'Findings' },
  { name: 'settings', title: 'Settings and scenario' },
] as const;
export type ReportSection = (typeof REPORT_SECTIONS)[number]['name'];

export interface ReportChoice {
  readonly sections: ReadonlySet<ReportSection>;
  /** Whether what clients and operators wrote is left out; a scenario may hold it too. */
  readonly redacted: boolean;
}

/** A picture that stands in the page itself. */
export interface Picture {
  readonly dataUrl: string;
  /** As it is shown; it has twice as many pixels. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** What it shows, for those who do not see it. */
  readonly text: string;
}

export interface ReportMoment {
  readonly bookmark: BookmarkRow;
  /** What was selected when it was marked. */
  readonly event: EventDetail | null;
  readonly state: ClusterState;
  readonly picture: Picture | null;
}

export interface ReportData {
  readonly info: TraceInfo;
  /** ISO 8601. */
  readonly madeAt: string;
  readonly moments: readonly ReportMoment[];
  readonly elections: readonly ElectionRow[];
  readonly faults: readonly FaultRow[];
  readonly figures: RunFigures;
  readonly totals: TraceTotals;
  /** Operations over the run, for the chart. */
  readonly buckets: readonly OperationBucket[];
}

/** Asks the trace of the run that is reported on. */
export type AskRun = <Q extends QueryName>(query: Q, params: QueryParams<Q>) => Promise<QueryAnswer<Q>>;

export interface ReportWork {
  readonly ask: AskRun;
  /** Draws the Timeline around a bookmark. */
  paint(bookmark: BookmarkRow, info: TraceInfo): Promise<Picture | null>;
  readonly madeAt: string;
  /** Told before each part: so many of so many are done. */
  onProgress?(done: number, of: number): void;
}

const BUCKETS = 160;
/** Shorter buckets hold too few operations for a p99. */
const BUCKET_NS_MIN = 20_000_000;

/** One part after the other: a report is in no hurry, and the reader answers the window meanwhile. Rejects as `ask` does. */
export async function gatherReport(
  { ask, paint, madeAt, onProgress }: ReportWork,
  { sections }: ReportChoice,
): Promise<ReportData> {
  const info = await ask('info', {});
  const bookmarks = sections.has('moments') ? (await ask('bookmarks', {})).bookmarks : [];
  const parts = bookmarks.length + 1;
  const moments: ReportMoment[] = [];
  for (const bookmark of bookmarks) {
    onProgress?.(moments.length, parts);
    const event = bookmark.event === null ? null : await ask('event', { id: bookmark.event });
    const state = await ask('stateAt', { atNs: bookmark.atNs });
    moments.push({ bookmark, event, state, picture: await paint(bookmark, info) });
  }
  onProgress?.(moments.length, parts);
  const all = { fromNs: 0, toNs: Math.max(1, Math.ceil(info.durationNs)) };
  const data: ReportData = {
    info,
    madeAt,
    moments,
    elections: (await ask('elections', {})).elections,
    faults: (await ask('faults', {})).faults,
    figures: await ask('figures', {}),
    totals: await ask('totals', {}),
    buckets: sections.has('latency')
      ? (await ask('operationBuckets', roundBuckets(all, Math.max(info.durationNs / BUCKETS, BUCKET_NS_MIN))))
          .buckets
      : [],
  };
  onProgress?.(parts, parts);
  return data;
}
