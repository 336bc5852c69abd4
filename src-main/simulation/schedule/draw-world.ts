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

/** How calls are drawn, where it is laid down. */
export interface CallHabits {
  /** Share of calls that read, and whom they ask. */
  readonly reads?: { readonly share: number; readonly anyNode: boolean };
  /** How long clients wait for an answer, in times of the longest election timeout. */
  readonly patience?: number;
}

/** The calls of all clients, over about `durationNs`. */
export function drawClients(
  dice: Dice,
  options: RaftOptions,
  durationNs: Nanoseconds,
  { reads, patience }: CallHabits = {},
): ClientPlan[] {
  const clients = dice.whole(1, 4);
  const calls = Math.round(dice.between(16, 34) / clients);
  const keys = dice.whole(1, 3);
  const readShare = reads?.share ?? dice.pick([0.1, 0.3, 0.5]);
  const askedShare = reads?.anyNode === true ? 0.6 : 0.1;
  const timeoutNs = options.electionTimeoutMs.max * MS;
  const attemptNs = Math.round(timeoutNs * (patience ?? dice.between(0.4, 1.5)));
  return Array.from({ length: clients }, (_, at) => ({
    id: `c${at + 1}`,
    calls: Array.from({ length: calls }, (_, before) => {
      const pause = dice.chance(0.3) ? 0 : Math.round((durationNs / calls) * dice.between(0, 1.4));
      const call = drawCall(dice, options, keys, readShare);
      const asked =
        call.read === 'stale' || dice.chance(askedShare) ? { node: `@${dice.whole(0, 4)}` } : undefined;
      return { number: before + 1, afterNs: pause, ...call, ...asked };
    }),
    attemptNs,
    attemptsMax: dice.whole(3, 10),
  }));
}

function drawCall(
  dice: Dice,
  options: RaftOptions,
  keys: number,
  readShare: number,
): Pick<PlannedCall, 'call' | 'key' | 'read'> {
  const isRead = dice.chance(readShare);
  const call = isRead ? 'get' : dice.weighted({ put: 8, cas: 2, delete: 1 });
  return { call, key: `k${dice.whole(1, keys)}`, read: isRead ? drawRead(dice, options) : 'log' };
}

function drawRead(dice: Dice, { reads }: RaftOptions): ReadHow {
  return dice.weighted<ReadHow>({
    stale: 1,
    lease: reads === 'lease' ? 6 : 0,
    'read-index': reads === 'read-index' ? 6 : reads === 'lease' ? 2 : 1,
    log: reads === 'log' ? 6 : 1,
  });
}
