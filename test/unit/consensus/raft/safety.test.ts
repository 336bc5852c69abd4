import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { membersOf } from '../../../../src-main/consensus/raft/configuration.ts';
import type { MembershipChange, ReadMode } from '../../../../src-main/consensus/replica.ts';
import { Network } from './network.ts';
import type { Server } from './server.ts';

/** One event of a schedule. `at` picks a server or a message, whatever number there are. */
type Action =
  | { kind: 'timer' | 'start' | 'isolate' | 'crash' | 'snapshot'; at: number }
  | { kind: 'deliver'; at: number; repeat: boolean }
  | { kind: 'lose'; at: number }
  | { kind: 'write' | 'propose'; at: number; count: number }
  | { kind: 'next-timer' | 'heal' | 'leave-joint' }
  | { kind: 'settle'; rounds: number }
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

const PLAIN: fc.WeightedArbitrary<Action>[] = [
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
  { weight: 8, arbitrary: fc.record({ kind: only('settle'), rounds: fc.integer({ min: 1, max: 4 }) }) },
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
const COMPLETE: fc.WeightedArbitrary<Action>[] = [
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
const WITH_WIPES: fc.WeightedArbitrary<Action>[] = [
  ...COMPLETE,
  { weight: 1, arbitrary: fc.record({ kind: only('wipe'), at }) },
];

function carryOut(network: Network, step: Action): void {
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

/** Everybody up, connected and with a working disk, until all members agree on everything. */
function recover(network: Network): void {
  network.isolated.clear();
  for (const server of network.servers) server.start();
  for (let round = 0; round < 600; round++) {
    network.settle(8);
    if (haveConverged(network)) return;
    network.fireNextTimer();
  }
  throw new Error(`no agreement: ${JSON.stringify(network.servers.map(({ raft }) => raft?.status))}`);
}

function haveConverged(network: Network): boolean {
  // A removed leader may not know of the one that came after it.
  const leaders = network.servers.flatMap(({ raft }) =>
    raft?.status.role === 'leader' ? [raft.status] : [],
  );
  const leader = leaders.sort((left, right) => right.term - left.term)[0];
  // Whoever is handing over takes no proposals.
  if (leader === undefined || leader.transferTo !== null) return false;
  const members = membersOf(leader.configuration.configuration);
  return network.servers.every(({ id, raft, machine }) => {
    if (!members.includes(id)) return true;
    if (raft === undefined) return false;
    const { lastHash, commitIndex, lastIndex, term } = raft.status;
    const caughtUp = commitIndex === lastIndex && machine.applied === lastIndex;
    return caughtUp && lastHash === leader.lastHash && term === leader.term;
  });
}

const basic = {
  seed: fc.nat(),
  termStartNoOp: fc.boolean(),
  maxEntriesPerMessage: fc.constantFrom(1, 2, 256),
  electionTimeoutMs: fc.constantFrom({ min: 150, max: 300 }, { min: 40, max: 60 }),
};
const plain = fc.record({ size: fc.integer({ min: 1, max: 7 }), ...basic });

/** Everything that a profile may turn on. */
const complete = fc
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

/** Two servers stand by, to be let in by a change. */
const SPARE = 2;

describe('Figure 3 under random schedules with lost, repeated and reordered messages, late writes and crashes', () => {
  it('Election Safety, Log Matching, Leader Completeness and State Machine Safety hold, and nothing committed is lost', () => {
    let elections = 0;
    let committed = 0;
    let truncations = 0;
    fc.assert(
      fc.property(
        plain,
        fc.array(fc.oneof(...PLAIN), { minLength: 60, maxLength: 400, size: 'max' }),
        ({ size, seed, ...options }, schedule) => {
          const network = new Network(size, { ...options, heartbeatMs: 50 }, seed);
          for (const step of schedule) carryOut(network, step);
          elections += network.elections;
          committed += network.committedCount;
          truncations += network.truncations;
        },
      ),
      { numRuns: 600, interruptAfterTimeLimit: 12_000 },
    );
    // Schedules in which nothing happens would prove nothing.
    expect(elections).toBeGreaterThan(600);
    expect(committed).toBeGreaterThan(2400);
    expect(truncations).toBeGreaterThan(60);
  });

  it('so they do with every option on or off, snapshots, membership changes and wiped disks, and no read is stale', () => {
    let installs = 0;
    let changes = 0;
    let reads = 0;
    fc.assert(
      fc.property(
        complete,
        fc.array(fc.oneof(...WITH_WIPES), { minLength: 60, maxLength: 400, size: 'max' }),
        ({ size, seed, ...options }, schedule) => {
          const network = new Network(size, { ...options, heartbeatMs: 50 }, seed, SPARE);
          for (const step of schedule) carryOut(network, step);
          installs += network.installs;
          changes += network.changes;
          reads += network.reads;
        },
      ),
      { numRuns: 600, interruptAfterTimeLimit: 12_000 },
    );
    expect(installs).toBeGreaterThan(30);
    expect(changes).toBeGreaterThan(100);
    expect(reads).toBeGreaterThan(300);
  });

  it('once all is well again, every member ends with the same log, all of it applied, and a new command commits', () => {
    fc.assert(
      fc.property(
        complete,
        fc.array(fc.oneof(...COMPLETE), { maxLength: 150, size: 'max' }),
        ({ size, seed, ...options }, schedule) => {
          const usable = { ...options, termStartNoOp: true, electionTimeoutMs: { min: 150, max: 300 } };
          const network = new Network(size, { ...usable, heartbeatMs: 50 }, seed, SPARE);
          for (const step of schedule) carryOut(network, step);
          recover(network);
          const { leader } = network;
          if (leader === undefined) throw new Error('no leader');
          const before = network.committedCount;
          for (const each of network.servers)
            if (each.raft?.status.role === 'leader') network.propose(each, 1);
          recover(network);
          expect(network.committedCount).toBeGreaterThan(before);
        },
      ),
      { numRuns: 200, interruptAfterTimeLimit: 12_000 },
    );
  });

  it('every operation that its leader did not disown is applied exactly once after recovery', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.nat(),
        fc.array(fc.oneof(...PLAIN), { maxLength: 120, size: 'max' }),
        (size, seed, schedule) => {
          const network = new Network(
            size,
            { electionTimeoutMs: { min: 150, max: 300 }, heartbeatMs: 50 },
            seed,
          );
          // A crash takes with it what a leader would have said about its proposals.
          for (const step of schedule.filter(({ kind }) => kind !== 'crash')) carryOut(network, step);
          recover(network);
          const ids = network.applied.flatMap(({ id }) => (id === undefined ? [] : [id]));
          expect(new Set(ids).size).toBe(ids.length);
          expect([...network.proposed].filter((id) => !ids.includes(id))).toEqual([]);
        },
      ),
      { numRuns: 200, interruptAfterTimeLimit: 12_000 },
    );
  });
});
