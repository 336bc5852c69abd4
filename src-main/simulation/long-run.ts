/** A long busy run of a simulated cluster, for traces of any size: clients at work, and every second or two something goes wrong. */
import { resolveRaftOptions } from '../consensus/raft/options.ts';
import type { TraceEvent } from '../trace/model/events.ts';
import { Simulation } from './engine/simulation.ts';
import { Streams } from './engine/streams.ts';
import { Dice } from './schedule/dice.ts';
import {
  drawKill,
  drawLinks,
  drawPartition,
  drawPause,
  drawSlowDisk,
  type FaultSetting,
} from './schedule/draw-faults.ts';
import { SCHEDULE_FORMAT, SCHEDULE_VERSION } from './schedule/schedule.ts';
import type { Action, ClientPlan, PlannedCall, Schedule } from './schedule/schedule.ts';

const MS = 1e6;
const NODES = 5;
const CLIENTS = 8;
/** At least so many events come of an operation, and at least so many of a second, whatever the faults do. */
const EVENTS_AN_OPERATION_MIN = 12;
const EVENTS_A_SECOND_MIN = 2_000;

/** The schedule of a run that lasts for at least so many events. The same seed gives the same schedule. */
export function longSchedule(seed: number, events: number): Schedule {
  const streams = new Streams(seed);
  const options = resolveRaftOptions({
    electionTimeoutMs: { min: 150, max: 300 },
    heartbeatMs: 50,
    preVote: true,
    checkQuorum: true,
    reads: 'read-index',
    snapshotEveryEntries: 2_000,
    snapshotKeepEntries: 200,
  });
  const voters = Array.from({ length: NODES }, (_, at) => `n${at + 1}`);
  const untilNs = Math.ceil(events / EVENTS_A_SECOND_MIN + 10) * 1e9;
  const setting: FaultSetting = {
    dice: new Dice(streams.of('draw actions')),
    options,
    everybody: voters.map((_, at) => `@${at}`),
    timeoutNs: options.electionTimeoutMs.max * MS,
  };
  const links = {
    delayNs: { min: 0.1 * MS, max: 0.6 * MS },
    loss: 0.0005,
    duplicate: 0.001,
    straggle: 0.002,
  };
  return {
    format: SCHEDULE_FORMAT,
    version: SCHEDULE_VERSION,
    seed,
    protocol: 'raft',
    bug: null,
    options,
    voters,
    environment: {
      links,
      clientLinks: { ...links, loss: 0, duplicate: 0 },
      writeNs: { min: 0.2 * MS, max: 1 * MS },
      turnNs: 20_000,
      drift: 0.001,
    },
    clients: drawClients(new Dice(streams.of('draw clients')), events),
    actions: drawActions(setting, untilNs),
    stable: null,
    untilNs,
  };
}

function drawActions(setting: FaultSetting, untilNs: number): Action[] {
  const { dice } = setting;
  const draws = [drawPartition, drawLinks, drawKill, drawKill, drawPause, drawSlowDisk];
  const actions: Action[] = [];
  for (let atNs = 2e9; atNs < untilNs; atNs += Math.round(dice.between(0.8, 2.5) * 1e9))
    actions.push(dice.pick(draws)(setting, atNs));
  return actions;
}

function drawClients(dice: Dice, events: number): ClientPlan[] {
  const calls = Math.ceil(events / EVENTS_AN_OPERATION_MIN / CLIENTS);
  return Array.from({ length: CLIENTS }, (_, at) => ({
    id: `c${at + 1}`,
    calls: Array.from({ length: calls }, (_, before) => drawCall(dice, before + 1)),
    attemptNs: 400 * MS,
    attemptsMax: 8,
  }));
}

/** Some pauses are long: a run is not equally busy throughout. */
function drawCall(dice: Dice, number: number): PlannedCall {
  const call = dice.weighted({ put: 6, get: 3, cas: 1 });
  const afterNs = Math.round((dice.chance(0.01) ? dice.between(100, 1_500) : dice.between(0, 8)) * MS);
  return { number, afterNs, call, key: `k${dice.whole(1, 50)}`, read: call === 'get' ? 'read-index' : 'log' };
}

/**
 * Runs the schedule until so many events have been recorded, each handed to `keep` and then forgotten.
 * @throws when a node broke its own rules
 */
export function runLong(schedule: Schedule, events: number, keep: (event: TraceEvent) => void): void {
  let kept = 0;
  let failure: Error | undefined;
  const listener = {
    wants: () => true,
    event: (event: TraceEvent) => {
      kept++;
      keep(event);
    },
  };
  const simulation = new Simulation(schedule, listener, (node, error) => {
    failure ??= new Error(`${node}: ${error instanceof Error ? error.message : String(error)}`);
  });
  simulation.start();
  while (kept < events - 1 && failure === undefined && simulation.timeline.next(schedule.untilNs));
  if (failure !== undefined) throw failure;
  simulation.record({ kind: 'run-stopped', reason: 'long enough' });
}
