import { defineStore } from 'pinia';
import { ref, shallowRef, watch } from 'vue';
import type { BookmarkRow, Nanoseconds } from '../../src-main/api/index.ts';
import { useTimelineStore } from '../canvas/timeline/timeline-store.ts';
import { seconds, sentenceOf } from '../wording/figures.ts';
import { useAnnouncer } from './announcer.ts';
import { useBridge } from './bridge.ts';
import { useCursorStore } from './cursor.ts';
import { useRunStore } from './run.ts';
import { useSelectionStore } from './selection.ts';

/** A bookmark on its way into the trace: a new one, or one that is being edited. */
export interface Draft {
  /** null: it is new. */
  id: string | null;
  atNs: Nanoseconds;
  title: string;
  note: string;
}

/** The moments that somebody marked, as they stand in the trace file of the open run. */
export const useBookmarksStore = defineStore('bookmarks', () => {
  const bridge = useBridge();
  const run = useRunStore();
  const cursor = useCursorStore();
  const selection = useSelectionStore();
  const timeline = useTimelineStore();
  const announcer = useAnnouncer();
  const bookmarks = shallowRef<BookmarkRow[]>([]);
  const draft = ref<Draft | null>(null);
  /** Why the last change could not be kept, or the bookmarks not be read. */
  const error = ref<string | null>(null);
  const busy = ref(false);

  async function load(): Promise<void> {
    const runId = run.runId;
    if (!runId || !run.info) return;
    try {
      const answer = await run.query('bookmarks', {});
      if (run.runId === runId) bookmarks.value = answer.bookmarks;
    } catch (cause) {
      if (run.runId === runId) error.value = sentenceOf(cause);
    }
  }

  /** Begins a bookmark at the cursor. */
  function begin(): void {
    cursor.pause();
    error.value = null;
    draft.value = { id: null, atNs: Math.round(cursor.atNs), title: '', note: '' };
  }
  function edit({ id, atNs, title, note }: BookmarkRow): void {
    error.value = null;
    draft.value = { id, atNs, title, note };
  }
  function discard(): void {
    draft.value = null;
  }

  /** Writes the draft to the trace; it stays open with the reason where that fails. */
  async function save(): Promise<void> {
    const runId = run.runId;
    const given = draft.value;
    if (!runId || !given || busy.value) return;
    const title = given.title.trim() || `At ${seconds(given.atNs, 6)}`;
    const note = given.note.trim();
    const done = await attempt(() =>
      given.id === null
        ? bridge.call('addBookmark', { runId, bookmark: { ...madeAt(given.atNs), title, note } })
        : bridge.call('changeBookmark', { runId, id: given.id, title, note }),
    );
    if (!done) return;
    draft.value = null;
    announcer.announce(`Bookmark “${title}” at ${seconds(given.atNs, 6)} is in the trace.`);
  }

  function madeAt(atNs: Nanoseconds): { atNs: number; event?: string; fromNs: number; toNs: number } {
    const item = selection.item;
    const event = item?.kind === 'event' || item?.kind === 'message' ? item.id : undefined;
    return {
      atNs,
      ...(event === undefined ? {} : { event }),
      fromNs: Math.max(0, Math.floor(timeline.view.fromNs)),
      toNs: Math.max(0, Math.ceil(timeline.view.toNs)),
    };
  }

  async function remove(bookmark: BookmarkRow): Promise<void> {
    const runId = run.runId;
    if (!runId) return;
    const done = await attempt(() => bridge.call('removeBookmark', { runId, id: bookmark.id }));
    if (done) announcer.announce(`Bookmark “${bookmark.title}” is removed.`);
  }

  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    busy.value = true;
    error.value = null;
    try {
      await work();
      await load();
      return true;
    } catch (cause) {
      error.value = sentenceOf(cause);
      announcer.announce(error.value);
      return false;
    } finally {
      busy.value = false;
    }
  }

  /** To its moment, what was selected then, and the stretch that was shown. */
  function goTo(bookmark: BookmarkRow): void {
    cursor.pause();
    if (bookmark.fromNs !== null && bookmark.toNs !== null && bookmark.toNs > bookmark.fromNs)
      timeline.showExactly(bookmark.fromNs, bookmark.toNs);
    cursor.seek(bookmark.atNs);
    if (bookmark.event !== null) void selectEvent(bookmark.event);
    announcer.announce(`${seconds(bookmark.atNs, 6)}: ${bookmark.title}`);
  }

  /** A message is explained as one, not as its sending. */
  async function selectEvent(id: string): Promise<void> {
    const runId = run.runId;
    const detail = await run.query('event', { id }).catch(() => null);
    if (run.runId !== runId || detail === null) return;
    selection.select(detail.event.kind === 'send' ? 'message' : 'event', id);
  }

  function step(direction: 'next' | 'previous'): void {
    const atNs = cursor.atNs;
    const found =
      direction === 'next'
        ? bookmarks.value.find((bookmark) => bookmark.atNs > atNs)
        : bookmarks.value.findLast((bookmark) => bookmark.atNs < atNs);
    if (found) goTo(found);
    else
      announcer.announce(
        `There is no bookmark ${direction === 'next' ? 'after' : 'before'} ${seconds(atNs, 6)}.`,
      );
  }

  watch(
    () => run.runId,
    () => {
      bookmarks.value = [];
      draft.value = null;
      error.value = null;
    },
    { flush: 'sync' },
  );
  watch(
    () => run.info,
    () => void load(),
    { immediate: true },
  );
  return { bookmarks, draft, error, busy, load, begin, edit, discard, save, remove, goTo, step };
});
