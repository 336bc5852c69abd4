/** Runs one schedule from beginning to end and says what came out. */
import type { EventKind, Nanoseconds, TraceEvent } from '../trace/model/events.ts';
import type { RunFinding } from './engine/finding.ts';
import { Liveness, PROBE } from './engine/liveness.ts';
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
  let liveness: Liveness | undefined;
  let finding: RunFinding | undefined;
  const simulation = new Simulation(
    schedule,
    {
      kinds: keep === undefined ? CHECKED : undefined,
      event(event) {
        keep?.(event);
        liveness?.feed(event);
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
      liveness = new Liveness(stable, begun.healthy, begun.isCalm);
      probe(simulation, schedule, begun.healthy);
    });
  }
  const { timeline } = simulation;
  const endsNs = (): Nanoseconds => Math.min(schedule.untilNs, liveness?.endsNs ?? Infinity);
  while (finding === undefined && timeline.next(endsNs()));
  finding ??= (liveness as Liveness | undefined)?.finish(timeline.nowNs);
  simulation.record({
    kind: 'run-stopped',
    reason: finding === undefined ? 'the schedule is over' : finding.rule,
  });
  const { hash, delivered, events } = simulation.journal;
  return { hash, messages: delivered, events, finding, endedNs: timeline.nowNs };
}

const CHECKED: ReadonlySet<EventKind> = new Set(['role', 'complete']);

/** Somebody writes during the stable phase, so that there is something to commit. */
function probe(simulation: Simulation, { stable, options }: Schedule, healthy: readonly string[]): void {
  if (stable === null) return;
  const calls = Math.ceil((stable.settleWithinNs + stable.calmNs) / stable.probeNs);
  const plan = {
    id: PROBE,
    calls: Array.from({ length: calls }, (_, at) => ({
      number: at + 1,
      afterNs: stable.probeNs,
      call: 'put' as const,
      key: PROBE,
      read: 'log' as const,
    })),
    attemptNs: options.electionTimeoutMs.max * 1e6,
    attemptsMax: 10_000,
  };
  simulation.addClient(plan, healthy).start();
}
