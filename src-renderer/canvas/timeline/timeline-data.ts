import { useDocumentVisibility } from '@vueuse/core';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import type {
  ElectionRow,
  FaultRow,
  LaneMark,
  LaneSegment,
  MessageRow,
  NodeId,
  OperationBucket,
} from '../../../src-main/api/index.ts';
import { useRunStore } from '../../stores/run.ts';
import { useTimelineFilterStore } from '../../stores/timeline-filter.ts';
import { sentenceOf } from '../../wording/figures.ts';
import type { LoadedFor } from './buffer.ts';
import { isStale, joinMessages, messageLimit, wantedWindows } from './buffer.ts';
import type { CommitStep } from './commits.ts';
import { commitSteps } from './commits.ts';
import { roundBuckets } from './ticks.ts';
import { useTimelineStore } from './timeline-store.ts';
import type { Viewport } from './viewport.ts';
import { spanOf } from './viewport.ts';

/** What is drawn, all of one look at the trace. */
export interface TimelineData {
  readonly loaded: LoadedFor;
  readonly segments: readonly LaneSegment[];
  readonly messages: readonly MessageRow[];
  /** Of the viewport itself, without its neighbours. */
  readonly shown: number;
  readonly total: number;
  /** Without the filter; null where nothing is filtered. */
  readonly all: number | null;
  readonly elections: readonly ElectionRow[];
  readonly faults: readonly FaultRow[];
  readonly buckets: readonly OperationBucket[];
  readonly marks: readonly LaneMark[];
  /** Where each node's commit index rose. */
  readonly commits: ReadonlyMap<NodeId, readonly CommitStep[]>;
}

/** After the view has come to rest; and between two looks at a growing recording. */
const SETTLE_MS = 80;
const LIVE_MS = 400;
const BUCKET_PX = 6;
const STRIP_PX = 2;
const MARK_PX = 8;

/** Asks the trace for what the view needs. One look is under way at a time; the answer to an older wish is dropped. */
export function useTimelineData(plotPx: Ref<number>): {
  data: ShallowRef<TimelineData | null>;
  error: Ref<string | null>;
} {
  const run = useRunStore();
  const timeline = useTimelineStore();
  const filter = useTimelineFilterStore();
  const visibility = useDocumentVisibility();
  const data = shallowRef<TimelineData | null>(null);
  const error = ref<string | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let underWay = false;
  let lastMs = 0;
  let ended = false;
  let forced = false;

  function wish(afterMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), Math.max(afterMs, 0));
  }

  async function look(): Promise<void> {
    if (underWay || ended || visibility.value === 'hidden') return;
    const runId = run.runId;
    const edgeNs = run.endNs;
    if (!runId || edgeNs <= 0 || plotPx.value < 50) return;
    const target = timeline.viewAt(edgeNs);
    if (!forced && !isStale(data.value?.loaded ?? null, target, edgeNs)) return;
    underWay = true;
    forced = false;
    lastMs = performance.now();
    try {
      const before = timeline.view;
      const first = await askCenter(target, edgeNs);
      if (ended || run.runId !== runId) return;
      // The view moves only together with what it shows, and only while nobody moved it meanwhile.
      if (timeline.follow !== 'none' && timeline.view === before) timeline.view = target;
      data.value = first;
      error.value = null;
      if (timeline.follow === 'none') await addSides(first, target, edgeNs, runId);
    } catch (cause) {
      if (!ended && run.runId === runId) error.value = sentenceOf(cause);
    } finally {
      underWay = false;
      if (
        !ended &&
        error.value === null &&
        isStale(data.value?.loaded ?? null, timeline.viewAt(run.endNs), run.endNs)
      ) {
        wish(lastMs + (run.live ? LIVE_MS : SETTLE_MS) - performance.now());
      }
    }
  }

  async function askCenter(target: Viewport, edgeNs: number): Promise<TimelineData> {
    const { center, whole } = wantedWindows(target, edgeNs);
    const nsPerPx = spanOf(target) / plotPx.value;
    const bars = roundBuckets(whole, nsPerPx * BUCKET_PX);
    const strips = roundBuckets(whole, nsPerPx * STRIP_PX);
    const marked = roundBuckets(whole, nsPerPx * MARK_PX);
    const [lanes, messages, elections, faults, operations, commits, marks] = await Promise.all([
      run.query('lanes', whole),
      run.query('messages', {
        ...center,
        limit: messageLimit(plotPx.value),
        heartbeats: timeline.heartbeats,
        ...filter.asked,
      }),
      run.query('elections', {}),
      run.query('faults', {}),
      run.query('operationBuckets', bars),
      run.query('commits', strips),
      run.query('marks', marked),
    ]);
    return {
      loaded: { view: target, edgeNs },
      segments: lanes.segments,
      messages: messages.rows,
      shown: messages.rows.length,
      total: messages.total,
      all: messages.all ?? null,
      elections: elections.elections,
      faults: faults.faults,
      buckets: operations.buckets,
      marks: marks.marks,
      commits: new Map(commits.nodes.map(({ node, indexes }) => [node, commitSteps(indexes, strips)])),
    };
  }

  async function addSides(
    first: TimelineData,
    target: Viewport,
    edgeNs: number,
    runId: string,
  ): Promise<void> {
    const { left, right } = wantedWindows(target, edgeNs);
    const limit = Math.ceil(messageLimit(plotPx.value) / 2);
    const ask = async (side: Viewport | null): Promise<readonly MessageRow[]> =>
      side
        ? (await run.query('messages', { ...side, limit, heartbeats: timeline.heartbeats, ...filter.asked }))
            .rows
        : [];
    const sides = await Promise.all([ask(left), ask(right)]);
    if (ended || run.runId !== runId || data.value !== first) return;
    data.value = { ...first, messages: joinMessages([first.messages, ...sides]) };
  }

  watch(
    () => run.runId,
    () => {
      data.value = null;
      error.value = null;
    },
    { flush: 'sync' },
  );
  // A change of what is wanted is looked at once it has come to rest; a growing recording at most a few times a second.
  watch([() => timeline.view, plotPx], () => {
    wish(data.value === null ? 0 : SETTLE_MS);
  });
  watch(
    [
      () => timeline.heartbeats,
      () => filter.filter,
      () => timeline.follow,
      visibility,
      () => run.runId,
      () => run.live,
      () => run.info,
    ],
    () => {
      forced = true;
      wish(0);
    },
  );
  watch(
    () => run.endNs,
    () => {
      if (timer === undefined || performance.now() - lastMs > LIVE_MS) wish(0);
    },
  );
  wish(0);
  onScopeDispose(() => {
    ended = true;
    clearTimeout(timer);
  });
  return { data, error };
}
