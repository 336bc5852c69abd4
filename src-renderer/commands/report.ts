import { useConnectionStore } from '../stores/bridge.ts';
import { useReportStore } from '../stores/report.ts';
import { useRunStore } from '../stores/run.ts';
import type { CommandDefinition } from './registry.ts';

export function reportCommands(): CommandDefinition[] {
  const report = useReportStore();
  const run = useRunStore();
  const connection = useConnectionStore();
  return [
    {
      id: 'run.report',
      title: 'Report: one file with notes, pictures and figures',
      group: 'Run',
      keys: ['Shift+R'],
      when: () => {
        if (!run.runId) return 'open or start a run first.';
        return connection.state === 'lost' ? 'the connection to the lab is lost.' : true;
      },
      run: () => {
        report.open = true;
      },
    },
  ];
}
