import { useConnectionStore } from '../stores/bridge.ts';
import { useControlStore } from '../stores/control.ts';
import { useExchangeStore } from '../stores/exchange.ts';
import { useLibraryStore } from '../stores/library.ts';
import { useRunStore } from '../stores/run.ts';
import { useSettingsStore } from '../stores/settings.ts';
import type { ViewName } from '../stores/view.ts';
import { RUN_VIEWS, useViewStore } from '../stores/view.ts';
import { availableViews } from '../views/available.ts';
import type { CommandDefinition } from './registry.ts';

const PLACES: [ViewName, string, string[]][] = [
  ['home', 'Home', ['Shift+H']],
  ['cluster', 'Cluster', ['Shift+C']],
  ['timeline', 'Timeline', ['Shift+T']],
  ['latency', 'Latency', ['Shift+L']],
];

/** Where to look, what to do with the run as a whole, and how the window looks. */
export function windowCommands(): CommandDefinition[] {
  const view = useViewStore();
  const run = useRunStore();
  const control = useControlStore();
  const settings = useSettingsStore();
  const library = useLibraryStore();
  const exchange = useExchangeStore();
  const connection = useConnectionStore();
  const isRunView = (name: ViewName): boolean => (RUN_VIEWS as readonly string[]).includes(name);

  return [
    ...PLACES.filter(([name]) => availableViews.has(name)).map(([name, title, keys]): CommandDefinition => ({
      id: `go.${name}`,
      title: `Go to ${title}`,
      group: 'Go to',
      keys,
      when: () => (isRunView(name) && !run.runId ? 'open or start a run first.' : true),
      run: () => view.show(name),
    })),
    {
      id: 'go.help',
      title: 'Help, and back',
      group: 'Go to',
      keys: ['?', 'F1'],
      run: () => (view.name === 'help' ? view.back() : view.show('help')),
    },
    {
      id: 'window.palette',
      title: 'All commands',
      group: 'Window',
      keys: ['Ctrl+K'],
      run: () => {
        view.paletteOpen = !view.paletteOpen;
      },
    },
    {
      id: 'window.settings',
      title: 'Settings',
      group: 'Window',
      keys: ['Ctrl+,'],
      run: () => {
        view.settingsOpen = true;
      },
    },
    {
      id: 'window.theme',
      title: 'Dark or light',
      group: 'Window',
      keys: [],
      run: () => {
        settings.theme = document.documentElement.dataset['theme'] === 'light' ? 'dark' : 'light';
      },
    },
    {
      id: 'window.density',
      title: 'Projector density, or normal',
      group: 'Window',
      keys: [],
      run: () => {
        settings.density = settings.density === 'projector' ? 'normal' : 'projector';
      },
    },
    {
      id: 'run.open',
      title: 'Open a trace, export or history from a file',
      group: 'Run',
      keys: ['Ctrl+O'],
      when: () => connection.capabilities?.openDialog.available === true,
      run: () => library.openDialog(),
    },
    {
      id: 'run.export',
      title: 'Export the trace in another format',
      group: 'Run',
      keys: ['Ctrl+E'],
      when: () => run.runId !== null,
      run: () => {
        if (run.runId === null) return;
        exchange.open({ runId: run.runId, title: run.summary?.title ?? run.info?.title ?? '' });
      },
    },
    {
      id: 'run.rename',
      title: 'Rename the run',
      group: 'Run',
      keys: ['F2'],
      when: () => run.runId !== null,
      run: () => {
        view.renaming = true;
      },
    },
    {
      id: 'run.stop',
      title: 'Stop the run',
      group: 'Run',
      keys: ['Shift+S'],
      when: () => {
        if (!run.runId || !run.live) return false;
        if (connection.state === 'lost') return 'the connection to the lab is lost.';
        return control.stopping ? 'the run is being stopped.' : true;
      },
      run: () => control.stopRun(),
    },
    {
      id: 'run.close',
      title: 'Close the run in this window',
      group: 'Run',
      keys: [],
      when: () => run.runId !== null,
      run: () => {
        view.show('home');
        run.close();
      },
    },
  ];
}
