import type { useTimelineStore } from '../canvas/timeline/timeline-store.ts';
import { useCompareStore } from '../stores/compare.ts';
import { useConnectionStore } from '../stores/bridge.ts';
import { useRunStore } from '../stores/run.ts';
import { useRunsStore } from '../stores/runs.ts';
import { useViewStore } from '../stores/view.ts';
import type { CommandDefinition } from './registry.ts';

/** From everywhere: which runs to compare. */
export function compareCommands(): CommandDefinition[] {
  const compare = useCompareStore();
  const run = useRunStore();
  const runs = useRunsStore();
  const view = useViewStore();
  const connection = useConnectionStore();
  const twoChosen = (): boolean => view.name === 'home' && compare.chosen.length === 2;
  return [
    {
      id: 'run.compare',
      title: 'Compare two runs',
      group: 'Run',
      keys: ['Shift+D'],
      when: () => {
        if (connection.state === 'lost') return 'the connection to the lab is lost.';
        if (twoChosen()) return true;
        if (view.name === 'home' && compare.chosen.length === 1) return 'choose a second run, too.';
        if (!run.runId) return 'open a run first, or choose two on Home.';
        return runs.runs.length > 1 ? true : 'there is no other run here; open its trace first.';
      },
      run: () => {
        const [a, b] = compare.chosen;
        if (twoChosen() && a && b) return compare.start(a, b);
        compare.dialogOpen = true;
        return undefined;
      },
    },
  ];
}

const ZOOM_IN = 0.6;
const PAN_SHARE = 0.25;
type Timeline = ReturnType<typeof useTimelineStore>;

/** In the comparison itself. They act on the side that leads; the other goes along. */
export function comparisonCommands(
  leading: () => Timeline | undefined,
  show: () => void,
): CommandDefinition[] {
  const compare = useCompareStore();
  const command = (id: string, title: string, keys: string[], run: () => unknown): CommandDefinition => ({
    id: `compare.${id}`,
    title: `Comparison: ${title}`,
    group: 'View',
    keys,
    run,
  });
  return [
    command('zoom-in', 'zoom in', ['+', '='], () => leading()?.zoom(ZOOM_IN)),
    command('zoom-out', 'zoom out', ['-'], () => leading()?.zoom(1 / ZOOM_IN)),
    command('fit', 'show the whole run that leads', ['0'], () => leading()?.fit()),
    command('pan-earlier', 'look earlier', ['A'], () => leading()?.pan(-PAN_SHARE)),
    command('pan-later', 'look later', ['D'], () => leading()?.pan(PAN_SHARE)),
    command('lead', 'lead with the other run', ['B'], () => {
      compare.active = compare.active === 'a' ? 'b' : 'a';
    }),
    command('difference', 'go to the first difference', ['X'], show),
    command('panel', 'figures, or what is selected', ['T'], () => {
      compare.panel = compare.panel === 'figures' ? 'selected' : 'figures';
    }),
  ];
}
