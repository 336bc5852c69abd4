import { useDocumentVisibility } from '@vueuse/core';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import type { ElectionRow, FaultRow, OperationBucket } from '../../src-main/api/index.ts';
import { roundBuckets } from '../canvas/timeline/ticks.ts';
import { useRunStore } from '../stores/run.ts';
import { sentenceOf } from '../wording/figures.ts';

/** All that the Latency view shows, of one look at the trace. */
export interface LatencyData {
  readonly endNs: number;
  readonly elections: readonly ElectionRow[];
  readonly faults: readonly FaultRow[];
  readonly buckets: readonly OperationBucket[];
  /** The whole run as one bucket. */
  readonly whole: OperationBucket | null;
}

const LIVE_MS = 600;
const BUCKETS = 240;
/** Shorter buckets hold too few operations for a p99. */
const BUCKET_NS_MIN = 20_000_000;

export function useLatencyData(): { data: ShallowRef<LatencyData | null>; error: Ref<string | null> } {
  const run = useRunStore();
  const visibility = useDocumentVisibility();
  const data = shallowRef<LatencyData | null>(null);
  const error = ref<string | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let underWay = false;
  let ended = false;
  let lastMs = -Infinity;

  function wish(): void {
    if (timer !== undefined) return;
    timer = setTimeout(() => void look(), Math.max(0, lastMs + LIVE_MS - performance.now()));
  }

  async function look(): Promise<void> {
    timer = undefined;
    const runId = run.runId;
    const endNs = Math.ceil(run.endNs);
    if (underWay || ended || !runId || endNs <= 0 || visibility.value === 'hidden') return;
    underWay = true;
    lastMs = performance.now();
    try {
      const all = { fromNs: 0, toNs: endNs };
      const [elections, faults, operations, whole] = await Promise.all([
        run.query('elections', {}),
        run.query('faults', {}),
        run.query('operationBuckets', roundBuckets(all, Math.max(endNs / BUCKETS, BUCKET_NS_MIN))),
        run.query('operationBuckets', { ...all, buckets: 1 }),
      ]);
      if (ended || run.runId !== runId) return;
      data.value = {
        endNs,
        elections: elections.elections,
        faults: faults.faults,
        buckets: operations.buckets,
        whole: whole.buckets[0] ?? null,
      };
      error.value = null;
    } catch (cause) {
      if (!ended && run.runId === runId) error.value = sentenceOf(cause);
    } finally {
      underWay = false;
      if (!ended && run.live && data.value?.endNs !== Math.ceil(run.endNs)) wish();
    }
  }

  watch(
    () => run.runId,
    () => {
      data.value = null;
      error.value = null;
      lastMs = -Infinity;
    },
    { flush: 'sync' },
  );
  watch([() => run.runId, () => run.endNs, () => run.live, visibility], wish, { immediate: true });
  onScopeDispose(() => {
    ended = true;
    clearTimeout(timer);
  });
  return { data, error };
}
