import { useBookmarksStore } from '../stores/bookmarks.ts';
import { useRunStore } from '../stores/run.ts';
import type { CommandDefinition } from './registry.ts';

/** Marking moments of the open run, and going from one to the next. */
export function bookmarkCommands(): CommandDefinition[] {
  const run = useRunStore();
  const bookmarks = useBookmarksStore();
  const open = (): boolean => run.runId !== null && run.info !== null;
  const some = (): boolean | string =>
    open() && (bookmarks.bookmarks.length > 0 || 'this trace has no bookmark yet; N makes one.');

  return [
    {
      id: 'bookmark.add',
      title: 'Bookmark this moment, with a note',
      group: 'Follow',
      keys: ['N'],
      when: open,
      run: () => bookmarks.begin(),
    },
    {
      id: 'bookmark.next',
      title: 'Next bookmark',
      group: 'Follow',
      keys: ['V'],
      when: some,
      run: () => bookmarks.step('next'),
    },
    {
      id: 'bookmark.previous',
      title: 'Previous bookmark',
      group: 'Follow',
      keys: ['Shift+V'],
      when: some,
      run: () => bookmarks.step('previous'),
    },
  ];
}
