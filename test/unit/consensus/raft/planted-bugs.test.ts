import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantBroken } from '../../../../src-main/consensus/invariant.ts';
import { votersOnly } from '../../../../src-main/consensus/raft/configuration.ts';
import { RAFT_BUGS, rulesWith, type RaftBug } from '../../../../src-main/consensus/raft/planted-bugs.ts';
import { SOUND, type Rules } from '../../../../src-main/consensus/raft/rules.ts';
import { Network, SafetyViolated } from './network.ts';
import { carryOut, complete, WITH_WIPES } from './schedule.ts';
import {
  entriesAfter,
  FIVE,
  sentIn,
  SingleReplica,
  THREE,
  transitionsOf,
  voteReplyIn,
  type Setup,
} from './single-replica.ts';

/** The one rule that each bug breaks. */
const BROKEN: Readonly<Record<RaftBug, keyof Rules>> = {
  'commit-old-term': 'mayCommit',
  'vote-not-durable': 'sendVoteReply',
  'step-down-clears-vote': 'stepDownInTerm',
  'append-truncates-match': 'firstNew',
  'change-without-own-commit': 'refusalOfChange',
  'config-at-apply': 'adoptsOnAppend',
  'prevote-deadlock': 'answersOldPreVote',
  'no-check-quorum': 'checksQuorum',
  'snapshot-drops-log': 'lastKeptBySnapshot',
  'stale-read': 'readNeedsRound',
  'ack-before-durable': 'sendAppendReply',
  'wiped-node-rejoins': 'isOwnDisk',
};

describe('planted bugs', () => {
  it('are absent from a replica that was asked for none', () => {
    expect(rulesWith(undefined)).toBe(SOUND);
    expect([...RAFT_BUGS].sort()).toEqual(Object.keys(BROKEN).sort());
  });

  it.each(RAFT_BUGS)('%s breaks its own rule and no other', (bug) => {
    const rules = rulesWith(bug);
    const names = Object.keys(SOUND) as (keyof Rules)[];
    expect(names.filter((name) => rules[name] !== SOUND[name])).toEqual([BROKEN[bug]]);
    expect(Object.keys(rules)).toEqual(names);
  });
});

/** What a replica does where the rule matters, once sound and once broken. */
interface Symptom {
  readonly bug: RaftBug;
  readonly rule: string;
  readonly sound: unknown;
  readonly broken: unknown;
  see(setup: Setup): unknown;
}

