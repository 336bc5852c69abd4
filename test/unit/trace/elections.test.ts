import { describe, expect, it } from 'vitest';
import { ElectionDetector } from '../../../src-main/trace/model/elections.ts';
import type { EventPayload, TraceEvent } from '../../../src-main/trace/model/events.ts';
import type { ElectionRow } from '../../../src-main/trace/model/queries.ts';

type Happening = [ms: number, source: string, payload: EventPayload];

function detect(...happenings: Happening[]): ElectionRow[] {
  const detector = new ElectionDetector();
  for (const [at, [ms, source, payload]] of happenings.entries()) {
    const head = { source, incarnation: 1, seq: at + 1, atNs: ms * 1_000_000, step: 0 };
    detector.feed({ ...head, ...payload } as TraceEvent);
  }
  return detector.elections();
}

const stands = (ms: number, node: string, term: number): Happening => [
  ms,
  node,
  { kind: 'role', from: 'follower', to: 'candidate', term, reason: '' },
];
const wins = (ms: number, node: string, term: number): Happening => [
  ms,
  node,
  { kind: 'role', from: 'candidate', to: 'leader', term, reason: '' },
];
const steps = (ms: number, node: string, term: number): Happening => [
  ms,
  node,
  { kind: 'role', from: 'leader', to: 'follower', term, reason: '' },
];
const counts = (ms: number, node: string, term: number, voter: string, granted = true): Happening => [
  ms,
  node,
  { kind: 'tally', term, voter, granted, votes: 1, needed: 2 },
];
const commits = (ms: number, node: string, to: number): Happening => [
  ms,
  node,
  { kind: 'commit', from: to - 1, to, hash: 1 },
];
const dies = (ms: number, node: string): Happening => [
  ms,
  'lab',
  { kind: 'process-exited', node, of: 1, reason: 'killed', code: null, signal: 'SIGKILL' },
];
const acknowledged = (ms: number): Happening => [
  ms,
  'load',
  { kind: 'complete', operation: `c1/${ms}`, outcome: 'ok', attempts: 1 },
];

const runs = (ms: number, ...nodes: string[]): Happening => [ms, 'lab', { kind: 'run-started', nodes }];
const starts = (ms: number, node: string): Happening => [
  ms,
  node,
  { kind: 'node-started', pid: 1, term: 0, votedFor: null, lastIndex: 0, applied: 0, log: [] },
];
const kills = (ms: number, node: string): Happening => [
  ms,
  'lab',
  { kind: 'fault-started', fault: 'f1', type: 'kill', targets: [node], parameters: {} },
];

/** n1 leads term 1 from 110 ms on. */
const first: Happening[] = [
  stands(100, 'n1', 1),
  counts(105, 'n1', 1, 'n2'),
  wins(110, 'n1', 1),
  commits(120, 'n1', 1),
];

