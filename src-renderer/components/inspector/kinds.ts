import { defineAsyncComponent } from 'vue';
import type { Component } from 'vue';
import type { SelectionKind } from '../../stores/selection.ts';

const found = import.meta.glob<{ default: Component }>(
  './{Event,Message,Election,Fault,Operation}Inspector.vue',
);

const FILES: Partial<Record<SelectionKind, string>> = {
  event: './EventInspector.vue',
  message: './MessageInspector.vue',
  election: './ElectionInspector.vue',
  fault: './FaultInspector.vue',
  operation: './OperationInspector.vue',
};

const loaded = new Map<SelectionKind, Component>();

/** The inspector of a kind of thing, taking its `id`; undefined where this build has none. */
export function inspectorOf(kind: SelectionKind): Component | undefined {
  const known = loaded.get(kind);
  if (known) return known;
  const loader = found[FILES[kind] ?? ''];
  if (!loader) return undefined;
  const component = defineAsyncComponent({ loader, delay: 300 });
  loaded.set(kind, component);
  return component;
}
