import { useDocumentVisibility } from '@vueuse/core';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { sentenceOf } from '../../wording/figures.ts';
import { bestFor, isRight, isStale } from './buffer.ts';
import type { RunFacts, TimelineData } from './look.ts';
import { askFacts, askTimeline } from './look.ts';
import type { TimelineScope } from './scope.ts';

/** Between two looks at a growing recording. */
const LIVE_MS = 400;
/** So many looks are kept, the newest first: a few zooms back, a few pans back. */
const HELD_MAX = 10;

/**
 * Asks the trace for what the view needs. One look is under way at a time, and what is wished meanwhile is one wish: that for the newest
 * view. An answer is drawn if nothing held fits the view better, never because it came last.
 */
export function useTimelineData(
  scope: TimelineScope,
  plotPx: Ref<number>,
): {
  data: ShallowRef<TimelineData | null>;
  error: Ref<string | null>;
} {
  const { run, timeline, filter } = scope;
  const visibility = useDocumentVisibility();
  const data = shallowRef<TimelineData | null>(null);
  const error = ref<string | null>(null);
  let held: TimelineData[] = [];
  let facts: { readonly edgeNs: number; readonly of: RunFacts } | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let underWay = false;
  let lastMs = -Infinity;
  let ended = false;
  /** Counts up when what is held answers another question than is asked now. */
  let question = 0;

  function wish(afterMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), Math.max(afterMs, 0));
  }

  function choose(): void {
    const best = bestFor(held, timeline.view, plotPx.value, run.endNs);
    if (best && best !== data.value) data.value = best;
  }

  async function look(): Promise<void> {
    timer = undefined;
    if (underWay || ended || visibility.value === 'hidden') return;
    const edgeNs = run.endNs;
    if (!run.runId || edgeNs <= 0 || plotPx.value < 50) return;
    const view = timeline.viewAt(edgeNs);
    if (!isStale(data.value?.loaded ?? null, view, plotPx.value, edgeNs)) return;
    underWay = true;
    lastMs = performance.now();
    const asked = question;
    try {
      if (facts?.edgeNs !== edgeNs) facts = { edgeNs, of: await askFacts(run.query) };
      const before = timeline.view;
      const answer = await askTimeline(run.query, facts.of, {
        view,
        plotPx: plotPx.value,
        nodes: run.nodes,
        edgeNs,
        heartbeats: timeline.heartbeats,
        filter: filter.active ? filter.filter : undefined,
      });
      if (ended || asked !== question) return;
      // The view moves only together with what it shows, and only while nobody moved it meanwhile.
      if (timeline.follow !== 'none' && timeline.view === before) timeline.view = view;
      keep(answer);
      error.value = null;
    } catch (cause) {
      if (!ended && asked === question) error.value = sentenceOf(cause);
    } finally {
      underWay = false;
      if (error.value === null) ask();
    }
  }

  /** What was loaded of a shorter recording is worth keeping only where the recording has not grown since. */
  function keep(answer: TimelineData): void {
    const settled = held.filter(
      ({ loaded }) => loaded.edgeNs === answer.loaded.edgeNs || loaded.window.toNs < loaded.edgeNs,
    );
    held = [answer, ...settled].slice(0, HELD_MAX);
    choose();
  }

  /** Wishes for a look if one is due: at once, but not at every step of a growing recording. */
  function ask(): void {
    if (ended || underWay || timer !== undefined) return;
    const view = timeline.viewAt(run.endNs);
    const shown = data.value?.loaded;
    if (!isStale(shown ?? null, view, plotPx.value, run.endNs)) return;
    const isOnlyOlder = shown && run.live && isRight(shown, view, plotPx.value, shown.edgeNs);
    wish(isOnlyOlder ? lastMs + LIVE_MS - performance.now() : 0);
  }

  function forget(): void {
    question++;
    held = [];
    facts = null;
  }

  watch(
    () => run.runId,
    () => {
      forget();
      data.value = null;
      error.value = null;
    },
    { flush: 'sync' },
  );
  watch([() => timeline.view, plotPx], () => {
    choose();
    if (timer !== undefined && !run.live) return;
    clearTimeout(timer);
    timer = undefined;
    ask();
  });
  watch(
    [
      () => timeline.heartbeats,
      () => filter.filter,
      () => run.nodes.length,
      () => run.live,
      () => run.startedAt,
    ],
    () => {
      forget();
      if (data.value) data.value = { ...data.value, loaded: { ...data.value.loaded, columnNs: 0 } };
      wish(0);
    },
  );
  watch([() => timeline.follow, visibility, () => run.runId, () => run.endNs], ask);
  wish(0);
  onScopeDispose(() => {
    ended = true;
    clearTimeout(timer);
  });
  return { data, error };
}
