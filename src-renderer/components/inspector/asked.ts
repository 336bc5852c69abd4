import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import type { QueryAnswer, QueryName, QueryParams } from '../../../src-main/api/index.ts';
import { useRunStore } from '../../stores/run.ts';
import { sentenceOf } from '../../wording/figures.ts';

/**
 * The answer to a question that follows its parameters: asked again whenever they change, an answer to an older question dropped. While
 * the next answer is awaited the last one stays, so the layout keeps still. `null` parameters ask nothing.
 */
export function useAsked<Q extends QueryName>(
  query: Q,
  params: () => QueryParams<Q> | null,
): { answer: ShallowRef<QueryAnswer<Q> | null>; error: Ref<string | null>; asking: Ref<boolean> } {
  const run = useRunStore();
  const answer: ShallowRef<QueryAnswer<Q> | null> = shallowRef(null);
  const error = ref<string | null>(null);
  const asking = ref(false);
  let wish = 0;

  watch(
    [() => run.runId, params],
    async ([runId, wanted], before) => {
      const number = ++wish;
      if (before[0] !== runId) answer.value = null;
      if (!runId || !wanted) {
        answer.value = null;
        asking.value = false;
        return;
      }
      asking.value = true;
      try {
        const given = await run.query(query, wanted);
        if (number !== wish) return;
        answer.value = given;
        error.value = null;
      } catch (cause) {
        if (number === wish) error.value = sentenceOf(cause);
      } finally {
        if (number === wish) asking.value = false;
      }
    },
    { immediate: true },
  );
  onScopeDispose(() => wish++);
  return { answer, error, asking };
}
