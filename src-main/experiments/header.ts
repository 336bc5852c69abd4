/** What a run says of itself before its first event. */
import { readFileSync } from 'node:fs';
import { cpus, release, type } from 'node:os';
import path from 'node:path';
import { v7 as uuid } from 'uuid';
import type { RaftOptions } from '../consensus/raft/options.ts';
import type { RaftBug } from '../consensus/raft/planted-bugs.ts';
import type { RunHeader } from '../trace/protocol.ts';
import { resourceFolder } from './resources.ts';

/** Version of this Quorum Lab, from its package.json. */
export function labVersion(): string {
  const file = path.join(resourceFolder(), '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

export interface RunPlan {
  title: string;
  profile: string;
  options: RaftOptions;
  nodes: number;
  seed: number;
  scenario?: string;
  /** Stands in the trace among the options, so that nobody takes the run for a sound one. */
  bug?: RaftBug;
}

export function runHeader(plan: RunPlan): RunHeader {
  const versions: Record<string, string> = { 'quorum-lab': labVersion(), node: process.versions.node };
  if (process.versions['electron']) versions['electron'] = process.versions['electron'];
  const processors = cpus();
  return {
    runId: uuid(),
    title: plan.title,
    protocol: 'raft',
    profile: plan.profile,
    options: plan.bug === undefined ? plan.options : { ...plan.options, bug: plan.bug },
    nodes: Array.from({ length: plan.nodes }, (_, position) => `n${position + 1}`),
    seed: plan.seed,
    startedAt: new Date().toISOString(),
    scenario: plan.scenario ?? null,
    versions,
    machine: {
      os: `${type()} ${release()}`,
      cpu: processors[0]?.model.trim() ?? 'unknown',
      cores: processors.length,
    },
  };
}

/** A seed for those who named none. */
export function drawSeed(): number {
  return Math.floor(Math.random() * 1_000_000);
}
