/** What may happen in a random schedule of the network, and under which options. */
import fc from 'fast-check';
import type { MembershipChange, ReadMode } from '../../../../src-main/consensus/replica.ts';
import type { Network } from './network.ts';
import type { Server } from './server.ts';

/** One event of a schedule. `at` picks a server or a message, whatever number there are. */
export type Action =
  | { kind: 'timer' | 'start' | 'isolate' | 'crash' | 'snapshot'; at: number }
  | { kind: 'deliver'; at: number; repeat: boolean }
  | { kind: 'lose'; at: number }
  | { kind: 'write' | 'propose'; at: number; count: number }
  | { kind: 'next-timer' | 'heal' | 'leave-joint' }
  | { kind: 'settle'; rounds: number }
  | { kind: 'stir'; seed: number; count: number; crashes: boolean }
  /** The server's timer runs out and only some servers hear of what follows. */
  | { kind: 'campaign'; at: number; mask: number; rounds: number }
  | { kind: 'read'; at: number; mode: ReadMode }
  | { kind: 'transfer'; to: number }
  | { kind: 'change'; changes: readonly Change[]; transition: 'auto' | 'simple' | 'joint' | 'joint-explicit' }
  | { kind: 'wipe'; at: number };

interface Change {
  readonly kind: MembershipChange['kind'];
  readonly at: number;
}

const at = fc.nat({ max: 997 });

function only<Kind extends string>(kind: Kind): fc.Arbitrary<Kind> {
  return fc.constant(kind);
}

export const PLAIN: fc.WeightedArbitrary<Action>[] = [
  { weight: 3, arbitrary: fc.record({ kind: only('timer'), at }) },
  { weight: 6, arbitrary: fc.record({ kind: only('next-timer') }) },
  {
    weight: 14,
    arbitrary: fc.record({ kind: only('deliver'), at, repeat: fc.nat({ max: 4 }).map((n) => n === 0) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: only('lose'), at }) },
  { weight: 10, arbitrary: fc.record({ kind: only('write'), at, count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 8, arbitrary: fc.record({ kind: only('propose'), at, count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: only('crash'), at }) },
  { weight: 3, arbitrary: fc.record({ kind: only('start'), at }) },
  { weight: 2, arbitrary: fc.record({ kind: only('isolate'), at }) },
  { weight: 2, arbitrary: fc.record({ kind: only('heal') }) },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: only('stir'),
      seed: fc.nat({ max: 99_999 }),
      count: fc.integer({ min: 1, max: 40 }),
      crashes: fc.nat({ max: 2 }).map((n) => n === 0),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: only('settle'), rounds: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: only('campaign'),
      at,
      mask: fc.nat({ max: 127 }),
      rounds: fc.integer({ min: 2, max: 6 }),
    }),
  },
];

/** What goes beyond the paper's first half: reads, snapshots by hand, transfers, another membership. */
export const COMPLETE: fc.WeightedArbitrary<Action>[] = [
  ...PLAIN,
  {
    weight: 6,
    arbitrary: fc.record({
      kind: only('read'),
      at,
      mode: fc.constantFrom('read-index' as const, 'lease' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: only('snapshot'), at }) },
  { weight: 2, arbitrary: fc.record({ kind: only('transfer'), to: at }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: only('change'),
      changes: fc.array(
        fc.record({
          kind: fc.constantFrom('add-voter' as const, 'add-learner' as const, 'remove' as const),
          at,
        }),
        { minLength: 1, maxLength: 3 },
      ),
      transition: fc.constantFrom(
        'auto' as const,
        'simple' as const,
        'joint' as const,
        'joint-explicit' as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: only('leave-joint') }) },
];

/** Rare, because a disk that was wiped has no vote until it is let in anew. */
export const WITH_WIPES: fc.WeightedArbitrary<Action>[] = [
  ...COMPLETE,
  { weight: 1, arbitrary: fc.record({ kind: only('wipe'), at }) },
];

export function carryOut(network: Network, step: Action): void {
  const { servers } = network;
  const server = servers['at' in step ? step.at % servers.length : 0]!;
  const leader = network.leader ?? server;
  switch (step.kind) {
    case 'timer':
      return network.fireTimer(server);
    case 'next-timer':
      return network.fireNextTimer();
    case 'deliver':
      return network.deliver(step.at % Math.max(1, network.inFlight.length), step.repeat);
    case 'lose':
      return network.lose(step.at % Math.max(1, network.inFlight.length));
    case 'write':
      server.finishWrites(step.count);
      return server.finishJobs(step.count);
    case 'propose':
      return network.propose(step.at % 3 > 0 ? leader : server, step.count);
    case 'read':
      return network.read(step.at % 3 > 0 ? leader : server, step.mode);
    case 'crash':
      return server.crash();
    case 'start':
      return server.start();
    case 'wipe':
      return server.wipe(`${server.storageId ?? ''} again`);
    case 'isolate':
      network.isolated.add(server.id);
      return;
    case 'heal':
      return network.isolated.clear();
    case 'settle':
      return network.settle(step.rounds);
    case 'stir':
      return network.stir(step.seed, step.count, step.crashes);
    case 'campaign':
      server.start();
      network.fireTimer(server);
      return network.settleAmong(step.mask | (1 << (step.at % servers.length)), step.rounds);
    case 'snapshot':
      return network.command(server, { kind: 'snapshot' });
    case 'leave-joint':
      return network.command(leader, { kind: 'leave-joint' });
    case 'transfer':
      return network.command(leader, {
        kind: 'transfer-leadership',
        to: servers[step.to % servers.length]!.id,
      });
    case 'change':
      return network.command(leader, {
        kind: 'change-membership',
        changes: step.changes.map((each) => changeOf(servers[each.at % servers.length]!, each.kind)),
        transition: step.transition,
      });
  }
}

function changeOf({ id, storageId }: Server, kind: MembershipChange['kind']): MembershipChange {
  if (kind === 'remove' || storageId === undefined) return { kind, node: id };
  return { kind, node: id, storage: storageId };
}

const basic = {
  seed: fc.nat(),
  termStartNoOp: fc.boolean(),
  maxEntriesPerMessage: fc.constantFrom(1, 2, 256),
  electionTimeoutMs: fc.constantFrom({ min: 150, max: 300 }, { min: 40, max: 60 }),
};
/** The paper's Raft. */
export const plain = fc.record({ size: fc.integer({ min: 1, max: 7 }), ...basic });

/** Everything that a profile may turn on. */
export const complete = fc
  .record({
    size: fc.integer({ min: 1, max: 5 }),
    ...basic,
    preVote: fc.boolean(),
    checkQuorum: fc.boolean(),
    reads: fc.constantFrom('read-index' as const, 'lease' as const),
    maxInflightMessages: fc.integer({ min: 1, max: 4 }),
    conflictHints: fc.boolean(),
    overlapPersistence: fc.boolean(),
    snapshotEveryEntries: fc.constantFrom(0, 3, 3),
    snapshotKeepEntries: fc.constantFrom(0, 0, 2),
    snapshotChunkBytes: fc.constantFrom(24, 1024, 1024),
  })
  .map((given) => (given.checkQuorum ? given : { ...given, reads: 'read-index' as const }));
