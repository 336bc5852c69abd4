import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { formatLink, parseLink } from '../../../src-main/api/links.ts';
import type { BookmarkRow } from '../../../src-main/api/index.ts';
import { useTimelineStore } from '../../../src-renderer/canvas/timeline/timeline-store.ts';
import { useAnnouncer } from '../../../src-renderer/stores/announcer.ts';
import { useBookmarksStore } from '../../../src-renderer/stores/bookmarks.ts';
import { useCursorStore } from '../../../src-renderer/stores/cursor.ts';
import { usePlaceStore } from '../../../src-renderer/stores/place.ts';
import { useRunStore } from '../../../src-renderer/stores/run.ts';
import { useSelectionStore } from '../../../src-renderer/stores/selection.ts';
import { useSteppingStore } from '../../../src-renderer/stores/stepping.ts';
import { useTimelineFilterStore } from '../../../src-renderer/stores/timeline-filter.ts';
import { useViewStore } from '../../../src-renderer/stores/view.ts';
import { openWindow, OTHER_RUN, RUN, settle, summary } from './fake-lab.ts';
import type { FakeLab } from './fake-lab.ts';

let lab: FakeLab;
let kept: BookmarkRow[];
beforeEach(() => {
  ({ lab } = openWindow());
  kept = [];
  lab.setRuns(summary());
  lab.onQuery('bookmarks', () => ({ bookmarks: [...kept].sort((a, b) => a.atNs - b.atNs) }));
  useCursorStore();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function openSaved(): Promise<void> {
  await useRunStore().open(RUN);
  useTimelineStore();
  useBookmarksStore();
  await settle();
}

function row(number: number, changes: Partial<BookmarkRow> = {}): BookmarkRow {
  return {
    id: `b${number}`,
    atNs: number * 1e9,
    event: null,
    title: `Mark ${number}`,
    note: '',
    fromNs: null,
    toNs: null,
    createdAt: '2026-01-01T00:00:00Z',
    ...changes,
  };
}

describe('bookmarks', () => {
  it('keep the cursor, what is selected and what is shown, and are listed once they are in the trace', async () => {
    await openSaved();
    useCursorStore().seek(2e9);
    useSelectionStore().select('message', 'n1/1/3');
    useTimelineStore().showExactly(1e9, 3e9);
    lab.on('addBookmark', ({ bookmark }: { bookmark: object }) => {
      kept.push({ ...row(2), ...bookmark });
      return row(2);
    });
    const bookmarks = useBookmarksStore();
    bookmarks.begin();
    if (bookmarks.draft) Object.assign(bookmarks.draft, { title: ' Split vote ', note: 'n2 and n3' });
    await bookmarks.save();
    expect(lab.calls.find(({ method }) => method === 'addBookmark')?.params).toEqual({
      runId: RUN,
      bookmark: {
        atNs: 2e9,
        event: 'n1/1/3',
        fromNs: 1e9,
        toNs: 3e9,
        title: 'Split vote',
        note: 'n2 and n3',
      },
    });
    expect(bookmarks.bookmarks.map(({ title }) => title)).toEqual(['Split vote']);
    expect(bookmarks.draft).toBeNull();
  });

  it('stay open with the reason where they cannot be written', async () => {
    await openSaved();
    lab.on('addBookmark', () => {
      throw new Error('The file cannot be written.');
    });
    const bookmarks = useBookmarksStore();
    bookmarks.begin();
    await bookmarks.save();
    expect(bookmarks.error).toBe('The file cannot be written.');
    expect(bookmarks.draft).not.toBeNull();
  });

  it('are edited and removed', async () => {
    kept = [row(1)];
    await openSaved();
    lab.on('changeBookmark', ({ title, note }: { title: string; note: string }) => {
      kept = [row(1, { title, note })];
      return {};
    });
    lab.on('removeBookmark', () => {
      kept = [];
      return {};
    });
    const bookmarks = useBookmarksStore();
    bookmarks.edit(row(1));
    if (bookmarks.draft) bookmarks.draft.note = 'more';
    await bookmarks.save();
    expect(bookmarks.bookmarks).toEqual([row(1, { note: 'more' })]);
    await bookmarks.remove(row(1));
    expect(bookmarks.bookmarks).toEqual([]);
  });

  it('are stepped between, back to what was shown and selected', async () => {
    kept = [row(1), row(4, { event: 'n1/1/3', fromNs: 3.5e9, toNs: 4.5e9 })];
    lab.onQuery('event', () => ({ id: 'n1/1/3', event: { kind: 'send' }, text: 'n1 sends' }));
    await openSaved();
    const bookmarks = useBookmarksStore();
    useCursorStore().seek(2e9);
    bookmarks.step('next');
    await settle();
    expect(useCursorStore().atNs).toBe(4e9);
    expect(useTimelineStore().view).toEqual({ fromNs: 3.5e9, toNs: 4.5e9 });
    expect(useSelectionStore().item).toEqual({ kind: 'message', id: 'n1/1/3' });
    bookmarks.step('previous');
    expect(useCursorStore().atNs).toBe(1e9);
    bookmarks.step('previous');
    expect(useAnnouncer().text).toBe('There is no bookmark before 1.000000 s.');
  });
});

describe('links', () => {
  const full = {
    runId: RUN,
    view: 'timeline',
    atNs: 2_460_112_000,
    select: 'message:n3/1/204',
    fromNs: 2e9,
    toNs: 3e9,
    filter: 'node:n3 "some text"',
    follow: 'entry:7@2',
    layout: 'causal',
  } as const;

  it('say all they know and are read back', () => {
    expect(parseLink(formatLink(full))).toEqual(full);
    expect(formatLink({ runId: RUN, view: 'cluster' })).toBe(`quorum-lab://run/${RUN}/cluster`);
    expect(formatLink(full)).toContain('v=1');
  });

  it('leave out what is not sound and still lead to their run', () => {
    const text = `quorum-lab://run/${RUN}/nowhere?at=-5&from=9&to=3&select=${'x'.repeat(200)}&layout=spiral`;
    expect(parseLink(text)).toEqual({ runId: RUN, view: 'timeline' });
    expect(parseLink(`quorum-lab://run/${RUN}/latency?v=7&at=5`)).toEqual({
      runId: RUN,
      view: 'latency',
      atNs: 5,
      later: true,
    });
  });

  it.each(['https://example.org', 'quorum-lab://run/../etc', `quorum-lab://open/${RUN}`, `${RUN}`])(
    '%s is none',
    (text) => {
      expect(parseLink(text)).toBeUndefined();
    },
  );

  it('lead to the very view, moment, selection, stretch and filter', async () => {
    lab.onQuery('entryStory', () => null);
    const place = usePlaceStore();
    expect(await place.goToLink(formatLink(full))).toBe(true);
    await settle();
    expect(useViewStore().name).toBe('timeline');
    expect(useCursorStore().atNs).toBe(full.atNs);
    expect(useSelectionStore().item).toEqual({ kind: 'message', id: 'n3/1/204' });
    expect(useTimelineStore().view).toEqual({ fromNs: 2e9, toNs: 3e9 });
    expect(useTimelineFilterStore().filter).toEqual({ nodes: ['n3'], text: 'some text' });
    expect(useTimelineStore().arrangement).toBe('causal');
    expect(parseLink(place.link() ?? '')).toEqual(full);
  });

  it('to a run that is not here wait until its file is opened', async () => {
    const place = usePlaceStore();
    await place.goToLink(formatLink({ ...full, runId: OTHER_RUN }));
    expect(useRunStore().error).toBe('There is no run of this id.');
    expect(place.awaited).not.toBeNull();
    lab.setRuns(summary(), summary({ runId: OTHER_RUN }));
    lab.onQuery('entryStory', () => null);
    await place.go({ runId: OTHER_RUN, view: 'cluster' });
    expect(useRunStore().error).toBeNull();
    expect(useViewStore().name).toBe('timeline');
    expect(useCursorStore().atNs).toBe(full.atNs);
    expect(place.awaited).toBeNull();
  });
});

describe('a timeline’s filter', () => {
  it('goes with steps by event and message, and with no others', async () => {
    await openSaved();
    useTimelineFilterStore().set('type:commit');
    const asked: object[] = [];
    lab.onQuery('step', (params: object) => {
      asked.push(params);
      return null;
    });
    for (const kind of ['event', 'message', 'election', 'term'] as const)
      await useSteppingStore().step(kind, 'next');
    expect(asked.map((params) => 'filter' in params)).toEqual([true, true, false, false]);
    expect(asked[0]).toMatchObject({ filter: { types: ['commit'] } });
    expect(useAnnouncer().text).toBe('There is no change of term after 0.000000 s.');
  });

  it('keeps what it understood until what is typed can be understood again, and forgets it with its run', async () => {
    lab.setRuns(summary(), summary({ runId: OTHER_RUN }));
    await openSaved();
    const filter = useTimelineFilterStore();
    filter.set('node:n2');
    filter.set('node:n2 colour:red');
    expect(filter.error).toContain('colour:');
    expect(filter.asked).toEqual({ filter: { nodes: ['n2'] } });
    await useRunStore().open(OTHER_RUN);
    expect(filter.line).toBe('');
    expect(filter.asked).toEqual({});
  });
});
