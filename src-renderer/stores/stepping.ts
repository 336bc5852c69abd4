import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { StepKind } from '../../src-main/api/index.ts';
import { seconds, sentenceOf } from '../wording/figures.ts';
import { useAnnouncer } from './announcer.ts';
import { useCursorStore } from './cursor.ts';
import { useRunStore } from './run.ts';
import { useSelectionStore } from './selection.ts';
import type { SelectionKind } from './selection.ts';

const SELECTS: Record<StepKind, SelectionKind> = {
  event: 'event',
  message: 'message',
  election: 'election',
  fault: 'fault',
  finding: 'event',
  term: 'event',
};

/** Moves the cursor to the next or previous thing of a kind, selects it and says what it is. */
export const useSteppingStore = defineStore('stepping', () => {
  const run = useRunStore();
  const cursor = useCursorStore();
  const selection = useSelectionStore();
  const announcer = useAnnouncer();
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
      });
      if (!answer) {
        const where = direction === 'next' ? 'after' : 'before';
        announcer.announce(`There is no ${kind} ${where} ${seconds(atNs, 6)}.`);
        return;
      }
      cursor.seek(answer.atNs);
      met.value = { ...answer, kind };
      selection.select(SELECTS[kind], answer.id);
      announcer.announce(`${seconds(answer.atNs, 6)}: ${answer.text}`);
    } catch (cause) {
      announcer.announce(sentenceOf(cause));
    } finally {
      underWay = false;
    }
  }

  return { met, step };
});
