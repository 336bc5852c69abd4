import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import type {
  LiveSnapshot,
  QueryAnswer,
  QueryName,
  QueryParams,
  RunId,
  TraceInfo,
} from '../../src-main/api/index.ts';
import { queryTrace } from '../../src-main/api/index.ts';
import { useBridge } from './bridge.ts';
import { useRunsStore } from './runs.ts';

/** The run that this window shows. */
export const useRunStore = defineStore('run', () => {
  const bridge = useBridge();
  const runs = useRunsStore();
  const runId = ref<RunId | null>(null);
  const info = shallowRef<TraceInfo | null>(null);
  /** The newest folded snapshot of a live run; null for a saved trace. */
  const snapshot = shallowRef<LiveSnapshot | null>(null);
  /** Why the run could not be opened or its stream ended early, in words. */
  const error = ref<string | null>(null);
  const summary = computed(() => (runId.value ? (runs.byId.get(runId.value) ?? null) : null));
  /** Its cluster runs now, started by this lab. */
  const live = computed(() => summary.value?.status === 'live');
  /** The live edge, or the length of the trace; nanoseconds. */
  const endNs = computed(() => snapshot.value?.atNs ?? info.value?.durationNs ?? 0);
  /** Every node seen so far; those that join a live run come in with its snapshots. */
  const nodesKey = computed(() => {
    const live = snapshot.value?.state.nodes.map((node) => node.id) ?? [];
    const known = info.value?.nodes ?? [];
    return (live.length > known.length ? live : known).join();
  });
  const nodes = computed(() => (nodesKey.value === '' ? [] : nodesKey.value.split(',')));

  let endStream: (() => void) | null = null;

  async function open(id: RunId): Promise<void> {
    if (runId.value === id && info.value && !error.value) return;
    close();
    runId.value = id;
    await loadInfo(id);
  }

  function close(): void {
    stopStream();
    runId.value = null;
    info.value = null;
    error.value = null;
  }

  /** Asks the open run's trace; rejects with a sentence. */
  function query<Q extends QueryName>(name: Q, params: QueryParams<Q>): Promise<QueryAnswer<Q>> {
    if (!runId.value) return Promise.reject(new Error('No run is open.'));
    return queryTrace(bridge, runId.value, name, params);
  }

  async function loadInfo(id: RunId): Promise<void> {
    try {
      const answer = await queryTrace(bridge, id, 'info', {});
      if (runId.value === id) {
        info.value = answer;
        error.value = null;
      }
    } catch (cause) {
      if (runId.value === id) error.value = cause instanceof Error ? cause.message : String(cause);
    }
  }

  function stopStream(): void {
    endStream?.();
    endStream = null;
    snapshot.value = null;
  }

  function startStream(id: RunId): void {
    endStream = bridge.subscribe(
      'live',
      { runId: id },
      (next) => {
        if (runId.value === id) snapshot.value = next;
      },
      () => {
        endStream = null;
      },
    );
  }

  watch(
    () => [runId.value, live.value] as const,
    async ([id, isLive], [before, wasLive]) => {
      if (id !== before) stopStream();
      if (id && isLive) {
        if (!endStream) startStream(id);
        if (!info.value) await loadInfo(id);
      } else if (id && wasLive && id === before) {
        await loadInfo(id);
        if (runId.value === id && !live.value) stopStream();
      }
    },
    { flush: 'sync' },
  );

  return { runId, info, snapshot, error, summary, live, endNs, nodes, open, close, query };
});
