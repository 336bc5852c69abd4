import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changeConfiguration,
  EMPTY_CONFIGURATION,
  flawOfConfiguration,
  isJoint,
  isRefused,
  leaveJoint,
  membersOf,
  readConfiguration,
  configurationText,
  votersOf,
} from '../../../../src-main/consensus/raft/configuration.ts';
import {
  countVotes,
  isQuorum,
  majority,
  quorumValue,
  scarcestVotes,
} from '../../../../src-main/consensus/raft/quorum.ts';
import type { Configuration, MembershipChange, NodeId } from '../../../../src-main/consensus/replica.ts';

const NODES: readonly NodeId[] = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'];

function subset(minLength: number): fc.Arbitrary<NodeId[]> {
  return fc.subarray([...NODES], { minLength });
}

/** Any sound configuration, joint or not. */
const anyConfiguration: fc.Arbitrary<Configuration> = fc
  .record({
    voters: subset(1),
    outgoing: fc.oneof(fc.constant([] as NodeId[]), subset(1)),
    others: subset(0),
    demoted: subset(0),
    autoLeave: fc.boolean(),
    disks: subset(0),
  })
  .map(({ voters, outgoing, others, demoted, autoLeave, disks }) => {
    const joint = outgoing.length > 0;
    const configuration = {
      voters,
      outgoing,
      learners: others.filter((node) => !voters.includes(node) && !outgoing.includes(node)),
      learnersNext: demoted.filter((node) => outgoing.includes(node) && !voters.includes(node)),
      autoLeave: joint && autoLeave,
    };
    const members = membersOf({ ...configuration, storage: {} });
    const known = disks.filter((node) => members.includes(node));
    return { ...configuration, storage: Object.fromEntries(known.map((node) => [node, `disk of ${node}`])) };
  });

const anyChange: fc.Arbitrary<MembershipChange> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('add-voter' as const, 'add-learner' as const),
    node: fc.constantFrom(...NODES),
  }),
  fc
    .record({
      kind: fc.constantFrom('add-voter' as const, 'add-learner' as const),
      node: fc.constantFrom(...NODES),
    })
    .map((change) => ({ ...change, storage: `disk of ${change.node}` })),
  fc.record({ kind: fc.constant('remove' as const), node: fc.constantFrom(...NODES) }),
);
const anyChanges = fc.array(anyChange, { maxLength: 4 });
const anyTransition = fc.constantFrom(
  'auto' as const,
  'simple' as const,
  'joint' as const,
  'joint-explicit' as const,
);

function subsetsOf(nodes: readonly NodeId[]): NodeId[][] {
  return nodes.reduce<NodeId[][]>((all, node) => [...all, ...all.map((each) => [...each, node])], [[]]);
}

/** What a quorum is by its definition (§5.2, §6), without any arithmetic of ours. */
function isQuorumOf({ voters, outgoing }: Configuration, heard: readonly NodeId[]): boolean {
  const half = (nodes: readonly NodeId[]): boolean =>
    nodes.length === 0 || nodes.filter((node) => heard.includes(node)).length * 2 > nodes.length;
  return half(voters) && half(outgoing);
}

function overlap(left: readonly NodeId[], right: readonly NodeId[]): boolean {
  return left.some((node) => right.includes(node));
}

/** Every quorum of the one shares a server with every quorum of the other. */
function quorumsOverlap(one: Configuration, other: Configuration): boolean {
  const left = subsetsOf(votersOf(one)).filter((heard) => isQuorumOf(one, heard));
  const right = subsetsOf(votersOf(other)).filter((heard) => isQuorumOf(other, heard));
  return left.every((some) => right.every((others) => overlap(some, others)));
}

describe('quorums', () => {
  it('§5.2, §6 are what their definition says, for every set of servers', () => {
    fc.assert(
      fc.property(anyConfiguration, (configuration) => {
        for (const heard of subsetsOf(votersOf(configuration)))
          expect(isQuorum(configuration, (node) => heard.includes(node))).toBe(
            isQuorumOf(configuration, heard),
          );
      }),
    );
  });

  it('the highest value that a quorum has reached is found among the voters’ own', () => {
    fc.assert(
      fc.property(
        anyConfiguration,
        fc.array(fc.nat({ max: 9 }), { minLength: 6, maxLength: 6 }),
        (configuration, values) => {
          const valueOf = (node: NodeId): number => values[NODES.indexOf(node)] ?? 0;
          const reached = (value: number): boolean =>
            isQuorumOf(
              configuration,
              NODES.filter((node) => valueOf(node) >= value),
            );
          const best = Math.max(...[0, ...values].filter(reached));
          expect(quorumValue(configuration, valueOf)).toBe(best);
        },
      ),
    );
  });

  it('a vote is won with a quorum, lost when none can come together any more, and else open', () => {
    fc.assert(
      fc.property(
        anyConfiguration,
        fc.array(fc.constantFrom(true, false, undefined), { minLength: 6, maxLength: 6 }),
        (configuration, answers) => {
          const votes = new Map<NodeId, boolean>();
          NODES.forEach((node, at) => {
            const answer = answers[at];
            if (answer !== undefined) votes.set(node, answer);
          });
          const granted = NODES.filter((node) => votes.get(node) === true);
          const possible = NODES.filter((node) => votes.get(node) !== false);
          const expected = isQuorumOf(configuration, granted)
            ? 'won'
            : isQuorumOf(configuration, possible)
              ? 'pending'
              : 'lost';
          expect(countVotes(configuration, votes)).toBe(expected);
          const { votes: scarcest, needed } = scarcestVotes(configuration, votes);
          expect(scarcest >= needed).toBe(expected === 'won');
        },
      ),
    );
  });

  it('a majority is more than half', () => {
    expect([1, 2, 3, 4, 5, 6].map((size) => majority(NODES.slice(0, size)))).toEqual([1, 2, 2, 3, 3, 4]);
  });
});

