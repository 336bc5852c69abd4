import { defineStore } from 'pinia';
import { computed, ref, watch } from 'vue';
import { useRunStore } from './run.ts';

export type SelectionKind = 'node' | 'event' | 'message' | 'election' | 'fault' | 'operation';
export interface SelectedItem {
  kind: SelectionKind;
  /** A node id, an event or message id, the number of an election, a fault id, an operation id. */
  id: string;
}

const KINDS: readonly string[] = ['node', 'event', 'message', 'election', 'fault', 'operation'];

/** What the inspector explains. */
export const useSelectionStore = defineStore('selection', () => {
  const item = ref<SelectedItem | null>(null);
  const nodeId = computed(() => (item.value?.kind === 'node' ? item.value.id : null));

  function select(kind: SelectionKind, id: string): void {
    item.value = { kind, id };
  }
  function clear(): void {
    item.value = null;
  }
  // Ids mean something within their run only.
  const run = useRunStore();
  watch(() => run.runId, clear, { flush: 'sync' });
  return { item, nodeId, select, clear };
});

/** `node:n3`, as it stands in links. */
export function formatSelection(item: SelectedItem): string {
  return `${item.kind}:${item.id}`;
}

export function parseSelection(text: string): SelectedItem | null {
  const match = /^([a-z]+):(.{1,80})$/.exec(text);
  if (!match?.[1] || !match[2] || !KINDS.includes(match[1])) return null;
  return { kind: match[1] as SelectionKind, id: match[2] };
}
