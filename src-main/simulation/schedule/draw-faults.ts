/** Faults of links, processes, disks and clocks, drawn one at a time. */
import type { RaftOptions } from '../../consensus/raft/options.ts';
import type { Nanoseconds } from '../../trace/model/events.ts';
import type { Dice } from './dice.ts';
import type { Action, DeathPoint, NodeRef } from './schedule.ts';

/** What faults are drawn for. */
export interface FaultSetting {
  readonly dice: Dice;
  readonly options: RaftOptions;
  /** `@0` to the last: everybody of the first configuration, the leader first. */
  readonly everybody: readonly NodeRef[];
  /** The longest election timeout. */
  readonly timeoutNs: Nanoseconds;
}

export type FaultKind =
  | 'partition'
  | 'links'
  | 'kill'
  | 'pause'
  | 'slow-apply'
  | 'slow-disk'
  | 'clock'
  | 'wipe'
  | 'membership'
  | 'operator';

type Shape = 'isolated-leader' | 'leader-in-minority' | 'split' | 'one-way' | 'ring' | 'bridge' | 'random';
type Cut = readonly [NodeRef, NodeRef];

const POINTS: readonly DeathPoint[] = ['send', 'write', 'written', 'apply', 'answer'];

export function drawPartition(setting: FaultSetting, atNs: Nanoseconds): Action {
  const { dice } = setting;
  const shape = dice.weighted<Shape>({
    'isolated-leader': 2,
    'leader-in-minority': 3,
    split: 2,
    'one-way': 2,
    ring: 1,
    bridge: 2,
    random: 1,
  });
  const cuts = drawCuts(setting, shape);
  return { atNs, kind: 'partition', shape, cuts, forNs: duration(setting, 0.3, 3) };
}

function drawCuts({ dice, everybody }: FaultSetting, shape: Shape): Cut[] {
  const [leader = '@0', ...others] = everybody;
  const minority = Math.floor((everybody.length - 1) / 2);
  switch (shape) {
    case 'isolated-leader':
      return between([leader], others);
    case 'leader-in-minority': {
      const withLeader = dice.sample(others, Math.max(0, minority - 1));
      const rest = others.filter((node) => !withLeader.includes(node));
      return between([leader, ...withLeader], rest);
    }
    case 'split': {
      const side = dice.sample(everybody, dice.whole(1, everybody.length - 1));
      return between(
        side,
        everybody.filter((node) => !side.includes(node)),
      );
    }
    case 'one-way': {
      const node = dice.chance(0.5) ? leader : dice.pick(others);
      const peers = everybody.filter((peer) => peer !== node);
      const some = dice.sample(peers, dice.whole(1, peers.length));
      return dice.chance(0.5) ? some.map((peer) => [node, peer]) : some.map((peer) => [peer, node]);
    }
    case 'ring':
      return ring(everybody);
    case 'bridge': {
      const [bridge = leader, ...rest] = dice.sample(everybody, everybody.length);
      const half = Math.ceil(rest.length / 2);
      return rest.length < 2 ? between([bridge], rest) : between(rest.slice(0, half), rest.slice(half));
    }
    case 'random':
      return everybody.flatMap((from) =>
        everybody.filter((to) => to !== from && dice.chance(0.3)).map((to): Cut => [from, to]),
      );
  }
}

function between(left: readonly NodeRef[], right: readonly NodeRef[]): Cut[] {
  return left.flatMap((one) =>
    right.flatMap((other): Cut[] => [
      [one, other],
      [other, one],
    ]),
  );
}

/** Everybody reaches a majority, and no two the same one (Jepsen's majorities-ring). */
function ring(everybody: readonly NodeRef[]): Cut[] {
  const count = everybody.length;
  const reach = Math.floor(count / 4) + 1;
  return everybody.flatMap((from, at) =>
    everybody
      .filter((_, to) => {
        const apart = Math.min((to - at + count) % count, (at - to + count) % count);
        return apart > reach;
      })
      .map((to): Cut => [from, to]),
  );
}

export function drawLinks(setting: FaultSetting, atNs: Nanoseconds): Action {
  const { dice, everybody, timeoutNs } = setting;
  const all = everybody.flatMap((from) => everybody.filter((to) => to !== from).map((to): Cut => [from, to]));
  const links = dice.chance(0.5) ? all : dice.sample(all, dice.whole(1, all.length));
  const slowest = timeoutNs * dice.between(0.05, 1);
  const quality = {
    delayNs: { min: Math.round(slowest * dice.between(0, 0.6)), max: Math.round(slowest) },
    loss: dice.chance(0.5) ? dice.between(0, 0.5) : 0,
    duplicate: dice.chance(0.5) ? dice.between(0, 0.5) : 0,
    straggle: dice.chance(0.6) ? dice.between(0, 0.6) : 0,
  };
  return { atNs, kind: 'links', links, quality, forNs: duration(setting, 0.5, 4) };
}

export function drawKill(setting: FaultSetting, atNs: Nanoseconds): Action {
  const { dice } = setting;
  const inTurn = dice.chance(0.6) ? { point: dice.pick(POINTS), nth: dice.whole(1, 12) } : undefined;
  return {
    atNs,
    kind: 'kill',
    node: drawNode(setting, 0.5),
    power: dice.chance(0.5),
    ...inTurn,
    downNs: duration(setting, 0.05, 2),
  };
}

export function drawPause(setting: FaultSetting, atNs: Nanoseconds): Action {
  return { atNs, kind: 'pause', node: drawNode(setting, 0.6), forNs: duration(setting, 0.3, 3) };
}

export function drawSlowApply(setting: FaultSetting, atNs: Nanoseconds): Action {
  return { atNs, kind: 'slow-apply', node: drawNode(setting, 0.4), forNs: duration(setting, 0.3, 3) };
}

export function drawSlowDisk(setting: FaultSetting, atNs: Nanoseconds): Action {
  const { dice, timeoutNs } = setting;
  const max = Math.round(timeoutNs * dice.between(0.05, 1));
  return {
    atNs,
    kind: 'slow-disk',
    node: drawNode(setting, 0.5),
    writeNs: { min: Math.round(max / 4), max },
    forNs: duration(setting, 0.5, 3),
  };
}

/** Within the bound that leases rest on, if there are any; else a clock may also freeze or jump ahead. */
export function drawClock(setting: FaultSetting, atNs: Nanoseconds): Action {
  const { dice, options } = setting;
  const bound = options.clockDriftBound;
  const node = drawNode(setting, 0.5);
  const forNs = duration(setting, 0.5, 6);
  if (options.reads === 'lease') {
    const rate = dice.pick([1 - bound, 1 + bound, dice.between(1 - bound, 1 + bound)]);
    return { atNs, kind: 'clock', node, rate, stepMs: 0, forNs };
  }
  const rate = dice.pick([0, 0.5, 0.9, 1.1, 2]);
  const stepMs = dice.chance(0.3) ? dice.whole(1, 2 * options.electionTimeoutMs.max) : 0;
  return { atNs, kind: 'clock', node, rate, stepMs, forNs };
}

/** The leader as likely as `leaderShare` says. */
export function drawNode({ dice, everybody }: FaultSetting, leaderShare: number): NodeRef {
  const [leader = '@0', ...others] = everybody;
  return others.length === 0 || dice.chance(leaderShare) ? leader : dice.pick(others);
}

/** From `min` to `max` times the longest election timeout. */
export function duration({ dice, timeoutNs }: FaultSetting, min: number, max: number): Nanoseconds {
  return Math.round(timeoutNs * dice.between(min, max));
}
