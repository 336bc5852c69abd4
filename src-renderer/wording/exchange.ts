import type { ExportFormat, Transfer } from '../../src-main/api/index.ts';

/** What each format is for, in the order in which they are offered. */
export const FORMAT_WORDS: readonly { format: ExportFormat; title: string; purpose: string }[] = [
  {
    format: 'ndjson',
    title: 'Everything, as ndjson',
    purpose: 'One event a line, nothing left out. Quorum Lab imports it back.',
  },
  {
    format: 'perfetto',
    title: 'Perfetto',
    purpose: 'For ui.perfetto.dev: roles, messages, elections, faults and counters.',
  },
  {
    format: 'shiviz',
    title: 'ShiViz',
    purpose: 'A log with vector clocks; its first line is the expression that reads it.',
  },
  {
    format: 'etcd-ndjson',
    title: 'etcd-io/raft trace',
    purpose: 'The shape of state_trace.go, for tools that check such traces.',
  },
  {
    format: 'jepsen',
    title: 'Jepsen history, EDN',
    purpose: 'What the clients asked and what came of it, an operation a line.',
  },
  {
    format: 'jepsen-log',
    title: 'Jepsen history, log',
    purpose: 'The same as lines of Jepsen’s own log; times are left out.',
  },
  { format: 'csv', title: 'One table, as CSV', purpose: 'For a spreadsheet or a notebook.' },
];

const PHASES: Readonly<Record<Transfer['phase'], string>> = {
  reading: 'reading',
  recording: 'making the trace',
  writing: 'writing',
};

export function transferWords({ phase, share }: Transfer): string {
  return `${PHASES[phase]}, ${Math.floor(share * 100)} %`;
}
