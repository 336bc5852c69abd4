import { defineStore } from 'pinia';
import { computed, ref } from 'vue';

export const RUN_VIEWS = ['cluster', 'timeline', 'latency', 'compare'] as const;
export type ViewName = 'home' | 'help' | (typeof RUN_VIEWS)[number];

const NAMES: readonly string[] = ['home', 'help', ...RUN_VIEWS];

export function isViewName(text: string): text is ViewName {
  return NAMES.includes(text);
}

/** Which view fills the main pane, and which dialogs stand over it. */
export const useViewStore = defineStore('view', () => {
  const name = ref<ViewName>('home');
  const before = ref<ViewName>('home');
  const paletteOpen = ref(false);
  const settingsOpen = ref(false);
  const linkOpen = ref(false);
  /** The run's name is being edited in the run bar. */
  const renaming = ref(false);
  const needsRun = computed(() => (RUN_VIEWS as readonly string[]).includes(name.value));

  function show(next: ViewName): void {
    if (next === name.value) return;
    before.value = name.value;
    name.value = next;
  }
  /** From Help back to where one was. */
  function back(): void {
    show(before.value);
  }
  return { name, before, paletteOpen, settingsOpen, linkOpen, renaming, needsRun, show, back };
});
