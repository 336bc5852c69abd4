import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import type { ClusterState, NodeState } from '../../src-main/api/index.ts';
import { useCursorStore } from './cursor.ts';
import { useRunStore } from './run.ts';

/** A playing cursor moves with every frame; who looks at the cluster sees no more than this. */
const PLAYING_MS = 25;

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * The cluster's state at the cursor: folded by the recorder at the live edge, asked of the trace anywhere else. One question is under way at
 * a time; when its answer comes, the newest cursor is asked next, so a fast cursor skips moments instead of queueing them.
 */
export const useClusterState = defineStore('clusterState', () => {
  const run = useRunStore();
  const cursor = useCursorStore();
  const asked = shallowRef<ClusterState | null>(null);
  const error = ref<string | null>(null);
  const state = computed(() => (cursor.atEdge && run.snapshot ? run.snapshot.state : asked.value));
  const nodes = computed<NodeState[]>(() => state.value?.nodes ?? []);
  /** The running leader of the highest term, if any. */
  const leader = computed(() => {
    let best: NodeState | null = null;
    for (const node of nodes.value) {
      if (node.role !== 'leader' || node.status !== 'running') continue;
      if (!best || node.term > best.term) best = node;
    }
    return best;
  });

  let underWay = false;

  function node(id: string): NodeState | null {
    return nodes.value.find((candidate) => candidate.id === id) ?? null;
  }

  async function ask(): Promise<void> {
    if (underWay) return;
    underWay = true;
    try {
      for (;;) {
        const runId = run.runId;
        const atNs = cursor.atNs;
        if (!runId || !run.info || (cursor.atEdge && run.snapshot)) return;
        const answer = await run.query('stateAt', { atNs });
        if (run.runId === runId) asked.value = answer;
        error.value = null;
        if (run.runId === runId && cursor.atNs === atNs) return;
        if (cursor.playing) await passed(PLAYING_MS);
      }
    } catch (cause) {
      error.value = cause instanceof Error ? cause.message : String(cause);
    } finally {
      underWay = false;
    }
  }

  watch(
    () => run.runId,
    () => {
      asked.value = null;
      error.value = null;
    },
  );
  watch(
    () => [run.runId, run.info, cursor.atEdge, cursor.atEdge && run.snapshot ? 0 : cursor.atNs],
    () => void ask(),
    { immediate: true },
  );

  return { state, nodes, leader, error, node };
});
