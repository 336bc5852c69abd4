import { useAnnouncer } from '../stores/announcer.ts';
import { usePlaceStore } from '../stores/place.ts';
import { useRunStore } from '../stores/run.ts';
import { useViewStore } from '../stores/view.ts';
import type { CommandDefinition } from './registry.ts';

/** Links to what is shown, and from elsewhere. */
export function linkCommands(): CommandDefinition[] {
  const run = useRunStore();
  const view = useViewStore();
  const place = usePlaceStore();
  const announcer = useAnnouncer();

  return [
    {
      id: 'link.copy',
      title: 'Copy a link to this moment and selection',
      group: 'Run',
      keys: ['U'],
      when: () => run.runId !== null && run.info !== null,
      run: async () => {
        const link = place.link();
        if (link === null) return;
        await navigator.clipboard.writeText(link).catch(() => {
          throw new Error(`The link could not be copied; here it is: ${link}`);
        });
        announcer.announce(`Copied: ${link}`);
      },
    },
    {
      id: 'link.open',
      title: 'Open a link…',
      group: 'Go to',
      keys: ['Shift+U'],
      run: () => (view.linkOpen = true),
    },
  ];
}
