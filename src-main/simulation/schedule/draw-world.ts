import type { RaftOptions } from '../../consensus/raft/options.ts';
import type { ReadHow } from '../../node/host/ports.ts';
import type { Nanoseconds } from '../../trace/model/events.ts';
import type { Dice } from './dice.ts';
import type { ClientPlan, Environment, LinkQuality, PlannedCall } from './schedule.ts';

const MS = 1e6;

/** Delays are mild beside the election timeout: without faults a leader is found soon. */
export function drawEnvironment(dice: Dice, options: RaftOptions): Environment {
  const timeoutNs = options.electionTimeoutMs.min * MS;
  const slowest = timeoutNs / dice.between(15, 60);
  const links: LinkQuality = {
    delayNs: { min: Math.round(slowest / dice.between(1, 5)), max: Math.round(slowest) },
    loss: dice.chance(0.3) ? dice.between(0, 0.03) : 0,
    duplicate: dice.chance(0.3) ? dice.between(0, 0.1) : 0,
    straggle: dice.chance(0.3) ? dice.between(0, 0.1) : 0,
  };
  const writeMax = dice.pick([0, 0.2 * MS, 2 * MS, 5 * MS]);
  return {
    links,
    clientLinks: {
      ...links,
      loss: dice.pick([0, 0, 0.03, 0.15]),
      duplicate: dice.pick([0, 0, 0.1]),
      straggle: dice.pick([0, 0.1]),
    },
    writeNs: { min: Math.round(writeMax / 4), max: writeMax },
    turnNs: dice.pick([5_000, 50_000, 500_000]),
    drift: Math.min(options.clockDriftBound, 0.05),
  };
}

/** The calls of all clients, over about `durationNs`. */
export function drawClients(dice: Dice, options: RaftOptions, durationNs: Nanoseconds): ClientPlan[] {
  const clients = dice.whole(1, 4);
  const calls = Math.round(dice.between(16, 34) / clients);
  const keys = dice.whole(1, 3);
  const readShare = dice.pick([0.1, 0.3, 0.5]);
  const attemptNs = Math.round(options.electionTimeoutMs.max * MS * dice.between(0.4, 1.5));
  return Array.from({ length: clients }, (_, at) => ({
    id: `c${at + 1}`,
    calls: Array.from({ length: calls }, (_, before) => {
      const pause = (durationNs / calls) * dice.between(0, 1.4);
      return drawCall(dice, options, before + 1, keys, readShare, Math.round(dice.chance(0.3) ? 0 : pause));
    }),
    attemptNs,
    attemptsMax: dice.whole(3, 10),
  }));
}

function drawCall(
  dice: Dice,
  options: RaftOptions,
  number: number,
  keys: number,
  readShare: number,
  afterNs: Nanoseconds,
): PlannedCall {
  const isRead = dice.chance(readShare);
  const call = isRead ? 'get' : dice.weighted({ put: 8, cas: 2, delete: 1 });
  const read = isRead ? drawRead(dice, options) : 'log';
  const asked = read === 'stale' || dice.chance(0.1) ? { node: `@${dice.whole(0, 2)}` } : undefined;
  return { number, afterNs, call, key: `k${dice.whole(1, keys)}`, read, ...asked };
}

function drawRead(dice: Dice, { reads }: RaftOptions): ReadHow {
  return dice.weighted<ReadHow>({
    stale: 1,
    lease: reads === 'lease' ? 6 : 0,
    'read-index': reads === 'read-index' ? 6 : reads === 'lease' ? 2 : 1,
    log: reads === 'log' ? 6 : 1,
  });
}
