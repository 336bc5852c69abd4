import { computed, shallowRef, watch } from 'vue';
import type { ComputedRef } from 'vue';
import type { Nanoseconds, OperationBucket } from '../../../src-main/api/index.ts';
import { useCursorStore } from '../../stores/cursor.ts';
import { useDisplayedStore } from '../../stores/displayed.ts';
import { useRunStore } from '../../stores/run.ts';

const BUCKET_NS = 250e6;
const BUCKETS = 120;

export interface OperationWindow {
  fromNs: Nanoseconds;
  toNs: Nanoseconds;
  atNs: Nanoseconds;
  buckets: OperationBucket[];
}

/** Client operations of the 30 s before the cursor, by quarters of a second: from the snapshot at the live edge, else asked of the trace. */
export function useOperationWindow(): ComputedRef<OperationWindow> {
  const run = useRunStore();
  const cursor = useCursorStore();
  const displayed = useDisplayedStore();
  const asked = shallowRef<Omit<OperationWindow, 'atNs'>>({
    fromNs: 0,
    toNs: BUCKET_NS * BUCKETS,
    buckets: [],
  });
  /** The end of the window, on the grid of the buckets. */
  const endNs = computed(
    () => Math.ceil(Math.max(displayed.atNs, BUCKET_NS * BUCKETS) / BUCKET_NS) * BUCKET_NS,
  );
  let underWay = false;

  async function ask(): Promise<void> {
    if (underWay) return;
    underWay = true;
    try {
      for (;;) {
        const toNs = endNs.value;
        const fromNs = toNs - BUCKET_NS * BUCKETS;
        if (!run.info || cursor.atEdge) return;
        const answer = await run.query('operationBuckets', { fromNs, toNs, buckets: BUCKETS });
        asked.value = { fromNs, toNs, buckets: answer.buckets };
        if (endNs.value === toNs) return;
      }
    } catch {
      // The state at the cursor fails for the same reason and says so.
    } finally {
      underWay = false;
    }
  }
  watch(
    () => [run.info, cursor.atEdge, cursor.atEdge ? 0 : endNs.value],
    () => void ask(),
    { immediate: true },
  );

  return computed(() => {
    const live = cursor.atEdge ? displayed.snapshot : null;
    const atNs = displayed.atNs;
    if (!live) return { ...asked.value, atNs };
    return { fromNs: endNs.value - BUCKET_NS * BUCKETS, toNs: endNs.value, atNs, buckets: live.operations };
  });
}
