import type { CommandDefinition } from '../../commands/registry.ts';
import { useCursorStore } from '../../stores/cursor.ts';
import { useRunStore } from '../../stores/run.ts';
import { useSelectionStore } from '../../stores/selection.ts';
import { electionEndNs, findElection, findFault } from './spans.ts';
import { RULER_MODES, RULER_WORDS } from './ruler.ts';
import { useTimelineStore } from './timeline-store.ts';

const ZOOM_IN = 0.6;
const PAN_SHARE = 0.25;

/** What the Timeline alone can do; playing and stepping belong to every view. */
export function timelineCommands(toggleLogs: () => void): CommandDefinition[] {
  const run = useRunStore();
  const cursor = useCursorStore();
  const selection = useSelectionStore();
  const timeline = useTimelineStore();
  const open = (): boolean => run.runId !== null && run.endNs > 0;
  const command = (id: string, title: string, keys: string[], action: () => unknown): CommandDefinition => ({
    id: `timeline.${id}`,
    title: `Timeline: ${title}`,
    group: 'View',
    keys,
    when: open,
    run: action,
  });

  /** Shows the selected thing as large as it goes; without one, a thousandth of the run around the cursor. */
  async function frameSelected(): Promise<void> {
    const item = selection.item;
    if (item?.kind === 'message') {
      const message = await run.query('message', { id: item.id });
      if (!message) return;
      timeline.show(message.sentNs, message.deliveredNs ?? message.arrivedNs ?? message.sentNs + 100_000, 1);
    } else if (item?.kind === 'election') {
      const { elections } = await run.query('elections', {});
      const election = findElection(elections, item.id);
      if (election) timeline.show(election.startedNs, electionEndNs(election));
    } else if (item?.kind === 'fault') {
      const { faults } = await run.query('faults', {});
      const fault = findFault(faults, item.id);
      if (fault) timeline.show(fault.fromNs, fault.toNs ?? run.endNs);
    } else {
      const reach = Math.max(run.endNs / 2_000, 1_000);
      timeline.show(cursor.atNs - reach, cursor.atNs + reach, 0);
    }
  }

  /** The election under the cursor, else the last one before it. */
  async function replay(): Promise<void> {
    const { elections } = await run.query('elections', {});
    const item = selection.item;
    const wanted =
      (item?.kind === 'election' ? findElection(elections, item.id) : undefined) ??
      elections.findLast((row) => row.startedNs <= cursor.atNs) ??
      elections[0];
    if (wanted) timeline.replayElection(wanted);
  }

  return [
    command('zoom-in', 'zoom in', ['+', '='], () => timeline.zoom(ZOOM_IN)),
    command('zoom-out', 'zoom out', ['-'], () => timeline.zoom(1 / ZOOM_IN)),
    command('fit', 'show the whole run', ['0'], () => timeline.fit()),
    command('pan-earlier', 'look earlier', ['A'], () => timeline.pan(-PAN_SHARE)),
    command('pan-later', 'look later', ['D'], () => timeline.pan(PAN_SHARE)),
    command('frame', 'zoom to what is selected', ['Z'], frameSelected),
    command('replay', 'replay the election, slowly', ['Y'], replay),
    command('causal', 'by time, or by cause and effect', ['M'], () => {
      timeline.arrangement = timeline.arrangement === 'time' ? 'causal' : 'time';
    }),
    command('ruler', 'next way to read the ruler', ['S'], () => {
      const next = (RULER_MODES.indexOf(timeline.rulerMode) + 1) % RULER_MODES.length;
      timeline.rulerMode = RULER_MODES[next] ?? 'absolute';
    }),
    ...RULER_MODES.map((mode) =>
      command(`ruler-${mode}`, `ruler in ${RULER_WORDS[mode]}`, [], () => (timeline.rulerMode = mode)),
    ),
    command('zero', 'count from the cursor on, or from wherever it is', ['Shift+Z'], () => {
      timeline.originNs = timeline.originNs === null ? cursor.atNs : null;
      timeline.rulerMode = 'relative';
    }),
    command('table', 'drawing or table', ['T'], () => (timeline.asTable = !timeline.asTable)),
    command(
      'heartbeats',
      'fold or show heartbeats',
      ['B'],
      () => (timeline.heartbeats = !timeline.heartbeats),
    ),
    command('logs', 'fold or show the logs', ['L'], toggleLogs),
    {
      id: 'timeline.follow',
      title: 'Timeline: follow the live edge',
      group: 'View',
      keys: ['End'],
      when: () => run.live && timeline.follow !== 'edge',
      run: () => timeline.followLive(),
    },
  ];
}
