import { watch } from 'vue';
import { parseLink } from '../../src-main/api/links.ts';
import { useBridge } from './bridge.ts';
import { useCursorStore } from './cursor.ts';
import { useRunStore } from './run.ts';
import { formatSelection, parseSelection, useSelectionStore } from './selection.ts';
import { isViewName, useViewStore } from './view.ts';

export interface Place {
  runId: string | null;
  view: string | null;
  atNs: number | null;
  select: string | null;
}

/** `?run=…&view=…&at=…&select=…` */
export function readPlace(search: string): Place {
  const query = new URLSearchParams(search);
  const at = query.get('at');
  return {
    runId: query.get('run'),
    view: query.get('view'),
    atNs: at !== null && /^\d{1,16}$/.test(at) ? Number(at) : null,
    select: query.get('select'),
  };
}

export function writePlace(place: Place): string {
  const query = new URLSearchParams();
  if (place.runId) query.set('run', place.runId);
  if (place.view && place.view !== 'home') query.set('view', place.view);
  if (place.atNs !== null) query.set('at', String(place.atNs));
  if (place.select) query.set('select', place.select);
  return query.size > 0 ? `?${query}` : '';
}

const MIRROR_MS = 400;

/**
 * Keeps the window's address equal to what it shows, goes where the address says on load and on back and forward, and follows
 * `quorum-lab://` links. Returns what ends it.
 */
export function mirrorAddress(): () => void {
  const view = useViewStore();
  const run = useRunStore();
  const cursor = useCursorStore();
  const selection = useSelectionStore();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let going = false;

  async function go(place: Place): Promise<void> {
    going = true;
    try {
      if (place.runId) await run.open(place.runId);
      else run.close();
      const name = place.view && isViewName(place.view) ? place.view : place.runId ? 'cluster' : 'home';
      view.show(name);
      if (place.atNs !== null) cursor.seek(place.atNs);
      const item = place.select ? parseSelection(place.select) : null;
      if (item) selection.select(item.kind, item.id);
    } finally {
      going = false;
    }
  }

  function here(): Place {
    return {
      runId: run.runId,
      view: view.name,
      atNs: run.runId && !cursor.atEdge ? cursor.atNs : null,
      select: selection.item ? formatSelection(selection.item) : null,
    };
  }

  function write(push: boolean): void {
    const url = `${window.location.pathname}${writePlace(here())}`;
    if (url === window.location.pathname + window.location.search) return;
    if (push) window.history.pushState(null, '', url);
    else window.history.replaceState(null, '', url);
  }

  const stops = [
    watch(
      () => [run.runId, view.name],
      () => {
        if (!going) write(true);
      },
      { flush: 'post' },
    ),
    watch(
      () => [cursor.atEdge ? null : cursor.atNs, selection.item],
      () => {
        clearTimeout(timer);
        timer = setTimeout(() => write(false), MIRROR_MS);
      },
    ),
    useBridge().onOpenLink((text) => {
      const link = parseLink(text);
      if (link) {
        void go({
          runId: link.runId,
          view: link.view,
          atNs: link.atNs ?? null,
          select: link.select ?? null,
        });
      }
    }),
  ];
  const onPop = (): void => void go(readPlace(window.location.search));
  window.addEventListener('popstate', onPop);
  if (window.location.search) void go(readPlace(window.location.search));

  return () => {
    clearTimeout(timer);
    window.removeEventListener('popstate', onPop);
    for (const stop of stops) stop();
  };
}
