import { describe, expect, it } from 'vitest';
import { describeEvent } from '../../../src-main/trace/model/describe.ts';
import type { EventPayload, TraceEvent } from '../../../src-main/trace/model/events.ts';

const cases: [source: string, payload: EventPayload, sentence: string][] = [
  [
    'n3',
    { kind: 'role', from: 'candidate', to: 'leader', term: 5, reason: 'votes from n2, n3, n4' },
    'n3 becomes leader of term 5: votes from n2, n3, n4',
  ],
  [
    'n3',
    { kind: 'role', from: 'candidate', to: 'candidate', term: 6, reason: 'election timeout' },
    'n3 stands again, in term 6: election timeout',
  ],
  [
    'n2',
    { kind: 'vote', term: 5, candidate: 'n3', reason: 'log 9@3 not behind 7@3' },
    'n2 votes for n3 in term 5: log 9@3 not behind 7@3',
  ],
  [
    'n3',
    { kind: 'tally', term: 5, voter: 'n2', granted: true, votes: 2, needed: 3 },
    'n3 counts the vote of n2 in term 5: 2 of 3 needed',
  ],
  [
    'n2',
    { kind: 'refuse', what: 'RequestVote', peer: 'n3', reason: 'log 7@3 behind 9@3' },
    'n2 refuses RequestVote of n3: log 7@3 behind 9@3',
  ],
  ['n1', { kind: 'append', first: 4, last: 6, term: 2, hash: 1 }, 'n1 appends entries 4–6 of term 2'],
  ['n1', { kind: 'commit', from: 4, to: 5, hash: 1 }, 'n1 commits entry 5'],
  [
    'lab',
    { kind: 'process-exited', node: 'n1', of: 1, reason: 'killed', code: null, signal: 'SIGKILL' },
    'n1 is dead: killed by SIGKILL',
  ],
  [
    'lab',
    {
      kind: 'process-exited',
      node: 'n1',
      of: 1,
      reason: 'failed',
      code: 1,
      signal: null,
      error: 'row 3 is damaged',
    },
    'n1 has failed (exit code 1): row 3 is damaged',
  ],
  [
    'lab',
    { kind: 'operator', command: { kind: 'kill', node: 'n1' }, origin: 'window' },
    'window asks: kill n1',
  ],
  [
    'lab',
    { kind: 'operator', command: { kind: 'workload', clients: 8 }, origin: 'scenario', refused: 'no load' },
    'scenario asks: workload clients 8 – refused: no load',
  ],
  [
    'load',
    { kind: 'complete', operation: 'c1/2', outcome: 'unknown', attempts: 3, error: 'timeout' },
    'operation c1/2 ends: unknown (timeout)',
  ],
  [
    'recorder',
    { kind: 'gap', of: 'n1', ofIncarnation: 2, fromSeq: 5, toSeq: 5 },
    'the recording lacks event 5 of n1, incarnation 2',
  ],
];

describe('the sentence of an event', () => {
  it.each(cases)('of %s %o is "%s"', (source, payload, sentence) => {
    expect(
      describeEvent({ source, incarnation: 1, seq: 1, atNs: 0, step: 0, ...payload } as TraceEvent),
    ).toBe(sentence);
  });
});
