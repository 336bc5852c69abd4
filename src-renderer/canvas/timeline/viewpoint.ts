/** Which stretch of a run is looked at, and whether the look follows the recording. One for every timeline on the screen. */
import { ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import type { Viewport } from './viewport.ts';
import {
  clampViewport,
  contains,
  fitRun,
  followEdge,
  frame,
  glide,
  keepInView,
  panBy,
  spanOf,
  zoomAt,
} from './viewport.ts';

/** none: the view stands where it was put; edge: it follows the recording; whole: it shows all there is. */
export type FollowMode = 'none' | 'edge' | 'whole';

/** As much of a run as a view of it needs to know; a store or any other reactive object. */
export interface ViewedRun {
  readonly runId: string | null;
  readonly endNs: number;
  readonly live: boolean;
}

export interface ViewedCursor {
  readonly atNs: number;
  readonly atEdge: boolean;
  readonly playing: boolean;
  toEdge(): void;
}

export interface Viewpoint {
  readonly view: ShallowRef<Viewport>;
  readonly follow: Ref<FollowMode>;
  /** Where the view belongs when the recording has come to `edgeNs`. */
  viewAt(edgeNs: number): Viewport;
  /** The user looks at this: following ends. */
  look(next: Viewport): void;
  zoom(factor: number, aroundNs?: number): void;
  /** By a share of the width; positive is later. */
  pan(share: number): void;
  fit(): void;
  followLive(): void;
  show(fromNs: number, toNs: number, margin?: number): void;
  /** The first view of a run: the edge of a live one, else the whole recording, else where a link pointed. */
  place(): void;
}

const LIVE_SPAN_NS = 10_000_000_000;

/** Call within a component's setup or a store: it watches the run and its cursor until that is disposed. */
export function createViewpoint(run: ViewedRun, cursor: ViewedCursor): Viewpoint {
  const view = shallowRef<Viewport>(fitRun(0));
  const follow = ref<FollowMode>('none');
  /** How much is shown while following the edge: less at the beginning of a run, then this. */
  let followSpanNs = LIVE_SPAN_NS;
  /** The run whose first view has been chosen. */
  let placedFor: string | null = null;

  function viewAt(edgeNs: number): Viewport {
    if (follow.value === 'edge') return followEdge({ fromNs: 0, toNs: followSpanNs }, edgeNs);
    return follow.value === 'whole' ? fitRun(edgeNs) : view.value;
  }

  function look(next: Viewport): void {
    follow.value = 'none';
    view.value = clampViewport(next, run.endNs);
  }

  function zoom(factor: number, aroundNs?: number): void {
    const inView = contains(view.value, cursor.atNs);
    const middle = (view.value.fromNs + view.value.toNs) / 2;
    look(zoomAt(view.value, aroundNs ?? (inView ? cursor.atNs : middle), factor, run.endNs));
  }

  function pan(share: number): void {
    look(panBy(view.value, spanOf(view.value) * share, run.endNs));
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
      if (!cursor.playing) view.value = keepInView(view.value, atNs, atNs >= before, run.endNs);
      // Who looked elsewhere while it plays is not brought back; the view moves on with a cursor that is in it.
      else if (contains(view.value, before)) view.value = glide(view.value, atNs, atNs >= before, run.endNs);
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

  return { view, follow, viewAt, look, zoom, pan, fit, followLive, show, place };
}
