import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { StepKind } from '../../src-main/api/index.ts';
import { seconds, sentenceOf } from '../wording/figures.ts';
import { useAnnouncer } from './announcer.ts';
import { useCursorStore } from './cursor.ts';
import { useRunStore } from './run.ts';
import { useSelectionStore } from './selection.ts';
import { useHistoryStore } from './history.ts';
import { useTimelineFilterStore } from './timeline-filter.ts';

/** Moves the cursor to the next or previous thing of a kind, selects it and says what it is. */
export const useSteppingStore = defineStore('stepping', () => {
  const run = useRunStore();
  const cursor = useCursorStore();
  const selection = useSelectionStore();
  const announcer = useAnnouncer();
  const history = useHistoryStore();
  const filter = useTimelineFilterStore();
  /** What the last step met; shown beside the cursor and announced. */
  const met = ref<{ atNs: number; id: string; kind: StepKind; text: string } | null>(null);
  let underWay = false;

  async function step(kind: StepKind, direction: 'next' | 'previous'): Promise<void> {
    if (underWay || !run.runId) return;
    underWay = true;
    cursor.pause();
    try {
      const from = met.value;
      const atNs = cursor.atNs;
      const continues = from !== null && from.atNs === atNs && from.kind === kind;
      const answer = await run.query('step', {
        atNs,
        direction,
        kind,
        ...(continues && { id: from.id }),
        ...((kind === 'event' || kind === 'message') && filter.asked),
      });
      if (!answer) {
        const where = direction === 'next' ? 'after' : 'before';
        const filtered =
          (kind === 'event' || kind === 'message') && filter.active ? ' that passes the filter' : '';
        announcer.announce(`There is no ${nameOf(kind)}${filtered} ${where} ${seconds(atNs, 6)}.`);
        return;
      }
      cursor.seek(answer.atNs);
      met.value = { ...answer, kind };
      selectMet(kind, answer.id);
      announcer.announce(`${seconds(answer.atNs, 6)}: ${answer.text}`);
    } catch (cause) {
      announcer.announce(sentenceOf(cause));
    } finally {
      underWay = false;
    }
  }

  /** A step answers with the event it met; elections and faults are explained as what they are. */
  function selectMet(kind: StepKind, id: string): void {
    const election = history.elections.find((candidate) => candidate.event === id);
    const fault = history.faults.find((candidate) => candidate.event === id);
    if (kind === 'message') selection.select('message', id);
    else if (kind === 'election' && election) selection.select('election', String(election.number));
    else if (kind === 'fault' && fault) selection.select('fault', fault.id);
    else selection.select('event', id);
  }

  return { met, step };
});

function nameOf(kind: StepKind): string {
  return kind === 'term' ? 'change of term' : kind;
}
