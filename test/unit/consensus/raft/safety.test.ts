import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Network } from './network.ts';

/** One event of a schedule. `at` picks a server or a message, whatever number there are. */
type Action =
  | { kind: 'timer' | 'start' | 'isolate' | 'crash'; at: number }
  | { kind: 'deliver'; at: number; repeat: boolean }
  | { kind: 'lose'; at: number }
  | { kind: 'write' | 'propose'; at: number; count: number }
  | { kind: 'next-timer' | 'heal' }
  | { kind: 'settle'; rounds: number }
  /** The server's timer runs out and only some servers hear of what follows. */
  | { kind: 'campaign'; at: number; mask: number; rounds: number };

const at = fc.nat({ max: 997 });
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('timer' as const), at }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('next-timer' as const) }) },
  {
    weight: 14,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      at,
      repeat: fc.nat({ max: 4 }).map((n) => n === 0),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('lose' as const), at }) },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('write' as const), at, count: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('propose' as const),
      at,
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), at }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('start' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('isolate' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('heal' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), rounds: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('campaign' as const),
      at,
      mask: fc.nat({ max: 127 }),
      rounds: fc.integer({ min: 2, max: 6 }),
    }),
  },
);

function carryOut(network: Network, step: Action): void {
  const { servers } = network;
  const server = servers['at' in step ? step.at % servers.length : 0];
  if (server === undefined) return;
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
      return network.finishWrites(server, step.count);
    case 'propose': {
      const leader = servers.find(({ raft }) => raft?.status.role === 'leader' && step.at % 3 > 0);
      return network.propose(leader ?? server, step.count);
    }
    case 'crash':
      return network.crash(server);
    case 'start':
      return network.start(server);
    case 'isolate':
      network.isolated.add(server.id);
      return;
    case 'heal':
      return network.isolated.clear();
    case 'settle':
      return network.settle(step.rounds);
    case 'campaign':
      network.start(server);
      network.fireTimer(server);
      return network.settleAmong(step.mask | (1 << (step.at % servers.length)), step.rounds);
  }
}

/** Everybody up, connected and with a working disk, until all agree on everything. */
function recover(network: Network): void {
  network.isolated.clear();
  for (const server of network.servers) network.start(server);
  for (let round = 0; round < 400; round++) {
    network.settle(8);
    if (haveConverged(network)) return;
    network.fireNextTimer();
  }
  throw new Error(`no agreement: ${JSON.stringify(network.servers.map(({ raft }) => raft?.status))}`);
}

function haveConverged(network: Network): boolean {
  const statuses = network.servers.flatMap(({ raft }) => (raft === undefined ? [] : [raft.status]));
  const [first] = statuses;
  return (
    statuses.some(({ role }) => role === 'leader') &&
    statuses.every(({ lastHash, commitIndex, appliedIndex, lastIndex, term }) => {
      const caughtUp = commitIndex === lastIndex && appliedIndex === lastIndex;
      return caughtUp && lastHash === first?.lastHash && term === first.term;
    })
  );
}

const shape = fc.record({
  size: fc.integer({ min: 1, max: 7 }),
  seed: fc.nat(),
  termStartNoOp: fc.boolean(),
  maxEntriesPerMessage: fc.constantFrom(1, 2, 256),
  electionTimeoutMs: fc.constantFrom({ min: 150, max: 300 }, { min: 40, max: 60 }),
});

describe('Figure 3 under random schedules with lost, repeated and reordered messages, late writes and crashes', () => {
  it('Election Safety, Log Matching, Leader Completeness and State Machine Safety hold, and nothing committed is lost', () => {
    let elections = 0;
    let committed = 0;
    let truncations = 0;
    fc.assert(
      fc.property(
        shape,
        fc.array(action, { minLength: 60, maxLength: 400, size: 'max' }),
        ({ size, seed, ...options }, schedule) => {
          const network = new Network(size, { ...options, heartbeatMs: 50 }, seed);
          for (const step of schedule) carryOut(network, step);
          elections += network.elections;
          committed += network.committedCount;
          truncations += network.truncations;
        },
      ),
      { numRuns: 1000, interruptAfterTimeLimit: 12_000 },
    );
    // Schedules in which nothing happens would prove nothing.
    expect(elections).toBeGreaterThan(1000);
    expect(committed).toBeGreaterThan(4000);
    expect(truncations).toBeGreaterThan(100);
  });

  it('once all is well again, every server ends with the same log, all of it applied, and a new command commits', () => {
    fc.assert(
      fc.property(
        shape,
        fc.array(action, { maxLength: 150, size: 'max' }),
        ({ size, seed, ...options }, schedule) => {
          const usable = { ...options, termStartNoOp: true, electionTimeoutMs: { min: 150, max: 300 } };
          const network = new Network(size, { ...usable, heartbeatMs: 50 }, seed);
          for (const step of schedule) carryOut(network, step);
          recover(network);
          const leader = network.servers.find(({ raft }) => raft?.status.role === 'leader');
          if (leader === undefined) throw new Error('no leader');
          const before = network.committedCount;
          network.propose(leader, 1);
          recover(network);
          expect(network.committedCount).toBeGreaterThan(before);
        },
      ),
      { numRuns: 300, interruptAfterTimeLimit: 12_000 },
    );
  });

  it('every operation that its leader did not disown is applied exactly once after recovery', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.nat(),
        fc.array(action, { maxLength: 120, size: 'max' }),
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
      { numRuns: 300, interruptAfterTimeLimit: 12_000 },
    );
  });
});
