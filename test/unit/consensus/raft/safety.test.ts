import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { membersOf } from '../../../../src-main/consensus/raft/configuration.ts';
import { Network } from './network.ts';
import { carryOut, COMPLETE, complete, PLAIN, plain, WITH_WIPES } from './schedule.ts';

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

/** Two servers stand by, to be let in by a change. */
const SPARE = 2;

describe('Figure 3 under random schedules with lost, repeated and reordered messages, late writes and crashes', () => {
  it('Election Safety, Log Matching, Leader Completeness and State Machine Safety hold, and nothing committed is lost', () => {
    let runs = 0;
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
          runs += 1;
          elections += network.elections;
          committed += network.committedCount;
          truncations += network.truncations;
        },
      ),
      { numRuns: 400, interruptAfterTimeLimit: 8_000 },
    );
    // Schedules in which nothing happens would prove nothing. (A slow machine runs fewer of them.)
    expect(elections / runs).toBeGreaterThan(2);
    expect(committed / runs).toBeGreaterThan(4);
    expect(truncations / runs).toBeGreaterThan(0.1);
  });

  it('so they do with every option on or off, snapshots, membership changes and wiped disks, and no read is stale', () => {
    let runs = 0;
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
          runs += 1;
          installs += network.installs;
          changes += network.changes;
          reads += network.reads;
        },
      ),
      { numRuns: 400, interruptAfterTimeLimit: 8_000 },
    );
    expect(installs / runs).toBeGreaterThan(0.03);
    expect(changes / runs).toBeGreaterThan(0.1);
    expect(reads / runs).toBeGreaterThan(0.3);
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
      { numRuns: 200, interruptAfterTimeLimit: 8_000 },
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
          for (const step of schedule.filter(
            (step) => step.kind !== 'crash' && !(step.kind === 'stir' && step.crashes),
          ))
            carryOut(network, step);
          recover(network);
          const ids = network.applied.flatMap(({ id }) => (id === undefined ? [] : [id]));
          expect(new Set(ids).size).toBe(ids.length);
          expect([...network.proposed].filter((id) => !ids.includes(id))).toEqual([]);
        },
      ),
      { numRuns: 200, interruptAfterTimeLimit: 8_000 },
    );
  });
});
