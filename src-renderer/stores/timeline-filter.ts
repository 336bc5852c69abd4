import { defineStore } from 'pinia';
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { TimelineFilter } from '../../src-main/api/index.ts';
import { parseFilter } from './filter-line.ts';
import { useRunStore } from './run.ts';

/** Between the last key and the asking: nobody wants the messages of every letter on the way. */
const SETTLE_MS = 250;
const NOTHING: TimelineFilter = {};

/** Which arrows and events the Timeline shows and steps through. What is typed counts once it is understood and has come to rest. */
export const useTimelineFilterStore = defineStore('timeline-filter', () => {
  const run = useRunStore();
  /** As typed. */
  const line = ref('');
  const filter = shallowRef<TimelineFilter>(NOTHING);
  const known = computed(() => ({ nodes: run.nodes, protocol: run.info?.protocol ?? 'raft' }));
  const parsed = computed(() => parseFilter(line.value, known.value));
  /** Why what is typed is not understood; what was understood before goes on to count. */
  const error = computed(() => parsed.value.error);
  const active = computed(() => Object.keys(filter.value).length > 0);
  /** To be put among a query's parameters. */
  const asked = computed<{ filter?: TimelineFilter }>(() => (active.value ? { filter: filter.value } : {}));
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** At once, as Enter does. */
  function apply(): void {
    clearTimeout(timer);
    const next = parsed.value.filter;
    if (next !== null && JSON.stringify(next) !== JSON.stringify(filter.value)) filter.value = next;
  }
  function set(text: string): void {
    line.value = text;
    apply();
  }
  function clear(): void {
    set('');
  }

  watch(line, () => {
    clearTimeout(timer);
    timer = setTimeout(apply, SETTLE_MS);
  });
  // Nodes and terms mean something within their run only.
  watch(() => run.runId, clear, { flush: 'sync' });
  onScopeDispose(() => clearTimeout(timer));
  return { line, filter, known, error, active, asked, apply, set, clear };
});
