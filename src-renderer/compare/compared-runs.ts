/** What is asked of both runs: what they can be aligned at, their figures, and where they part. */
import type { ShallowRef, Ref } from 'vue';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type {
  BookmarkRow,
  Divergence,
  ElectionRow,
  FaultRow,
  RunFigures,
  RunId,
  TraceInfo,
} from '../../src-main/api/index.ts';
import { findDivergence, queryTrace } from '../../src-main/api/index.ts';
import { useBridge } from '../stores/bridge.ts';
import type { useCompareStore } from '../stores/compare.ts';
import { sentenceOf } from '../wording/figures.ts';
import { alignmentChoices } from './alignment.ts';
import type { Side } from './linked-sides.ts';

export interface AskedRun {
  readonly runId: RunId;
  readonly info: TraceInfo;
  readonly elections: readonly ElectionRow[];
  readonly faults: readonly FaultRow[];
  readonly bookmarks: readonly BookmarkRow[];
  readonly figures: RunFigures;
}

export interface ComparedRuns {
  readonly both: ShallowRef<Record<Side, AskedRun> | null>;
  /** Why one of them did not answer. */
  readonly error: Ref<string | null>;
  readonly divergence: ShallowRef<Divergence | null>;
  /** Steps known to be the same while the search goes on; null when it is over. */
  readonly searched: Ref<number | null>;
}

export function useComparedRuns(
  runIds: () => Record<Side, RunId> | null,
  compare: ReturnType<typeof useCompareStore>,
): ComparedRuns {
  const bridge = useBridge();
  const both: ComparedRuns['both'] = shallowRef(null);
  const error = ref<string | null>(null);
  const divergence: ComparedRuns['divergence'] = shallowRef(null);
  const searched = ref<number | null>(null);
  let asking = 0;
  let searching = 0;

  async function askRun(runId: RunId): Promise<AskedRun> {
    const [info, elections, faults, bookmarks, figures] = await Promise.all([
      queryTrace(bridge, runId, 'info', {}),
      queryTrace(bridge, runId, 'elections', {}),
      queryTrace(bridge, runId, 'faults', {}),
      queryTrace(bridge, runId, 'bookmarks', {}),
      queryTrace(bridge, runId, 'figures', {}),
    ]);
    return {
      runId,
      info,
      elections: elections.elections,
      faults: faults.faults,
      bookmarks: bookmarks.bookmarks,
      figures,
    };
  }

  async function ask(): Promise<void> {
    const number = ++asking;
    both.value = null;
    divergence.value = null;
    error.value = null;
    const ids = runIds();
    if (!ids) return;
    try {
      const [a, b] = await Promise.all([askRun(ids.a), askRun(ids.b)]);
      if (number !== asking) return;
      compare.choices = { a: alignmentChoices(a), b: alignmentChoices(b) };
      both.value = { a, b };
    } catch (cause) {
      if (number === asking) error.value = sentenceOf(cause);
    }
  }

  async function search(): Promise<void> {
    const number = ++searching;
    const runs = both.value;
    divergence.value = null;
    searched.value = runs ? 0 : null;
    if (!runs) return;
    const { alignNs, whole, scope } = compare;
    const compared = (side: Side) => ({
      alignNs: alignNs[side],
      fromNs: whole ? 0 : alignNs[side],
      ask: (params: Parameters<typeof queryTrace<'course'>>[3]) =>
        queryTrace(bridge, runs[side].runId, 'course', params),
    });
    try {
      const found = await findDivergence(compared('a'), compared('b'), {
        sources: [...new Set([...runs.a.info.nodes, ...runs.b.info.nodes, 'lab'])],
        scope,
        onProgress: (same) => {
          if (number === searching) searched.value = same;
        },
        isCancelled: () => number !== searching,
      });
      if (number === searching) divergence.value = found;
    } catch (cause) {
      if (number === searching) error.value = sentenceOf(cause);
    } finally {
      if (number === searching) searched.value = null;
    }
  }

  watch(
    () => {
      const ids = runIds();
      return ids && `${ids.a} ${ids.b}`;
    },
    ask,
    { immediate: true },
  );
  watch([both, () => compare.scope, () => compare.whole, () => compare.alignNs], search);
  onScopeDispose(() => {
    asking++;
    searching++;
  });
  return { both, error, divergence, searched };
}
