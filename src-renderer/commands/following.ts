import type { FollowTarget } from '../stores/follow-target.ts';
import { useFollowingStore } from '../stores/following.ts';
import { useHistoryStore } from '../stores/history.ts';
import { useRunStore } from '../stores/run.ts';
import { useSelectionStore } from '../stores/selection.ts';
import type { CommandDefinition } from './registry.ts';

/** Following a message to its cause and effects, an entry through the cluster, an operation from call to reply. */
export function followingCommands(): CommandDefinition[] {
  const run = useRunStore();
  const selection = useSelectionStore();
  const following = useFollowingStore();
  const history = useHistoryStore();
  const open = (): boolean => run.runId !== null && run.endNs > 0;

  /** What the selection leads to: an operation's story, else the causes and effects of an event. */
  function selected(): FollowTarget | null {
    const item = selection.item;
    if (item?.kind === 'message' || item?.kind === 'event') return { kind: 'message', id: item.id };
    if (item?.kind === 'operation') return { kind: 'operation', id: item.id };
    if (item?.kind === 'election') {
      const election = history.elections.find(({ number }) => String(number) === item.id);
      return election ? { kind: 'message', id: election.event } : null;
    }
    return null;
  }
  const somethingFollowed = (): boolean => open() && following.followed !== null;
  const eventSelected = (): boolean | string => {
    if (!open()) return false;
    const kind = selection.item?.kind;
    return kind === 'message' || kind === 'event' ? true : 'select a message or an event first.';
  };

  return [
    {
      id: 'follow.pin',
      title: 'Pin cause and effects of what is selected, or let go of what is followed',
      group: 'Follow',
      keys: ['C'],
      when: () => {
        if (!open()) return false;
        if (following.target !== null) return true;
        return selected() === null ? 'select a message, an event or an operation first.' : true;
      },
      run: () => {
        const next = selected();
        if (following.target !== null) following.stop();
        else if (next) return following.follow(next);
        return undefined;
      },
    },
    {
      id: 'follow.entry',
      title: 'Follow a log entry…',
      group: 'Follow',
      keys: ['I'],
      when: open,
      run: () => (following.asking = 'entry'),
    },
    {
      id: 'follow.operation',
      title: 'Follow a client operation…',
      group: 'Follow',
      keys: ['O'],
      when: open,
      run: () => (following.asking = 'operation'),
    },
    {
      id: 'follow.next',
      title: 'Next step of what is followed',
      group: 'Follow',
      keys: ['J'],
      when: somethingFollowed,
      run: () => following.step('next'),
    },
    {
      id: 'follow.previous',
      title: 'Previous step of what is followed',
      group: 'Follow',
      keys: ['Shift+J'],
      when: somethingFollowed,
      run: () => following.step('previous'),
    },
    {
      id: 'follow.effect',
      title: 'To the first effect of what is selected',
      group: 'Follow',
      keys: ['Q'],
      when: eventSelected,
      run: () => following.walk('effect'),
    },
    {
      id: 'follow.cause',
      title: 'To the cause of what is selected',
      group: 'Follow',
      keys: ['Shift+Q'],
      when: eventSelected,
      run: () => following.walk('cause'),
    },
  ];
}
