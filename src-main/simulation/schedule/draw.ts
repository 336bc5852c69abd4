import type { RaftOptions } from '../../consensus/raft/options.ts';
import { Streams } from '../engine/streams.ts';
import { biasOf, type Bias, type Bug } from './bias.ts';
import { Dice } from './dice.ts';
import {
  drawClock,
  drawKill,
  drawLinks,
  drawPartition,
  drawPause,
  drawSlowApply,
  drawSlowDisk,
  type FaultKind,
  type FaultSetting,
} from './draw-faults.ts';
import { drawCommand, drawMembership, drawWipe } from './draw-operators.ts';
import { drawOptions } from './draw-options.ts';
import { drawClients, drawEnvironment } from './draw-world.ts';
import { SCHEDULE_FORMAT, SCHEDULE_VERSION } from './schedule.ts';
import type { Action, Rest, Schedule, StablePhase } from './schedule.ts';

/** What whoever asks for schedules lays down; everything else is drawn. */
export interface DrawRequest {
  /** Voters of the first configuration; drawn from 2 to 7 if not said. */
  readonly nodes?: number;
  readonly options?: Partial<RaftOptions>;
  readonly bug?: Bug;
}

const MS = 1e6;

const USUAL_WEIGHTS: Readonly<Record<FaultKind, number>> = {
  partition: 3,
  links: 2,
  kill: 4,
  pause: 1.5,
  'slow-apply': 1,
  'slow-disk': 1,
  clock: 1,
  wipe: 0.7,
  membership: 2,
  operator: 2,
};

/** The schedule of a seed. The same seed and request give the same schedule. */
export function drawSchedule(seed: number, { nodes, options: given = {}, bug }: DrawRequest = {}): Schedule {
  const streams = new Streams(seed);
  const bias: Bias = bug === undefined ? {} : biasOf(bug);
  const dice = new Dice(streams.of('draw options'));
  const count = nodes ?? dice.pick(bias.nodes ?? [2, 3, 3, 3, 4, 5, 5, 5, 6, 7]);
  const voters = Array.from({ length: count }, (_, at) => `n${at + 1}`);
  const options = drawOptions(dice, voters, { ...bias.options, ...given });
  const environment = { ...drawEnvironment(dice, options), ...bias.environment };
  const timeoutNs = options.electionTimeoutMs.max * MS;
  const chaosNs = Math.round(timeoutNs * (bias.timeouts ?? dice.between(5, 9)));
  const setting: FaultSetting = {
    dice: new Dice(streams.of('draw actions')),
    options,
    everybody: voters.map((_, at) => `@${at}`),
    timeoutNs,
  };
  const stable = drawStable(new Dice(streams.of('draw stable')), options, count, chaosNs, bias);
  return {
    format: SCHEDULE_FORMAT,
    version: SCHEDULE_VERSION,
    seed,
    protocol: 'raft',
    bug: bug ?? null,
    options,
    voters,
    environment,
    clients: drawClients(new Dice(streams.of('draw clients')), options, chaosNs),
    actions: drawActions(setting, chaosNs, bias),
    stable,
    untilNs: chaosNs + stable.settleWithinNs + stable.calmNs,
  };
}

function drawActions(setting: FaultSetting, chaosNs: number, bias: Bias): Action[] {
  const { dice, timeoutNs } = setting;
  // Some kinds more, some less, some never: each schedule has its own character.
  const weights = { ...USUAL_WEIGHTS };
  for (const kind of Object.keys(weights) as FaultKind[]) {
    const usual = bias.weights?.[kind] ?? weights[kind];
    const isBiased = bias.weights?.[kind] !== undefined;
    weights[kind] = isBiased ? usual : dice.chance(0.25) ? 0 : usual * dice.between(0.3, 1.7);
  }
  // Something is left to be drawn, whatever came out.
  weights.kill += 0.1;
  const count = dice.whole(2, bias.actionsMax ?? 8);
  const latest = Math.max(timeoutNs, chaosNs - timeoutNs);
  let spare = setting.everybody.length;
  const actions: Action[] = [...(bias.pattern?.(setting, chaosNs) ?? [])];
  for (let drawn = 0; drawn < count; drawn++) {
    const atNs = Math.round(dice.between(0.5 * timeoutNs, latest));
    const kind = dice.weighted(weights);
    if (kind === 'membership') spare++;
    actions.push(...drawAction(setting, kind, atNs, `n${spare}`));
  }
  return actions.filter(({ atNs }) => atNs < chaosNs).sort((left, right) => left.atNs - right.atNs);
}

function drawAction(setting: FaultSetting, kind: FaultKind, atNs: number, spare: string): Action[] {
  switch (kind) {
    case 'partition':
      return [drawPartition(setting, atNs)];
    case 'links':
      return [drawLinks(setting, atNs)];
    case 'kill':
      return [drawKill(setting, atNs)];
    case 'pause':
      return [drawPause(setting, atNs)];
    case 'slow-apply':
      return [drawSlowApply(setting, atNs)];
    case 'slow-disk':
      return [drawSlowDisk(setting, atNs)];
    case 'clock':
      return [drawClock(setting, atNs)];
    case 'wipe':
      return drawWipe(setting, atNs, `n${setting.dice.whole(1, setting.everybody.length)}`);
    case 'membership':
      return drawMembership(setting, atNs, spare);
    case 'operator':
      return [drawCommand(setting, atNs)];
  }
}

/** Bounds follow from the timers: an election that goes wrong takes one timeout, and ten in a row do not go wrong. */
function drawStable(dice: Dice, options: RaftOptions, nodes: number, atNs: number, bias: Bias): StablePhase {
  const timeoutNs = options.electionTimeoutMs.max * MS;
  const bridges = options.preVote && options.checkQuorum;
  const kinds: Rest[] = bridges ? ['crash', 'cut', 'bridge', 'bridge'] : ['crash', 'cut'];
  return {
    atNs,
    rest: Array.from({ length: nodes }, () => bias.rest ?? dice.pick(kinds)),
    commitWithinNs: 20 * timeoutNs,
    settleWithinNs: 30 * timeoutNs,
    calmNs: 3 * timeoutNs,
    probeNs: Math.round(timeoutNs * 0.7),
  };
}
