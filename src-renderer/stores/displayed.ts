import { refThrottled } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed } from 'vue';
import { useClusterState } from './clusterState.ts';
import { useCursorStore } from './cursor.ts';
import { useRunStore } from './run.ts';

const TEXT_MS = 100;

/**
 * The cluster and the cursor as text shows them: at most ten times a second, because a number that changes more often cannot be read, and
 * drawing it would disturb what is measured.
 */
export const useDisplayedStore = defineStore('displayed', () => {
  const cluster = useClusterState();
  const cursor = useCursorStore();
  const run = useRunStore();
  const snapshot = refThrottled(
    computed(() => run.snapshot),
    TEXT_MS,
    true,
    true,
  );
  const state = refThrottled(
    computed(() => cluster.state),
    TEXT_MS,
    true,
    true,
  );
  const atNs = refThrottled(
    computed(() => cursor.atNs),
    TEXT_MS,
    true,
    true,
  );
  const nodes = computed(() => state.value?.nodes ?? []);
  const faults = computed(() => state.value?.faults ?? []);
  return { snapshot, state, atNs, nodes, faults };
});
