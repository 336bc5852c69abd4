import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRaftMessage } from '../../../../src-main/consensus/raft/messages.ts';
import type { Message } from '../../../../src-main/consensus/replica.ts';
import { entryOf } from './single-replica.ts';

const TYPES = [
  'AppendEntries',
  'AppendEntriesReply',
  'RequestVote',
  'RequestVoteReply',
  'PreVote',
  'PreVoteReply',
  'InstallSnapshot',
  'InstallSnapshotReply',
  'TimeoutNow',
  'ReadIndex',
  'ReadIndexReply',
];

/** Every field that any message has, each sound, broken or absent, so that the checks behind the first one are reached too. */
const natural = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 5 }) }, fc.jsonValue());
const boolean = fc.oneof({ weight: 4, arbitrary: fc.boolean() }, fc.jsonValue());
const entry = fc.oneof(
  fc.record(
    {
      index: natural,
      term: natural,
      kind: fc.oneof(fc.constantFrom('command', 'no-op', 'configuration'), fc.jsonValue()),
      data: fc.oneof(fc.json(), fc.jsonValue()),
      id: fc.oneof(fc.string(), fc.jsonValue()),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
);
const nodes = fc.oneof(fc.array(fc.constantFrom('n1', 'n2', 'n3', '')), fc.jsonValue());
const body = fc.record(
  {
    prevLogIndex: natural,
    prevLogTerm: natural,
    leaderCommit: natural,
    round: natural,
    entries: fc.oneof(fc.array(entry), fc.jsonValue()),
    success: boolean,
    matchIndex: natural,
    conflictIndex: natural,
    conflictTerm: natural,
    lastLogIndex: natural,
    lastLogTerm: natural,
    granted: boolean,
    lastIndex: natural,
    lastTerm: natural,
    hash: natural,
    configuration: fc.oneof(
      fc.record(
        {
          voters: nodes,
          outgoing: nodes,
          learners: nodes,
          learnersNext: nodes,
          autoLeave: boolean,
          storage: fc.jsonValue(),
        },
        { requiredKeys: ['voters', 'outgoing'] },
      ),
      fc.jsonValue(),
    ),
    offset: natural,
    data: fc.oneof(fc.uint8Array({ maxLength: 4 }), fc.jsonValue()),
    total: natural,
    next: natural,
    installed: boolean,
    context: natural,
    index: natural,
  },
  { requiredKeys: [] },
);
const anyMessage = fc.record({
  type: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...TYPES) }, fc.jsonValue()),
  from: fc.constant('n2'),
  to: fc.constant('n1'),
  term: natural,
  body: fc.oneof({ weight: 9, arbitrary: body }, fc.jsonValue()),
}) as unknown as fc.Arbitrary<Message>;

describe('a message from outside', () => {
  it('is either one of Raft’s or a sentence that says why not, whatever arrives', () => {
    let sound = 0;
    fc.assert(
      fc.property(anyMessage, (message) => {
        const read = readRaftMessage(message);
        if (typeof read === 'string') expect(read.length).toBeGreaterThan(0);
        else {
          sound += 1;
          expect(read).toBe(message);
          expect(TYPES).toContain(read.type);
        }
      }),
      { numRuns: 2000 },
    );
    expect(sound).toBeGreaterThan(60);
  });

  it.each([
    { what: 'null', entries: [null], reason: 'entry 1 is malformed' },
    { what: 'a gap', entries: [entryOf(2, 1)], reason: 'entry 2 where 1 should stand' },
    { what: 'no index', entries: [{ index: {} }], reason: 'entry an object where 1 should stand' },
    {
      what: 'a configuration of nobody’s making',
      entries: [{ index: 1, term: 1, kind: 'configuration', data: '{' }],
      reason: 'entry 1 holds no configuration: it is no JSON',
    },
    {
      what: 'a joint configuration with an empty half',
      entries: [
        {
          index: 1,
          term: 1,
          kind: 'configuration',
          data: '{"voters":[],"outgoing":["n1"],"learners":[],"learnersNext":[],"autoLeave":true,"storage":{}}',
        },
      ],
      reason: 'entry 1 holds no configuration: the incoming half of a joint configuration is empty',
    },
  ])('with $what among its entries is refused with the reason', ({ entries, reason }) => {
    const append = { prevLogIndex: 0, prevLogTerm: 0, leaderCommit: 0, round: 1, entries };
    const message = { type: 'AppendEntries', from: 'n2', to: 'n1', term: 1, body: append };
    expect(readRaftMessage(message)).toBe(reason);
  });
});
