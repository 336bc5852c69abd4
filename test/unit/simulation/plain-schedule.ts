/** A schedule in which nothing happens, to which tests add what they are about. */
import { resolveRaftOptions, type RaftOptionsGiven } from '../../../src-main/consensus/raft/options.ts';
import { runSchedule, type RunResult } from '../../../src-main/simulation/run.ts';
import type {
  Action,
  ClientPlan,
  LinkQuality,
  Schedule,
} from '../../../src-main/simulation/schedule/schedule.ts';
import type { TraceEvent } from '../../../src-main/trace/model/events.ts';

export const MS = 1e6;

export const quiet: LinkQuality = {
  delayNs: { min: 1 * MS, max: 3 * MS },
  loss: 0,
  duplicate: 0,
  straggle: 0,
};

/** Writes one key after another. */
export function writer(id: string, calls: number, pauseMs = 20): ClientPlan {
  return {
    id,
    calls: Array.from({ length: calls }, (_, at) => ({
      number: at + 1,
      afterNs: pauseMs * MS,
      call: 'put',
      key: 'k',
      read: 'log',
    })),
    attemptNs: 200 * MS,
    attemptsMax: 20,
  };
}

export interface Plan {
  readonly seed?: number;
  readonly nodes?: number;
  readonly options?: Partial<RaftOptionsGiven>;
  readonly actions?: readonly Action[];
  readonly clients?: readonly ClientPlan[];
  readonly environment?: Partial<Schedule['environment']>;
  readonly untilMs?: number;
}

export function plainSchedule(plan: Plan = {}): Schedule {
  const { seed = 1, nodes = 3, options = {}, actions = [], clients = [writer('c1', 60)] } = plan;
  return {
    format: 'quorum-lab-schedule',
    version: 1,
    seed,
    protocol: 'raft',
    bug: null,
    options: resolveRaftOptions({ electionTimeoutMs: { min: 150, max: 300 }, heartbeatMs: 50, ...options }),
    voters: Array.from({ length: nodes }, (_, at) => `n${at + 1}`),
    environment: {
      links: quiet,
      clientLinks: quiet,
      writeNs: { min: 0.5 * MS, max: 1 * MS },
      turnNs: 20_000,
      drift: 0,
      ...plan.environment,
    },
    clients,
    actions,
    stable: null,
    untilNs: (plan.untilMs ?? 2_000) * MS,
  };
}

export interface Watched extends RunResult {
  readonly trace: readonly TraceEvent[];
}

/** Runs it and keeps every event. */
export function watch(schedule: Schedule): Watched {
  const trace: TraceEvent[] = [];
  const result = runSchedule(schedule, (event) => trace.push(event));
  return { ...result, trace };
}

export function eventsOf<K extends TraceEvent['kind']>(
  { trace }: Watched,
  kind: K,
): Extract<TraceEvent, { kind: K }>[] {
  return trace.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
}

/** The time of a fault's start and end. */
export function faultSpan(watched: Watched, type: string): { fromNs: number; toNs: number; target: string } {
  const begun = eventsOf(watched, 'fault-started').find((event) => event.type === type);
  if (begun === undefined) throw new Error(`no fault of type ${type} began`);
  const ended = eventsOf(watched, 'fault-ended').find((event) => event.fault === begun.fault);
  return { fromNs: begun.atNs, toNs: ended?.atNs ?? Infinity, target: begun.targets[0] ?? '' };
}
