import { defineStore } from 'pinia';
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { EventDetail, EventId } from '../../src-main/api/index.ts';
import { useTimelineStore } from '../canvas/timeline/timeline-store.ts';
import { contains, spanOf } from '../canvas/timeline/viewport.ts';
import { seconds, sentenceOf } from '../wording/figures.ts';
import { useAnnouncer } from './announcer.ts';
import { useCursorStore } from './cursor.ts';
import type { FollowTarget } from './follow-target.ts';
import { formatTarget } from './follow-target.ts';
import type { Followed, FollowedMoment } from './followed-story.ts';
import { followedChain, followedEntry, followedOperation } from './followed-story.ts';
import { useRunStore } from './run.ts';
import { useSelectionStore } from './selection.ts';

/** Causes and effects that are followed; a leader's timer leads to much. */
const CHAIN_MAX = 200;
/** What is followed in a run that goes on is looked at again so often. */
const LIVE_MS = 1_000;
/** What takes less of the Timeline's width than this cannot be told apart in it. */
const DOT_SHARE = 0.03;

/**
 * What is followed through the cluster until somebody lets go of it: a message with its causes and effects, a log entry, or a client's
 * operation. It stays while the cursor and the selection move.
 */
export const useFollowingStore = defineStore('following', () => {
  const run = useRunStore();
  const cursor = useCursorStore();
  const selection = useSelectionStore();
  const announcer = useAnnouncer();
  const timeline = useTimelineStore();
  const target = shallowRef<FollowTarget | null>(null);
  const followed = shallowRef<Followed | null>(null);
  const error = ref<string | null>(null);
  /** What somebody is being asked to name. */
  const asking = ref<'entry' | 'operation' | null>(null);
  let wish = 0;

  /** Resolves once it is shown, or the error says why it is not. */
  async function follow(next: FollowTarget): Promise<void> {
    target.value = next;
    followed.value = null;
    error.value = null;
    const found = await look();
    if (!found) return;
    reveal(found);
    announcer.announce(`Following: ${found.title}.`);
  }

  /**
   * Where nothing of it is in sight, or an entry or operation would be a dot, the Timeline shows it from its beginning to where it came
   * about. Causes reach far back; of them the selected event is in sight.
   */
  function reveal({ kind, moments }: Followed): void {
    const [first, last] = [moments[0], moments.at(-1)];
    if (!first || !last) return;
    const done = moments.find(({ tone }) => tone === 'ok') ?? last;
    const inSight = moments.some(({ atNs }) => contains(timeline.view, atNs));
    const isDot = kind !== 'message' && done.atNs - first.atNs < spanOf(timeline.view) * DOT_SHARE;
    if (inSight && !isDot) return;
    timeline.show(first.atNs, Math.max(done.atNs, first.atNs + 1_000));
  }

  function stop(): void {
    wish++;
    target.value = null;
    followed.value = null;
    error.value = null;
  }

  /** What was found; null also where somebody wants something else by now. */
  async function look(): Promise<Followed | null> {
    const wanted = target.value;
    if (!wanted) return null;
    const number = ++wish;
    try {
      const found = await ask(wanted);
      if (number !== wish) return null;
      followed.value = found;
      if (found === null) refuse(`${nameOf(wanted)} is not in this trace.`);
      return found;
    } catch (cause) {
      // What was found before stays: the next look may be answered.
      if (number === wish && followed.value === null) refuse(sentenceOf(cause));
      return null;
    }
  }

  function refuse(sentence: string): void {
    followed.value = null;
    error.value = sentence;
    announcer.announce(sentence);
  }

  async function ask(wanted: FollowTarget): Promise<Followed | null> {
    if (wanted.kind === 'entry') {
      const { index, term } = wanted;
      const story = await run.query('entryStory', { index, ...(term === null ? {} : { term }) });
      return story && followedEntry(wanted, story);
    }
    if (wanted.kind === 'operation') {
      const story = await run.query('operationStory', { id: wanted.id });
      return story && followedOperation(wanted, story);
    }
    const chain = await run.query('chain', { id: wanted.id, limit: CHAIN_MAX });
    return chain.causes.length === 0 ? null : followedChain(wanted, wanted.id, chain);
  }

  /** Whether this very thing is followed. */
  function isFollowed(candidate: FollowTarget): boolean {
    const wanted = formatTarget(candidate);
    return [target.value, followed.value?.target].some((one) => one && formatTarget(one) === wanted);
  }

  /** Where the cursor stands among the moments: the one that is selected, else the last one not behind the cursor; -1 before the first. */
  const position = computed(() => {
    const moments = followed.value?.moments ?? [];
    const item = selection.item;
    const chosen = moments.findIndex(
      (moment) => moment.atNs === cursor.atNs && (item?.id === moment.event || item?.id === moment.message),
    );
    return chosen >= 0 ? chosen : moments.findLastIndex(({ atNs }) => atNs <= cursor.atNs);
  });

  /** To the next or previous moment of what is followed. */
  function step(direction: 'next' | 'previous'): void {
    const moments = followed.value?.moments ?? [];
    const at = position.value;
    const stands = moments[at]?.atNs === cursor.atNs;
    const next = direction === 'next' ? at + 1 : stands ? at - 1 : at;
    const moment = moments[next];
    if (moment) goTo(moment);
    else announcer.announce(`There is no ${direction} step of what is followed.`);
  }

  function goTo(moment: FollowedMoment): void {
    cursor.pause();
    cursor.seek(moment.atNs);
    const isMessage =
      moment.message === moment.event || (followed.value?.kind === 'message' && moment.message);
    if (isMessage && moment.message) selection.select('message', moment.message);
    else selection.select('event', moment.event);
    announcer.announce(`${seconds(moment.atNs, 6)}: ${moment.text}`);
  }

  /** From the selected event or message to what made it happen, or to the first thing that came of it. */
  async function walk(towards: 'cause' | 'effect'): Promise<void> {
    const item = selection.item;
    if (item?.kind !== 'event' && item?.kind !== 'message') return;
    try {
      const { causes, effects } = await run.query('chain', { id: item.id, limit: CHAIN_MAX });
      const detail = towards === 'cause' ? causes.at(-2) : firstEffect(effects, item.id);
      if (!detail) {
        announcer.announce(
          towards === 'cause' ? 'Nothing recorded led to it.' : 'Nothing recorded came of it.',
        );
        return;
      }
      cursor.pause();
      cursor.seek(detail.event.atNs);
      if (detail.event.kind === 'send') selection.select('message', detail.id);
      else selection.select('event', detail.id);
      announcer.announce(`${seconds(detail.event.atNs, 6)}: ${detail.text}`);
    } catch (cause) {
      announcer.announce(sentenceOf(cause));
    }
  }

  watch(() => run.runId, stop, { flush: 'sync' });
  watch(
    () => (run.live && target.value ? Math.floor(run.endNs / (LIVE_MS * 1e6)) : null),
    (tick) => {
      if (tick !== null) void look();
    },
  );
  onScopeDispose(() => wish++);
  return { target, followed, error, asking, position, follow, stop, isFollowed, step, goTo, walk };
});

/** A message's arrival leads nowhere; that it is taken in does. */
function firstEffect(effects: readonly EventDetail[], of: EventId): EventDetail | undefined {
  const others = effects.filter(({ id }) => id !== of);
  return others.find(({ event }) => event.kind !== 'arrive') ?? others[0];
}

function nameOf(target: FollowTarget): string {
  if (target.kind === 'entry')
    return `Entry ${target.index}${target.term === null ? '' : ` of term ${target.term}`}`;
  return target.kind === 'operation' ? `Operation ${target.id}` : `Event ${target.id}`;
}