describe('changing the configuration', () => {
  /** A configuration that is not joint, what is asked of it, and what came of it. */
  const anyStep = fc.record({
    from: anyConfiguration.map((each) => ({ ...each, outgoing: [], learnersNext: [], autoLeave: false })),
    changes: anyChanges,
    transition: anyTransition,
  });

  it('§6 quorums of consecutive configurations always overlap, on the way into a joint one and out of it', () => {
    let joint = 0;
    let simple = 0;
    fc.assert(
      fc.property(anyStep, ({ from, changes, transition }) => {
        const changed = changeConfiguration(from, changes, transition);
        if (isRefused(changed)) return;
        expect(quorumsOverlap(from, changed.configuration)).toBe(true);
        if (!isJoint(changed.configuration)) {
          simple += 1;
          return;
        }
        joint += 1;
        const left = leaveJoint(changed.configuration);
        if (isRefused(left)) throw new Error(left.refusal);
        expect(quorumsOverlap(changed.configuration, left.configuration)).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(Math.min(joint, simple)).toBeGreaterThan(20);
  });

  it('never leaves a configuration without voters, nor one that contradicts itself', () => {
    fc.assert(
      fc.property(anyStep, ({ from, changes, transition }) => {
        const changed = changeConfiguration(from, changes, transition);
        if (isRefused(changed)) {
          expect(changed.refusal.length).toBeGreaterThan(0);
          return;
        }
        const { configuration } = changed;
        expect(flawOfConfiguration(configuration)).toBeUndefined();
        expect(configuration.voters.length).toBeGreaterThan(0);
        expect(overlap(configuration.learners, votersOf(configuration))).toBe(false);
      }),
    );
  });

  it('comes to the same members, however it gets there', () => {
    fc.assert(
      fc.property(anyStep, ({ from, changes }) => {
        const ends = (['auto', 'joint', 'joint-explicit'] as const).map((transition) => {
          const changed = changeConfiguration(from, changes, transition);
          if (isRefused(changed)) return changed;
          return isJoint(changed.configuration) ? leaveJoint(changed.configuration) : changed;
        });
        const withoutOrder = ends.map((end) => (isRefused(end) ? end.refusal : end.configuration));
        expect(withoutOrder[1]).toEqual(withoutOrder[0]);
        expect(withoutOrder[2]).toEqual(withoutOrder[0]);
      }),
    );
  });

  it('auto takes the simple way exactly where at most one voter joins or leaves', () => {
    fc.assert(
      fc.property(anyStep, ({ from, changes }) => {
        const auto = changeConfiguration(from, changes, 'auto');
        const simple = changeConfiguration(from, changes, 'simple');
        if (isRefused(auto)) {
          expect(isRefused(simple)).toBe(true);
          return;
        }
        const moved = NODES.filter(
          (node) => from.voters.includes(node) !== auto.configuration.voters.includes(node),
        );
        expect(isJoint(auto.configuration)).toBe(moved.length > 1);
        expect(isRefused(simple)).toBe(moved.length > 1);
        if (!isRefused(simple)) expect(simple).toEqual(auto);
      }),
    );
  });

  it('keeps the disk of every member that stays, and forgets those that are gone', () => {
    fc.assert(
      fc.property(anyStep, ({ from, changes, transition }) => {
        const changed = changeConfiguration(from, changes, transition);
        if (isRefused(changed)) return;
        const left = isJoint(changed.configuration) ? leaveJoint(changed.configuration) : changed;
        if (isRefused(left)) throw new Error(left.refusal);
        const members = membersOf(left.configuration);
        for (const node of members) {
          const given = changes.find((each) => each.node === node);
          const disk = given !== undefined && given.kind !== 'remove' ? given.storage : undefined;
          expect(left.configuration.storage[node]).toBe(disk ?? from.storage[node]);
        }
        expect(Object.keys(left.configuration.storage).filter((node) => !members.includes(node))).toEqual([]);
      }),
    );
  });

  it('a joint configuration takes no other change, and only a joint one is left', () => {
    fc.assert(
      fc.property(anyConfiguration, anyChanges, anyTransition, (configuration, changes, transition) => {
        if (isJoint(configuration))
          expect(isRefused(changeConfiguration(configuration, changes, transition))).toBe(true);
        else expect(leaveJoint(configuration)).toEqual({ refusal: 'the configuration is not joint' });
      }),
    );
  });

  it('the text of a configuration gives it back', () => {
    fc.assert(
      fc.property(anyConfiguration, (configuration) => {
        expect(readConfiguration(configurationText(configuration))).toEqual(configuration);
      }),
    );
    expect(readConfiguration(EMPTY_CONFIGURATION)).toBe(EMPTY_CONFIGURATION);
    expect(() => readConfiguration('{')).toThrow('Not a configuration: it is no JSON');
    expect(() => readConfiguration('null')).toThrow('Not a configuration: it is no record');
  });
});
