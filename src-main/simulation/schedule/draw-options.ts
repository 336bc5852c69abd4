import { resolveRaftOptions, type RaftOptions } from '../../consensus/raft/options.ts';
import type { NodeId } from '../../consensus/replica.ts';
import type { Dice } from './dice.ts';

/** Defaults hide bugs, so every option is drawn. What `given` says stays as it is. */
export function drawOptions(dice: Dice, voters: readonly NodeId[], given: Partial<RaftOptions>): RaftOptions {
  const timers = drawTimers(dice);
  const reads = dice.weighted({ log: 1, 'read-index': 1.5, lease: 1 });
  const drawn = {
    ...timers,
    termStartNoOp: dice.chance(0.75),
    preVote: dice.chance(0.6),
    checkQuorum: dice.chance(0.6) || reads === 'lease',
    priorities: dice.chance(0.2) ? drawPriorities(dice, voters) : {},
    stepDownOnRemoval: dice.chance(0.8),
    reads,
    clockDriftBound: dice.pick([0.01, 0.05, 0.05, 0.2]),
    ...drawLimits(dice),
    overlapPersistence: dice.chance(0.7),
    conflictHints: dice.chance(0.75),
    snapshotEveryEntries: dice.weighted({ off: 3, often: 2, some: 3 }),
    snapshotKeepEntries: dice.pick([0, 0, 1, 3, 10]),
    snapshotChunkBytes: dice.pick([200, 600, 4096]),
    clientSessions: true,
  };
  const every = { off: 10_000, often: dice.whole(3, 8), some: dice.whole(8, 40) };
  const options = { ...drawn, snapshotEveryEntries: every[drawn.snapshotEveryEntries] };
  return resolveRaftOptions({ ...sound(options, given), ...given });
}

/** What is given may not go with what was drawn: then that gives way. */
function sound(drawn: RaftOptions, given: Partial<RaftOptions>): RaftOptions {
  if (given.checkQuorum === false && given.reads === undefined && drawn.reads === 'lease')
    return { ...drawn, reads: 'read-index' };
  if (given.reads === 'lease' && given.checkQuorum === undefined) return { ...drawn, checkQuorum: true };
  return drawn;
}

function drawTimers(dice: Dice): Pick<RaftOptions, 'electionTimeoutMs' | 'heartbeatMs'> {
  const min = dice.whole(80, 250);
  const max = Math.round(min * dice.between(1.5, 2.2));
  return { electionTimeoutMs: { min, max }, heartbeatMs: Math.round(min / dice.between(1.8, 3.5)) };
}

function drawPriorities(dice: Dice, voters: readonly NodeId[]): Record<NodeId, number> {
  return Object.fromEntries(voters.map((voter) => [voter, dice.whole(0, 2)]));
}

function drawLimits(
  dice: Dice,
): Pick<
  RaftOptions,
  | 'maxEntriesPerMessage'
  | 'maxBytesPerMessage'
  | 'maxInflightMessages'
  | 'maxInflightBytes'
  | 'maxUncommittedBytes'
> {
  return {
    maxEntriesPerMessage: dice.pick([1, 1, 2, 4, 256]),
    maxBytesPerMessage: dice.pick([1, 100, 2 ** 20, 2 ** 20]),
    maxInflightMessages: dice.pick([1, 2, 8, 256]),
    maxInflightBytes: dice.pick([100, 400, 2 ** 26, 2 ** 26]),
    maxUncommittedBytes: dice.pick([200, 2 ** 26, 2 ** 26, 2 ** 26]),
  };
}