describe('an election', () => {
  it('begins when a majority is up when it is the first, and has no downtime without operations before it', () => {
    const up = [runs(1, 'n1', 'n2', 'n3'), starts(20, 'n3'), starts(40, 'n1'), starts(90, 'n2')];
    expect(detect(...up, ...first, acknowledged(130), acknowledged(140))).toEqual([
      {
        number: 1,
        term: 1,
        leader: 'n1',
        previousLeader: null,
        lostNs: null,
        startedNs: 40e6,
        firstCandidacyNs: 100e6,
        electedNs: 110e6,
        firstCommitNs: 120e6,
        detectionMs: 60,
        campaignMs: 10,
        firstCommitMs: 10,
        downtimeMs: null,
        splitVotes: 0,
        candidates: ['n1'],
        voters: ['n1', 'n2'],
        event: 'n1/1/7',
      },
    ]);
  });

  it('begins with the first candidacy when somebody stood before a majority was up', () => {
    const [only] = detect(runs(1, 'n1', 'n2', 'n3'), starts(20, 'n1'), ...first, starts(300, 'n2'));
    expect(only).toMatchObject({ startedNs: 100e6, detectionMs: 0 });
  });

  it('after a kill by the lab is measured from the signal, not from the moment the exit was noticed', () => {
    const [, second] = detect(
      ...first,
      kills(190, 'n1'),
      dies(200, 'n1'),
      stands(300, 'n2', 2),
      wins(310, 'n2', 2),
    );
    expect(second).toMatchObject({ lostNs: 190e6, detectionMs: 110 });
  });

  it('does not count those who stood in its term after it was over', () => {
    const [only] = detect(...first, stands(200, 'n3', 1));
    expect(only?.candidates).toEqual(['n1']);
  });

  it('after a kill from elsewhere is measured from the end of the leader’s process, split votes included', () => {
    const [, second] = detect(
      ...first,
      acknowledged(190),
      dies(200, 'n1'),
      stands(300, 'n2', 2),
      stands(301, 'n3', 2),
      stands(420, 'n3', 3),
      counts(425, 'n3', 3, 'n2'),
      counts(425, 'n3', 3, 'n4', false),
      wins(430, 'n3', 3),
      commits(450, 'n3', 2),
      acknowledged(470),
      acknowledged(471),
    );
    expect(second).toMatchObject({
      number: 2,
      term: 3,
      leader: 'n3',
      previousLeader: 'n1',
      lostNs: 200e6,
      startedNs: 200e6,
      detectionMs: 100,
      campaignMs: 130,
      firstCommitMs: 20,
      downtimeMs: 280,
      splitVotes: 1,
      candidates: ['n2', 'n3'],
      voters: ['n2', 'n3'],
    });
  });

  it('that nobody’s loss began is measured from the first candidacy', () => {
    const [, second] = detect(...first, stands(300, 'n2', 2), steps(305, 'n1', 2), wins(310, 'n2', 2));
    expect(second).toMatchObject({
      previousLeader: 'n1',
      lostNs: null,
      startedNs: 300e6,
      detectionMs: 0,
      campaignMs: 10,
    });
  });

  it('counts from the pause of the leader, but not from one that was over before anybody stood', () => {
    const paused: Happening = [200, 'lab', { kind: 'process-paused', node: 'n1' }];
    const resumed: Happening = [220, 'lab', { kind: 'process-resumed', node: 'n1' }];
    const again: Happening = [250, 'lab', { kind: 'process-paused', node: 'n1' }];
    expect(detect(...first, paused, stands(300, 'n2', 2), wins(310, 'n2', 2))[1]?.lostNs).toBe(200e6);
    expect(detect(...first, paused, resumed, stands(300, 'n2', 2), wins(310, 'n2', 2))[1]?.lostNs).toBeNull();
    expect(
      detect(...first, paused, resumed, again, stands(300, 'n2', 2), wins(310, 'n2', 2))[1]?.lostNs,
    ).toBe(250e6);
  });

  it('does not blame a loss that came after the first candidacy', () => {
    const [, second] = detect(...first, stands(190, 'n2', 2), dies(200, 'n1'), wins(210, 'n2', 2));
    expect(second).toMatchObject({ lostNs: null, startedNs: 190e6 });
  });

  it('has no first commit when its leader lost office before it', () => {
    const [, second, third] = detect(
      ...first,
      stands(300, 'n2', 2),
      wins(310, 'n2', 2),
      dies(320, 'n2'),
      stands(400, 'n3', 3),
      wins(410, 'n3', 3),
      commits(420, 'n2', 2),
    );
    expect(second).toMatchObject({ firstCommitNs: null, firstCommitMs: null });
    expect(third).toMatchObject({ previousLeader: 'n2', lostNs: 320e6, firstCommitNs: null });
  });

  it('has no downtime while nothing was acknowledged after it', () => {
    const lost = [
      ...first,
      acknowledged(150),
      dies(200, 'n1'),
      stands(300, 'n2', 2),
      wins(310, 'n2', 2),
      commits(320, 'n2', 2),
    ];
    expect(detect(...lost)[1]?.downtimeMs).toBeNull();
    expect(detect(...lost, acknowledged(315))[1]?.downtimeMs).toBeNull();
    expect(detect(...lost, acknowledged(315), acknowledged(330))[1]?.downtimeMs).toBe(165);
  });

  it('stands in order of term, whichever leader came to know of its victory first', () => {
    const rows = detect(stands(10, 'n1', 1), stands(12, 'n2', 2), wins(15, 'n2', 2), wins(16, 'n1', 1));
    expect(
      rows.map(({ number, term, leader, previousLeader }) => ({ number, term, leader, previousLeader })),
    ).toEqual([
      { number: 1, term: 1, leader: 'n1', previousLeader: null },
      { number: 2, term: 2, leader: 'n2', previousLeader: 'n1' },
    ]);
  });
});
