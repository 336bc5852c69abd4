import { defineStore } from 'pinia';
import { ref } from 'vue';
import type { ElectionRow } from '../../../src-main/api/index.ts';
import { useCursorStore } from '../../stores/cursor.ts';
import { replayElection } from '../../stores/replay-election.ts';
import { useRunStore } from '../../stores/run.ts';
import { useSelectionStore } from '../../stores/selection.ts';
import { useViewStore } from '../../stores/view.ts';
import type { Arrangement } from './axis.ts';
import type { RulerMode } from './ruler.ts';
import { electionEndNs } from './spans.ts';
import { createViewpoint } from './viewpoint.ts';

/** What the Timeline of this window shows, kept while other views are looked at. */
export const useTimelineStore = defineStore('timeline', () => {
  const run = useRunStore();
  const cursor = useCursorStore();
  const selection = useSelectionStore();
  const views = useViewStore();
  const viewpoint = createViewpoint(run, cursor);
  const heartbeats = ref(false);
  const asTable = ref(false);
  const arrangement = ref<Arrangement>('time');
  const rulerMode = ref<RulerMode>('absolute');
  /** The moment that a relative ruler counts from; null: the cursor. */
  const originNs = ref<number | null>(null);

  /** This very stretch, as a bookmark or a link kept it. */
  function showExactly(fromNs: number, toNs: number): void {
    viewpoint.place();
    viewpoint.look({ fromNs, toNs });
  }

  /** Selects an election and shows it in the Timeline, the cursor at its beginning. */
  function showElection(election: ElectionRow): void {
    cursor.pause();
    viewpoint.show(election.startedNs, electionEndNs(election));
    cursor.seek(election.startedNs);
    selection.select('election', String(election.number));
    views.show('timeline');
  }

  /** Shows an election in the Timeline and plays it as the Cluster view does. */
  function replay(election: ElectionRow): void {
    showElection(election);
    replayElection(election, cursor);
  }

  return {
    ...viewpoint,
    heartbeats,
    asTable,
    arrangement,
    rulerMode,
    originNs,
    showExactly,
    showElection,
    replayElection: replay,
  };
});
