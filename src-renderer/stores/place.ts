import { defineStore } from 'pinia';
import { computed, ref, shallowRef } from 'vue';
import { formatLink, parseLink, putPlace, takePlace, VIEWS } from '../../src-main/api/links.ts';
import type { RunPlace } from '../../src-main/api/links.ts';
import { useTimelineStore } from '../canvas/timeline/timeline-store.ts';
import { useAnnouncer } from './announcer.ts';
import { useCompareStore } from './compare.ts';
import { useCursorStore } from './cursor.ts';
import { formatTarget, parseTarget } from './follow-target.ts';
import { useFollowingStore } from './following.ts';
import { useRunStore } from './run.ts';
import { formatSelection, parseSelection, useSelectionStore } from './selection.ts';
import { useTimelineFilterStore } from './timeline-filter.ts';
import { isViewName, useViewStore } from './view.ts';

export interface Place extends RunPlace {
  runId: string | null;
  view: string | null;
}

/** `?run=…&view=…&at=…&select=…`, and what else a link may say. */
export function readPlace(search: string): Place {
  const query = new URLSearchParams(search);
  return { runId: query.get('run'), view: query.get('view'), ...takePlace(query) };
}

export function writePlace(place: Place): string {
  const query = new URLSearchParams();
  if (place.runId) query.set('run', place.runId);
  if (place.view && place.view !== 'home') query.set('view', place.view);
  if (place.runId) putPlace(query, place);
  return query.size > 0 ? `?${query}` : '';
}

/** Where this window looks, and how it goes elsewhere: for its address, for links, and for what an opened file was wanted for. */
export const usePlaceStore = defineStore('place', () => {
  const view = useViewStore();
  const run = useRunStore();
  const cursor = useCursorStore();
  const selection = useSelectionStore();
  const timeline = useTimelineStore();
  const filter = useTimelineFilterStore();
  const following = useFollowingStore();
  const compare = useCompareStore();
  const announcer = useAnnouncer();
  /** The address is not written while it is being obeyed. */
  const going = ref(false);
  /** A link whose run is not here: once its file is opened, that is where it leads. */
  const awaited = shallowRef<Place | null>(null);

  const here = computed<Place>(() => {
    const place: Place = { runId: run.runId, view: view.name };
    if (!run.runId) return place;
    if (!cursor.atEdge) place.atNs = Math.round(cursor.atNs);
    if (selection.item) place.select = formatSelection(selection.item);
    if (following.target) place.follow = formatTarget(following.followed?.target ?? following.target);
    if (view.name === 'compare' && compare.otherId) {
      place.with = compare.otherId;
      if (compare.wanted.a !== null) place.alignA = compare.wanted.a;
      if (compare.wanted.b !== null) place.alignB = compare.wanted.b;
    }
    if (view.name === 'timeline' || view.name === 'compare') {
      if (timeline.follow === 'none') {
        place.fromNs = Math.max(0, Math.floor(timeline.view.fromNs));
        place.toNs = Math.max(0, Math.ceil(timeline.view.toNs));
      }
      if (filter.active) place.filter = filter.line;
      if (timeline.arrangement === 'causal') place.layout = 'causal';
    }
    return place;
  });

  async function go(to: Place): Promise<void> {
    // The file of a run that a link could not find was opened: now the link is obeyed.
    const waiting = awaited.value;
    const place = waiting && waiting.runId === to.runId && to.atNs === undefined ? waiting : to;
    awaited.value = null;
    going.value = true;
    const looked = view.name;
    try {
      if (place.runId) await run.open(place.runId);
      else run.close();
      const name = place.view && isViewName(place.view) ? place.view : place.runId ? 'cluster' : 'home';
      // Who has turned to another view while the run opened is left there.
      if (view.name === looked) view.show(name);
      if (run.error !== null && run.info === null) awaited.value = place;
      else show(place);
    } finally {
      going.value = false;
    }
  }

  /** Within the open run. */
  function show(place: RunPlace): void {
    if (place.layout !== undefined) timeline.arrangement = place.layout;
    if (place.with !== undefined)
      compare.take(
        place.with,
        { a: place.alignA ?? null, b: place.alignB ?? null },
        place.fromNs !== undefined,
      );
    if (place.fromNs !== undefined && place.toNs !== undefined)
      timeline.showExactly(place.fromNs, place.toNs);
    if (place.atNs !== undefined) {
      cursor.pause();
      cursor.seek(place.atNs);
    }
    const item = place.select === undefined ? null : parseSelection(place.select);
    if (item) selection.select(item.kind, item.id);
    else if (place.atNs !== undefined) selection.clear();
    filter.set(place.filter ?? '');
    if (place.atNs !== undefined) timeline.arrangement = place.layout ?? 'time';
    const target = place.follow === undefined ? null : parseTarget(place.follow);
    if (target) void following.follow(target);
    else if (place.atNs !== undefined) following.stop();
  }

  /** Goes where a link leads. Returns whether the text was one. */
  async function goToLink(text: string): Promise<boolean> {
    const link = parseLink(text);
    if (!link) return false;
    await go(link);
    if (link.later === true)
      announcer.announce(
        'This link was made by a later Quorum Lab; what this one does not know was left out.',
      );
    return true;
  }

  /** A link to exactly what is shown; null while no run is open. */
  function link(): string | null {
    const { runId, view: name, ...place } = here.value;
    if (runId === null) return null;
    return formatLink({ runId, view: VIEWS.find((known) => known === name) ?? 'timeline', ...place });
  }

  return { going, awaited, here, go, goToLink, link };
});
