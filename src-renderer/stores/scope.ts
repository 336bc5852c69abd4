/**
 * Two kinds of stores: those of the window (settings, the list of runs, the connection) and those of a run (its cursor, selection,
 * timeline). Where two runs stand side by side the second has a Pinia of its own, so that everything below it speaks of its run;
 * the stores of the window stay the same there.
 */
import type { Pinia, StoreDefinition } from 'pinia';
import { createPinia, disposePinia, piniaSymbol, setActivePinia } from 'pinia';
import { onScopeDispose, provide } from 'vue';

let windowPinia: Pinia | undefined;

/** Once, before the app is mounted. */
export function adoptWindowPinia(pinia: Pinia): Pinia {
  windowPinia = pinia;
  return pinia;
}

/** Makes a store one for the whole window, wherever it is used. */
export function ofTheWindow<Use extends StoreDefinition>(use: Use): Use {
  const shared = (pinia?: Pinia | null) => use(pinia ?? windowPinia);
  return Object.assign(shared, { $id: use.$id }) as unknown as Use;
}

/** Called in a component's setup: what stands below the component has stores of its own run. They end with the component. */
export function provideRunStores(): void {
  const pinia = createPinia();
  provide(piniaSymbol, pinia);
  onScopeDispose(() => {
    disposePinia(pinia);
    // Using a store makes its Pinia the one that calls from outside of components get.
    if (windowPinia) setActivePinia(windowPinia);
  });
}