const SYMPTOMS: readonly Symptom[] = [
  {
    bug: 'commit-old-term',
    rule: '§5.4.2 an entry of an earlier term on a majority is not committed',
    sound: 0,
    broken: 2,
    see(setup) {
      const leader = new SingleReplica({
        ...setup,
        voters: FIVE,
        terms: [1, 2],
        term: 3,
        options: { termStartNoOp: false },
      });
      leader.becomeLeader();
      leader.acknowledge('n2', 2);
      leader.acknowledge('n3', 2);
      return leader.status.commitIndex;
    },
  },
  {
    bug: 'vote-not-durable',
    rule: 'Figure 2: the vote is on disk before the answer leaves',
    sound: 0,
    broken: 1,
    see: (setup) => new SingleReplica(setup).requestVote('n2', 1, 0, 0).send.length,
  },
  {
    bug: 'step-down-clears-vote',
    rule: '§5.2 a candidate that falls back within its term has voted in it',
    sound: 'n1',
    broken: null,
    see(setup) {
      const candidate = new SingleReplica(setup);
      candidate.timeout();
      candidate.append('n2', 1);
      return candidate.status.votedFor;
    },
  },
  {
    bug: 'append-truncates-match',
    rule: '§5.3 a late AppendEntries removes nothing that matches',
    sound: 3,
    broken: 2,
    see(setup) {
      const follower = new SingleReplica({ ...setup, terms: [1, 1, 1] });
      follower.append('n2', 1, { prevLogIndex: 1, prevLogTerm: 1, entries: entriesAfter(1, 1) });
      return follower.status.lastIndex;
    },
  },
  {
    bug: 'change-without-own-commit',
    rule: 'no change before an entry of the own term has committed',
    sound: 3,
    broken: 4,
    see(setup) {
      const leader = new SingleReplica({ ...setup, terms: [1, 1] });
      leader.becomeLeader();
      leader.operator({
        kind: 'change-membership',
        changes: [{ kind: 'remove', node: 'n3' }],
        transition: 'auto',
      });
      return leader.status.lastIndex;
    },
  },
  {
    bug: 'config-at-apply',
    rule: '§6 a configuration is in force from when it is in the log',
    sound: 1,
    broken: 0,
    see(setup) {
      const follower = new SingleReplica({ ...setup, term: 1 });
      const data = JSON.stringify(votersOnly(['n1', 'n2', 'n3', 'n4']));
      follower.append('n2', 1, { entries: [{ index: 1, term: 1, kind: 'configuration', data }] });
      return follower.status.configuration.index;
    },
  },
  {
    bug: 'prevote-deadlock',
    rule: 'a PreVote for a term that is over is answered',
    sound: [{ type: 'PreVoteReply', term: 9 }],
    broken: [],
    see(setup) {
      const replica = new SingleReplica({ ...setup, term: 9, options: { preVote: true } });
      return sentIn(replica.preVote('n2', 5)).map(({ type, term }) => ({ type, term }));
    },
  },
  {
    bug: 'no-check-quorum',
    rule: 'dissertation §6.2 a leader that hears nobody steps down',
    sound: 'follower',
    broken: 'leader',
    see(setup) {
      const leader = new SingleReplica({ ...setup, options: { checkQuorum: true } });
      leader.becomeLeader();
      for (let round = 0; round < 3; round++) leader.timeout();
      return leader.status.role;
    },
  },
  {
    bug: 'snapshot-drops-log',
    rule: '§7 a snapshot removes nothing newer than itself',
    sound: 3,
    broken: 1,
    see(setup) {
      const follower = new SingleReplica({ ...setup, terms: [1, 1, 1], applied: 1 });
      follower.operator({ kind: 'snapshot' });
      follower.machine({ kind: 'snapshot-saved', index: 1, bytes: 10 });
      return follower.status.lastIndex;
    },
  },
  {
    bug: 'stale-read',
    rule: 'dissertation §6.4 a read needs a round that begins after it',
    sound: 0,
    broken: 1,
    see(setup) {
      const leader = new SingleReplica(setup);
      leader.becomeLeader();
      leader.persistAll();
      leader.acknowledge('n2', 1);
      return leader.read('read-index', 'r1').reads.length;
    },
  },
  {
    bug: 'ack-before-durable',
    rule: 'Figure 2: entries are on disk before they are acknowledged',
    sound: 0,
    broken: 1,
    see: (setup) => new SingleReplica(setup).append('n2', 1, { entries: entriesAfter(0, 1) }).send.length,
  },
  {
    bug: 'wiped-node-rejoins',
    rule: 'a disk that the configuration does not know has no vote',
    sound: false,
    broken: true,
    see(setup) {
      const configuration = votersOnly(THREE, { n1: 'd1' });
      const wiped = new SingleReplica({ ...setup, configuration, storageId: 'd9' });
      return voteReplyIn(wiped.requestVote('n2', 1, 0, 0)).granted;
    },
  },
];

describe.each(SYMPTOMS)('$bug', ({ bug, rule, sound, broken, see }) => {
  it(`is seen where the rule matters: ${rule}`, () => {
    expect(see({})).toEqual(sound);
    expect(see({ bug })).toEqual(broken);
  });
});

describe('the randomised safety test can fail', () => {
  const SCHEDULES = 1500;

  /** The same schedules for every bug; drawn only as far as they are needed. */
  function findsViolation(bug: RaftBug): boolean {
    const shapes = fc.sample(complete, { numRuns: SCHEDULES, seed: 7 });
    const actions = fc.array(fc.oneof(...WITH_WIPES), { minLength: 60, maxLength: 400, size: 'max' });
    for (let at = 0; at < SCHEDULES; at++) {
      const { size, seed, ...options } = shapes[at]!;
      const network = new Network(size, { ...options, heartbeatMs: 50 }, seed, 2, bug);
      const [schedule = []] = fc.sample(actions, { numRuns: 1, seed: at });
      try {
        for (const step of schedule) carryOut(network, step);
      } catch (error) {
        if (error instanceof SafetyViolated || error instanceof InvariantBroken) return true;
        throw error;
      }
    }
    return false;
  }

  it.each(['vote-not-durable', 'snapshot-drops-log', 'ack-before-durable', 'wiped-node-rejoins'] as const)(
    'and does with %s',
    (bug) => {
      expect(findsViolation(bug)).toBe(true);
    },
  );
});

describe('what a planted bug leaves alone', () => {
  it('a refused change says why, with the rule broken as with it whole', () => {
    const leader = new SingleReplica({ bug: 'change-without-own-commit' });
    leader.becomeLeader();
    const remove = {
      kind: 'change-membership',
      changes: [{ kind: 'remove', node: 'n3' }],
      transition: 'auto',
    } as const;
    leader.operator(remove);
    expect(transitionsOf(leader.operator(remove), 'refuse')).toMatchObject([
      { reason: 'the change of entry 2 is not committed yet' },
    ]);
  });
});
