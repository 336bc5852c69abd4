import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import type { CourseScope, Nanoseconds, RunId } from '../../src-main/api/index.ts';
import type { AlignmentChoice } from '../compare/alignment.ts';
import { alignedAt, usualAlignment } from '../compare/alignment.ts';
import type { LinkedSide, Side } from '../compare/linked-sides.ts';
import type { useTimelineStore } from '../canvas/timeline/timeline-store.ts';
import type { useCursorStore } from './cursor.ts';
import { useRunStore } from './run.ts';
import { ofTheWindow } from './scope.ts';
import type { useSelectionStore } from './selection.ts';
import { useViewStore } from './view.ts';

/** A side that is on the screen. */
export interface ShownSide extends LinkedSide {
  readonly timeline: ReturnType<typeof useTimelineStore>;
  readonly cursor: ReturnType<typeof useCursorStore>;
  readonly selection: ReturnType<typeof useSelectionStore>;
}

/** Which two runs are laid over each other, and how. A is the run of this window; B is the other. */
export const useCompareStore = ofTheWindow(
  defineStore('compare', () => {
    const run = useRunStore();
    const view = useViewStore();
    const otherId = ref<RunId | null>(null);
    /** What the user aligned at; null where the usual moment is meant. */
    const wanted = ref<Record<Side, string | null>>({ a: null, b: null });
    const choices = shallowRef<Record<Side, readonly AlignmentChoice[]> | null>(null);
    const active = ref<Side>('a');
    const panel = ref<'figures' | 'selected'>('figures');
    const scope = ref<CourseScope>('everything');
    /** Whether what came before the aligned moments counts as a difference. */
    const whole = ref(true);
    const dialogOpen = ref(false);
    /** Chosen on Home, at most two. */
    const chosen = ref<RunId[]>([]);
    /** The first look was chosen; what the user then looks at stays. */
    const placed = ref(false);
    const shown = shallowRef<Partial<Record<Side, ShownSide>>>({});

    const keys = computed<Record<Side, string>>(() => {
      const usual = choices.value
        ? usualAlignment(choices.value.a, choices.value.b)
        : { a: 'start', b: 'start' };
      return { a: wanted.value.a ?? usual.a, b: wanted.value.b ?? usual.b };
    });
    const alignNs = computed<Record<Side, Nanoseconds>>((before) => {
      const at = (side: Side): number => alignedAt(choices.value?.[side] ?? [], keys.value[side]);
      const next = { a: at('a'), b: at('b') };
      return before && before.a === next.a && before.b === next.b ? before : next;
    });

    /** Lays `b` over `a` and shows both. */
    async function start(a: RunId, b: RunId): Promise<void> {
      if (a === b) throw new Error('A run cannot be compared with itself; choose another.');
      dialogOpen.value = false;
      chosen.value = [];
      forget();
      await run.open(a);
      otherId.value = b;
      view.show('compare');
    }

    /** As an address says; `placed`: it also says where to look. */
    function take(other: RunId, moments: Record<Side, string | null>, isPlaced: boolean): void {
      otherId.value = other;
      wanted.value = moments;
      placed.value = isPlaced;
    }

    function forget(): void {
      placed.value = false;
      otherId.value = null;
      wanted.value = { a: null, b: null };
      choices.value = null;
      active.value = 'a';
      panel.value = 'figures';
    }

    function choose(runId: RunId, on: boolean): void {
      const others = chosen.value.filter((id) => id !== runId);
      // A third takes the place of the one that was chosen first.
      chosen.value = on ? [...others.slice(-1), runId] : others;
    }

    function align(side: Side, key: string): void {
      wanted.value = { ...wanted.value, [side]: key };
    }

    // The other run stays only as long as the one that it was laid over.
    watch(
      () => run.runId,
      () => forget(),
      { flush: 'sync' },
    );

    return {
      otherId,
      wanted,
      choices,
      keys,
      alignNs,
      active,
      panel,
      scope,
      whole,
      dialogOpen,
      chosen,
      shown,
      placed,
      start,
      take,
      choose,
      align,
    };
  }),
);
