import { defineAsyncComponent } from 'vue';
import type { Component } from 'vue';
import type { ViewName } from '../stores/view.ts';

const found = import.meta.glob<{ default: Component }>('./*View.vue');

function load(file: string): Component | undefined {
  const loader = found[`./${file}.vue`];
  return loader && defineAsyncComponent({ loader, delay: 300 });
}

const FILES: [ViewName, string][] = [
  ['home', 'HomeView'],
  ['cluster', 'ClusterView'],
  ['timeline', 'TimelineView'],
  ['latency', 'LatencyView'],
  ['compare', 'CompareView'],
  ['help', 'HelpView'],
];

/** The views of this build, each loaded when it is first shown. */
export const availableViews: ReadonlyMap<ViewName, Component> = new Map(
  FILES.flatMap(([name, file]): [ViewName, Component][] => {
    const component = load(file);
    return component ? [[name, component]] : [];
  }),
);
