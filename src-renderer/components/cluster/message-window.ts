import { computed, onScopeDispose, shallowRef, watch } from 'vue';
import type { MessageRow } from '../../../src-main/api/index.ts';
import { flightsAt, flightsOfPlan, planFlights } from '../../canvas/topology/flights.ts';
import type { DrawnFlight, Flight } from '../../canvas/topology/flights.ts';
import { useCursorStore } from '../../stores/cursor.ts';
import { useRunStore } from '../../stores/run.ts';

/** So much of the watcher's time is asked for at once; milliseconds. */
const CHUNK_MS = 2_000;
const ROWS_MAX = 400;
/** Heartbeats are drawn only where a lens is slow enough to tell them apart. */
const HEARTBEATS_RATE_MAX = 1 / 50;

interface Chunk {
  key: string;
  rows: MessageRow[];
  plan: DrawnFlight[];
}

/**
 * The messages under way around the cursor, away from the live edge: asked by windows of time as wide as two seconds of watching, the next
 * (of the direction in which it plays) before the present one ends. One question at a time; those that the cursor has left are not asked.
 */
export function useMessageWindow(): { flights: () => Flight[]; changed: Readonly<{ value: number }> } {
  const run = useRunStore();
  const cursor = useCursorStore();
  const chunks = new Map<string, Chunk>();
  const changed = shallowRef(0);
  let underWay = false;
  let stopped = false;

  const wanted = computed(() => {
    if (cursor.atEdge || !run.info) return null;
    const widthNs = Math.round(CHUNK_MS * 1e6 * cursor.rate);
    const at = Math.floor(cursor.atNs / widthNs);
    const share = cursor.atNs / widthNs - at;
    const nearEnd = cursor.direction > 0 ? share > 0.5 : share < 0.5;
    return { widthNs, at, next: nearEnd ? at + cursor.direction : null };
  });

  function keyOf(widthNs: number, at: number): string {
    return `${run.runId}/${widthNs}/${at}`;
  }

  async function fill(): Promise<void> {
    if (underWay) return;
    underWay = true;
    try {
      for (;;) {
        const want = wanted.value;
        if (!want || stopped) return;
        const { widthNs } = want;
        const missing = [want.at, want.next].find(
          (at) => at !== null && at >= 0 && !chunks.has(keyOf(widthNs, at)),
        );
        if (missing === undefined || missing === null) return;
        const key = keyOf(widthNs, missing);
        const rate = cursor.rate;
        const answer = await run.query('messages', {
          fromNs: Math.max(0, missing * widthNs - widthNs),
          toNs: (missing + 1) * widthNs + 1,
          limit: ROWS_MAX,
          heartbeats: rate <= HEARTBEATS_RATE_MAX,
        });
        chunks.set(key, { key, rows: answer.rows, plan: planFlights(answer.rows, rate) });
        for (const old of [...chunks.keys()].slice(0, -4)) chunks.delete(old);
        changed.value++;
      }
    } catch {
      // The state at the cursor fails for the same reason and says so.
    } finally {
      underWay = false;
    }
  }

  watch(wanted, () => void fill(), { immediate: true });
  // What a live run had recorded near its edge was not all there yet.
  watch(
    () => [run.runId, cursor.atEdge],
    () => chunks.clear(),
  );
  onScopeDispose(() => {
    stopped = true;
  });

  function flights(): Flight[] {
    const want = wanted.value;
    const chunk = want && chunks.get(keyOf(want.widthNs, want.at));
    if (!chunk) return [];
    return cursor.playing ? flightsOfPlan(chunk.plan, cursor.atNs) : flightsAt(chunk.rows, cursor.atNs);
  }

  return { flights, changed };
}
