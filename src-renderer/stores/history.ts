import { defineStore } from 'pinia';
import { computed, shallowRef, watch } from 'vue';
import type { ElectionRow, FaultRow } from '../../src-main/api/index.ts';
import { useCursorStore } from './cursor.ts';
import { useRunStore } from './run.ts';

/** A replay begins this long before the first candidacy, and is about that election already. */
export const LEAD_NS = 3e6;

/** Every election and fault of the open run; asked again when a live run has a new one. */
export const useHistoryStore = defineStore('history', () => {
  const run = useRunStore();
  const cursor = useCursorStore();
  const asked = shallowRef<ElectionRow[]>([]);
  const faults = shallowRef<FaultRow[]>([]);

  const elections = computed<ElectionRow[]>(() => {
    const live = run.snapshot?.elections ?? [];
    const firstLive = live[0]?.number ?? Infinity;
    return [...asked.value.filter((election) => election.number < firstLive), ...live];
  });
  /** The newest election that was decided, or under way, at the cursor. */
  const latest = computed(
    () => elections.value.findLast((election) => election.firstCandidacyNs - LEAD_NS <= cursor.atNs) ?? null,
  );

  watch(
    () => run.info,
    async (info) => {
      asked.value = [];
      faults.value = [];
      if (!info) return;
      const runId = run.runId;
      const answer = await run.query('elections', {}).catch(() => null);
      if (answer && run.runId === runId) asked.value = answer.elections;
    },
    { immediate: true },
  );

  /** Changes whenever a fault begins or ends. */
  const faultsKey = computed(() =>
    run.snapshot ? run.snapshot.state.faults.map((fault) => fault.id).join() : 'saved',
  );
  watch(
    () => [run.info, faultsKey.value],
    async () => {
      const runId = run.runId;
      if (!run.info) return;
      const answer = await run.query('faults', {}).catch(() => null);
      if (answer && run.runId === runId) faults.value = answer.faults;
    },
    { immediate: true },
  );

  return { elections, faults, latest };
});
