/** Runs one schedule from beginning to end and says what came out. */
import type { EventKind, Nanoseconds, TraceEvent } from '../trace/model/events.ts';
import type { RunFinding } from './engine/finding.ts';
import { Liveness } from './engine/liveness.ts';
import { Simulation } from './engine/simulation.ts';
import { beginStablePhase } from './engine/stable-phase.ts';
import type { Schedule } from './schedule/schedule.ts';

export interface RunResult {
  /** Over the content of every event, in order. */
  readonly hash: string;
  /** Messages that reached a replica. */
  readonly messages: number;
  readonly events: number;
  /** What was broken first; undefined: nothing. The run ends there. */
  readonly finding: RunFinding | undefined;
  readonly endedNs: Nanoseconds;
}

/** @param keep takes every event, for a trace */
export function runSchedule(schedule: Schedule, keep?: (event: TraceEvent) => void): RunResult {
  const liveness = new Liveness();
  let finding: RunFinding | undefined;
  const simulation = new Simulation(
    schedule,
    {
      kinds: keep === undefined ? CHECKED : undefined,
      event(event) {
        keep?.(event);
        finding ??= liveness.feed(event);
      },
    },
    (node, error, at) => {
      const text = `${node}: ${error instanceof Error ? error.message : String(error)}`;
      finding ??= { rule: 'replica-failed', atNs: simulation.timeline.nowNs, text, events: [at] };
    },
  );
  simulation.start();
  const { stable } = schedule;
  if (stable !== null) {
    simulation.timeline.at(stable.atNs, () => {
      const begun = beginStablePhase(simulation, stable, schedule.options);
      if (begun === undefined) return;
      liveness.begin(stable, begun.healthy, begun.isCalm);
      probe(simulation, schedule, begun.healthy);
    });
  }
  const { timeline } = simulation;
  while (finding === undefined && timeline.next(Math.min(schedule.untilNs, liveness.endsNs)));
  finding ??= liveness.finish(timeline.nowNs);
  simulation.record({
    kind: 'run-stopped',
    reason: finding === undefined ? 'the schedule is over' : finding.rule,
  });
  const { hash, delivered, events } = simulation.journal;
  return { hash, messages: delivered, events, finding, endedNs: timeline.nowNs };
}

const CHECKED: ReadonlySet<EventKind> = new Set(['commit', 'role']);

/** Somebody writes during the stable phase, so that there is something to commit. */
function probe(simulation: Simulation, { stable, options }: Schedule, healthy: readonly string[]): void {
  if (stable === null) return;
  const calls = Math.ceil((stable.commitWithinNs + stable.settleNs + stable.calmNs) / stable.probeNs);
  const plan = {
    id: 'probe',
    calls: Array.from({ length: calls }, (_, at) => ({
      number: at + 1,
      afterNs: stable.probeNs,
      call: 'put' as const,
      key: 'probe',
      read: 'log' as const,
    })),
    attemptNs: options.electionTimeoutMs.max * 1e6,
    attemptsMax: 10_000,
  };
  simulation.addClient(plan, healthy).start();
}
