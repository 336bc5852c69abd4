import { defineStore } from 'pinia';
import { ref, shallowRef, watch } from 'vue';
import type { ElectionRow } from '../../../src-main/api/index.ts';
import { useCursorStore } from '../../stores/cursor.ts';
import { replayElection } from '../../stores/replay-election.ts';
import { useRunStore } from '../../stores/run.ts';
import { useSelectionStore } from '../../stores/selection.ts';
import { useViewStore } from '../../stores/view.ts';
import { electionEndNs } from './spans.ts';
import type { Viewport } from './viewport.ts';
import {
  clampViewport,
  contains,
  fitRun,
  followEdge,
  frame,
  keepInView,
  panBy,
  spanOf,
  zoomAt,
} from './viewport.ts';

/** none: the view stands where it was put; edge: it follows the recording; whole: it shows all there is. */
export type FollowMode = 'none' | 'edge' | 'whole';

const LIVE_SPAN_NS = 10_000_000_000;

/** Which stretch of the run the Timeline shows, kept while other views are looked at. */
export const useTimelineStore = defineStore('timeline', () => {
  const run = useRunStore();
  const cursor = useCursorStore();
  const selection = useSelectionStore();
  const views = useViewStore();
  const view = shallowRef<Viewport>(fitRun(0));
  const follow = ref<FollowMode>('none');
  const heartbeats = ref(false);
  const asTable = ref(false);
  /** How much is shown while following the edge: less at the beginning of a run, then this. */
  let followSpanNs = LIVE_SPAN_NS;
  /** The run whose first view has been chosen. */
  let placedFor: string | null = null;

  /** Where the view belongs when the recording has come to `edgeNs`. */
  function viewAt(edgeNs: number): Viewport {
    if (follow.value === 'edge') return followEdge({ fromNs: 0, toNs: followSpanNs }, edgeNs);
    return follow.value === 'whole' ? fitRun(edgeNs) : view.value;
  }

  /** The user looks at this: following ends. */
  function look(next: Viewport): void {
    follow.value = 'none';
    view.value = clampViewport(next, run.endNs);
  }

  function zoom(factor: number, aroundNs?: number): void {
    const inView = contains(view.value, cursor.atNs);
    const middle = (view.value.fromNs + view.value.toNs) / 2;
    look(zoomAt(view.value, aroundNs ?? (inView ? cursor.atNs : middle), factor, run.endNs));
  }

  /** By a share of the width; positive is later. */
  function pan(share: number): void {
    look(panBy(view.value, (view.value.toNs - view.value.fromNs) * share, run.endNs));
  }

  function fit(): void {
    view.value = fitRun(run.endNs);
    follow.value = run.live ? 'whole' : 'none';
  }

  function followLive(): void {
    if (!run.live) return;
    cursor.toEdge();
    if (follow.value !== 'edge') {
      followSpanNs = follow.value === 'whole' ? LIVE_SPAN_NS : Math.min(spanOf(view.value), LIVE_SPAN_NS);
    }
    follow.value = 'edge';
    view.value = viewAt(run.endNs);
  }

  function show(fromNs: number, toNs: number, margin = 0.3): void {
    place();
    look(frame(fromNs, toNs, margin, run.endNs));
  }

  /** This very stretch, as a bookmark or a link kept it. */
  function showExactly(fromNs: number, toNs: number): void {
    place();
    look({ fromNs, toNs });
  }

  /** Selects an election and shows it in the Timeline, the cursor at its beginning. */
  function showElection(election: ElectionRow): void {
    cursor.pause();
    show(election.startedNs, electionEndNs(election));
    cursor.seek(election.startedNs);
    selection.select('election', String(election.number));
    views.show('timeline');
  }

  /** Shows an election in the Timeline and plays it as the Cluster view does. */
  function replay(election: ElectionRow): void {
    showElection(election);
    replayElection(election, cursor);
  }

  /** The first view of a run: the edge of a live one, else the whole recording, else where a link pointed. */
  function place(): void {
    if (!run.runId || placedFor === run.runId || run.endNs <= 0) return;
    placedFor = run.runId;
    view.value = fitRun(run.endNs);
    follow.value = 'none';
    if (run.live && cursor.atEdge) {
      followSpanNs = LIVE_SPAN_NS;
      follow.value = 'edge';
      view.value = viewAt(run.endNs);
    } else if (run.live || run.endNs > 4 * LIVE_SPAN_NS) {
      view.value = keepInView(
        clampViewport({ fromNs: 0, toNs: LIVE_SPAN_NS }, run.endNs),
        cursor.atNs,
        true,
        run.endNs,
      );
    }
  }

  watch(() => [run.runId, run.endNs > 0], place, { immediate: true });
  watch(
    () => cursor.atNs,
    (atNs, before) => {
      if (cursor.atEdge || follow.value === 'whole') return;
      view.value = keepInView(view.value, atNs, atNs >= before, run.endNs);
    },
  );
  watch(
    () => cursor.atEdge,
    (atEdge) => {
      if (!run.live) return;
      if (atEdge) followLive();
      else if (follow.value === 'edge') follow.value = 'none';
    },
  );
  watch(
    () => run.live,
    (live) => {
      // A view of the whole run stays one: the last events come in after the cluster has stopped.
      if (!live && follow.value === 'edge') follow.value = 'none';
    },
  );

  return {
    view,
    follow,
    heartbeats,
    asTable,
    viewAt,
    look,
    zoom,
    pan,
    fit,
    followLive,
    show,
    showExactly,
    showElection,
    replayElection: replay,
    place,
  };
});
