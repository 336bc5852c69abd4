/** What a trace that was made from somebody else's file says of itself. */
import type { NodeId } from '../../consensus/replica.ts';
import type { RunHeader } from '../protocol.ts';
import type { ImportJob } from './importing.ts';

export interface Origin {
  readonly format: string;
  readonly protocol: string;
  readonly nodes: NodeId[];
  /** Wall clock of the first line; undefined: not known, and the moment of the import stands for it. */
  readonly startedAt: string | undefined;
  readonly lines: number;
  /** What is not as in a trace of our own. */
  readonly notes: object;
}

export function importedHeader(job: ImportJob, origin: Origin): RunHeader {
  const { format, protocol, nodes, startedAt, lines, notes } = origin;
  return {
    runId: job.freshId,
    title: `${job.name.slice(0, 100)} (imported)`,
    protocol,
    profile: 'imported',
    options: {
      imported: {
        format,
        lines,
        ...notes,
        startedAt: startedAt === undefined ? 'not known: that of the import' : 'of the first line',
      },
    },
    nodes,
    seed: 0,
    startedAt: startedAt ?? job.now,
    scenario: null,
    versions: { 'quorum-lab': job.labVersion, 'imported from': format },
    machine: { os: 'not known', cpu: 'not known', cores: 0 },
  };
}
