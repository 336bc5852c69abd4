import { describe, expect, it } from 'vitest';
import type { Role } from '../../../src-main/consensus/replica.ts';
import { ElectionDetector } from '../../../src-main/trace/model/elections.ts';
import type { EventPayload, TraceEvent } from '../../../src-main/trace/model/events.ts';
import type { ElectionRow } from '../../../src-main/trace/model/queries.ts';

const MS = 1_000_000;

function detect(...events: [ms: number, source: string, payload: EventPayload][]): ElectionRow | undefined {
  const detector = new ElectionDetector();
  for (const [at, [ms, source, payload]] of events.entries())
    detector.feed({ source, incarnation: 1, seq: at + 1, atNs: ms * MS, step: 0, ...payload } as TraceEvent);
  return detector.elections().at(-1);
}

function role(ms: number, node: string, from: Role, to: Role, term: number): [number, string, EventPayload] {
  return [ms, node, { kind: 'role', from, to, term, reason: '' }];
}

const firstLeader = [role(10, 'n1', 'follower', 'candidate', 1), role(20, 'n1', 'candidate', 'leader', 1)];
const n2Wins = [role(600, 'n2', 'pre-candidate', 'candidate', 2), role(610, 'n2', 'candidate', 'leader', 2)];

describe('an election with a PreVote', () => {
  it('begins with the asking that led to it, not with that of a node that is cut off and asks for ever', () => {
    const election = detect(
      ...firstLeader,
      role(100, 'n5', 'follower', 'pre-candidate', 1),
      role(590, 'n2', 'follower', 'pre-candidate', 1),
      ...n2Wins,
    );
    expect(election).toMatchObject({
      leader: 'n2',
      lostNs: null,
      firstCandidacyNs: 590 * MS,
      candidates: ['n2'],
    });
  });

  it('does not begin with an asking that was given up before anybody stood', () => {
    const election = detect(
      ...firstLeader,
      role(100, 'n2', 'follower', 'pre-candidate', 1),
      role(110, 'n2', 'pre-candidate', 'follower', 1),
      role(590, 'n2', 'follower', 'pre-candidate', 1),
      ...n2Wins,
    );
    expect(election?.firstCandidacyNs).toBe(590 * MS);
  });

  it('counts promises for no votes', () => {
    const promise = { term: 2, voter: 'n3', granted: true, votes: 2, needed: 2 } as const;
    const election = detect(
      ...firstLeader,
      role(590, 'n2', 'follower', 'pre-candidate', 1),
      [595, 'n2', { kind: 'tally', pre: true, ...promise }],
      ...n2Wins,
    );
    expect(election?.voters).toEqual(['n2']);
  });

  it('starts when the leader stepped down by itself, before anybody stood', () => {
    const election = detect(
      ...firstLeader,
      role(400, 'n1', 'leader', 'follower', 1),
      role(590, 'n2', 'follower', 'pre-candidate', 1),
      ...n2Wins,
    );
    expect(election).toMatchObject({
      lostNs: 400 * MS,
      startedNs: 400 * MS,
      detectionMs: 190,
      campaignMs: 20,
    });
  });
});
