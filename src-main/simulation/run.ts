/** Runs one schedule from beginning to end and says what came out. */
import { createChecks } from '../checks/model/checks.ts';
import type { EventPayload, Nanoseconds, TraceEvent } from '../trace/model/events.ts';
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
  return new Run(schedule, keep).run();
}

class Run {
  readonly #schedule: Schedule;
  readonly #keep: ((event: TraceEvent) => void) | undefined;
  readonly #checks: ReturnType<typeof createChecks>;
  readonly #simulation: Simulation;
  #liveness: Liveness | undefined;
  #finding: RunFinding | undefined;
  #endsNs: Nanoseconds;

  constructor(schedule: Schedule, keep: ((event: TraceEvent) => void) | undefined) {
    this.#schedule = schedule;
    this.#keep = keep;
    this.#endsNs = schedule.untilNs;
    this.#checks = createChecks({ facts: { clientSessions: schedule.options.clientSessions } });
    const listener = {
      wants: (payload: EventPayload) => keep !== undefined || this.#wants(payload),
      event: (event: TraceEvent) => this.#take(event),
    };
    this.#simulation = new Simulation(schedule, listener, (node, error, at) => {
      const text = `${node}: ${error instanceof Error ? error.message : String(error)}`;
      this.#finding ??= { rule: 'replica-failed', atNs: this.#simulation.timeline.nowNs, text, events: [at] };
    });
  }

  run(): RunResult {
    const simulation = this.#simulation;
    const { stable } = this.#schedule;
    simulation.start();
    if (stable !== null) simulation.timeline.at(stable.atNs, () => this.#beginStablePhase());
    const { timeline } = simulation;
    while (
      this.#finding === undefined &&
      timeline.next(Math.min(this.#endsNs, this.#liveness?.endsNs ?? Infinity))
    );
    const finding = this.#finish(timeline.nowNs);
    simulation.record({ kind: 'run-stopped', reason: finding?.rule ?? 'the schedule is over' });
    const { hash, delivered, events } = simulation.journal;
    return { hash, messages: delivered, events, finding, endedNs: timeline.nowNs };
  }

  #wants(payload: EventPayload): boolean {
    return this.#checks.wants(payload) || payload.kind === 'role' || payload.kind === 'complete';
  }

  #take(event: TraceEvent): void {
    this.#keep?.(event);
    this.#checks.feed(event);
    this.#liveness?.feed(event);
    if (this.#checks.findings.length > 0) this.#finding ??= this.#checks.findings[0];
  }

  #finish(nowNs: Nanoseconds): RunFinding | undefined {
    this.#finding ??= this.#liveness?.finish(nowNs);
    if (this.#finding !== undefined) return this.#finding;
    this.#checks.finish(nowNs);
    return this.#checks.findings[0];
  }

  #beginStablePhase(): void {
    const { stable, options } = this.#schedule;
    if (stable === null) return;
    const begun = beginStablePhase(this.#simulation, stable, options);
    if (begun === undefined) {
      this.#endsNs = this.#simulation.timeline.nowNs + stable.calmNs;
      return;
    }
    this.#liveness = new Liveness(stable, begun.healthy, begun.isCalm);
    this.#probe(stable, begun.healthy);
  }

  /** Somebody writes during the stable phase, so that there is something to commit. */
  #probe(
    { settleWithinNs, calmNs, probeNs }: NonNullable<Schedule['stable']>,
    healthy: readonly string[],
  ): void {
    const calls = Math.ceil((settleWithinNs + calmNs) / probeNs);
    const plan = {
      id: PROBE,
      calls: Array.from({ length: calls }, (_, at) => ({
        number: at + 1,
        afterNs: probeNs,
        call: 'put' as const,
        key: PROBE,
        read: 'log' as const,
      })),
      attemptNs: this.#schedule.options.electionTimeoutMs.max * 1e6,
      attemptsMax: 10_000,
    };
    this.#simulation.addClient(plan, healthy).start();
  }
}
