import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import type { QueryAnswer, QueryName, QueryParams } from '../../../src-main/api/index.ts';
import { useRunStore } from '../../stores/run.ts';
import { sentenceOf } from '../../wording/figures.ts';

/**
 * The answer to a question that follows its parameters: asked again whenever they change, an answer to an older question dropped. While
 * the next answer is awaited the last one stays, so the layout keeps still. `null` parameters ask nothing; a change of `again` asks the
 * same once more.
 */
export function useAsked<Q extends QueryName>(
  query: Q,
  params: () => QueryParams<Q> | null,
  again: () => string | number | boolean | undefined = () => undefined,
): { answer: ShallowRef<QueryAnswer<Q> | null>; error: Ref<string | null>; asking: Ref<boolean> } {
  const run = useRunStore();
  const answer: ShallowRef<QueryAnswer<Q> | null> = shallowRef(null);
  const error = ref<string | null>(null);
  const asking = ref(false);
  let wish = 0;

  // Compared as text: parameters are small, and a getter makes a new object whenever anything that it read has changed.
  watch(
    [() => run.runId, () => JSON.stringify(params()), again],
    async ([runId], before) => {
      const number = ++wish;
      const wanted = params();
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
