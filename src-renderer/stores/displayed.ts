import { defineStore } from 'pinia';
import { computed, onScopeDispose, shallowRef, watch } from 'vue';
import type { ClusterState } from '../../src-main/api/index.ts';
import { useClusterState } from './clusterState.ts';
import { useCursorStore } from './cursor.ts';
import { useRunStore } from './run.ts';

/** Between two changes of figures: at the live edge, where they change for ever, and where somebody moves the cursor. */
const LIVE_MS = 200;
const MOVING_MS = 100;

/**
 * The cluster and the cursor as text shows them. All of it changes at once, a few times a second, because a number that changes more often
 * cannot be read, and every change has the page laid out, painted and composed again, which would disturb what is measured. What is more
 * than a figure (a role, a term, a fault) shows at once.
 */
export const useDisplayedStore = defineStore('displayed', () => {
  const cluster = useClusterState();
  const cursor = useCursorStore();
  const run = useRunStore();
  const newest = computed(() => ({ snapshot: run.snapshot, state: cluster.state, atNs: cursor.atNs }));
  const shown = shallowRef(newest.value);
  let shownAtMs = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function show(): void {
    clearTimeout(timer);
    timer = undefined;
    shownAtMs = performance.now();
    shown.value = newest.value;
  }

  watch(newest, (next) => {
    const waitMs = shownAtMs + (cursor.atEdge ? LIVE_MS : MOVING_MS) - performance.now();
    if (waitMs <= 0 || isOther(shown.value.state, next.state)) show();
    else timer ??= setTimeout(show, waitMs);
  });
  onScopeDispose(() => clearTimeout(timer));

  const snapshot = computed(() => shown.value.snapshot);
  const state = computed(() => shown.value.state);
  const atNs = computed(() => shown.value.atNs);
  const nodes = computed(() => state.value?.nodes ?? []);
  const faults = computed(() => state.value?.faults ?? []);
  return { snapshot, state, atNs, nodes, faults };
});

/** Whether more than figures differs. */
function isOther(before: ClusterState | null, after: ClusterState | null): boolean {
  if (!before || !after) return before !== after;
  if (before.clients !== after.clients || before.faults.length !== after.faults.length) return true;
  if (before.nodes.length !== after.nodes.length) return true;
  return after.nodes.some((node, at) => {
    const was = before.nodes[at];
    return (
      was?.id !== node.id ||
      was.status !== node.status ||
      was.role !== node.role ||
      was.term !== node.term ||
      (was.lease === null) !== (node.lease === null) ||
      (was.transfer === null) !== (node.transfer === null) ||
      was.configuration?.index !== node.configuration?.index ||
      was.configuration?.committed !== node.configuration?.committed
    );
  });
}
