import { defineStore } from 'pinia';
import { computed, ref, watch } from 'vue';
import type { Nanoseconds } from '../../src-main/api/index.ts';
import { advance } from './playback.ts';
import type { Direction } from './playback.ts';
import { useRunStore } from './run.ts';

/** Between two moves of a playing cursor: seldom on a live run, where drawing must leave the cluster alone; else with every frame. */
const LIVE_FRAME_MS_MIN = 30;
const FRAME_MS_MIN = 10;

/**
 * The moment that every view shows. At the live edge it follows the recording; anywhere else it stands, or plays at `rate` in
 * `direction`. Playing costs frames only while it plays.
 */
export const useCursorStore = defineStore('cursor', () => {
  const run = useRunStore();
  const chosenNs = ref<Nanoseconds>(0);
  const atEdge = ref(false);
  const rate = ref(1);
  const playing = ref(false);
  const direction = ref<Direction>(1);
  const atNs = computed(() => (atEdge.value ? run.endNs : Math.min(chosenNs.value, run.endNs)));
  /** How far behind the live edge, nanoseconds; 0 at it and in saved traces. */
  const behindNs = computed(() => (run.live && !atEdge.value ? run.endNs - atNs.value : 0));

  let frame = 0;
  let lastMs = 0;

  function seek(ns: Nanoseconds): void {
    const to = Math.max(0, Math.round(ns));
    atEdge.value = false;
    chosenNs.value = run.endNs > 0 ? Math.min(to, run.endNs) : to;
  }

  /** Back to the present of a live run (as it happens), or to the end of a saved trace. */
  function toEdge(): void {
    pause();
    if (run.live) {
      rate.value = 1;
      direction.value = 1;
      atEdge.value = true;
    } else {
      seek(run.endNs);
    }
  }

  /** At the end of a saved trace, playing begins again at its start. */
  function play(towards: Direction = 1): void {
    if (atEdge.value && towards === 1 && rate.value >= 1) return;
    const from = atNs.value;
    const again = !run.live && towards === 1 && from >= run.endNs;
    seek(again ? 0 : from);
    direction.value = towards;
    if (playing.value) return;
    playing.value = true;
    lastMs = performance.now();
    frame = requestAnimationFrame(onFrame);
  }

  function pause(): void {
    if (atEdge.value) seek(atNs.value);
    playing.value = false;
    cancelAnimationFrame(frame);
  }

  /** A live run shown slower than it happens falls behind its edge: the lens lags the recording, never the cluster. */
  function setRate(next: number): void {
    rate.value = next;
    if (run.live && atEdge.value && next < 1) play(1);
  }

  function onFrame(nowMs: number): void {
    if (!playing.value) return;
    frame = requestAnimationFrame(onFrame);
    const elapsedMs = nowMs - lastMs;
    if (elapsedMs < (run.live ? LIVE_FRAME_MS_MIN : FRAME_MS_MIN)) return;
    lastMs = nowMs;
    const moved = advance({
      atNs: atNs.value,
      rate: rate.value,
      direction: direction.value,
      elapsedMs: Math.min(elapsedMs, 250),
      endNs: run.endNs,
    });
    chosenNs.value = moved.atNs;
    // A slow lens that has reached the edge waits there for the recording to go on; it is still a lens.
    if (moved.met === 'end' && run.live && rate.value < 1) return;
    if (moved.met === 'end' && run.live) toEdge();
    else if (moved.met) pause();
  }

  function reset(): void {
    playing.value = false;
    cancelAnimationFrame(frame);
    rate.value = 1;
    direction.value = 1;
    chosenNs.value = 0;
    atEdge.value = run.live;
  }

  watch(() => run.runId, reset);
  watch(
    () => run.live,
    (live, before) => {
      if (live) atEdge.value = !playing.value && chosenNs.value === 0;
      else if (before && atEdge.value) seek(run.endNs);
    },
    { flush: 'sync' },
  );

  return { atNs, atEdge, behindNs, rate, playing, direction, seek, toEdge, play, pause, setRate };
});
