/** Rows of a trace for the timeline's tests, with everything that a test does not speak of filled in. */
import type {
  ElectionRow,
  FaultRow,
  LaneMark,
  LaneSegment,
  MessageRow,
  OperationBucket,
} from '../../../src-main/api/index.ts';

export function message(given: Partial<MessageRow>): MessageRow {
  return {
    id: 'n1/1/1',
    from: 'n1',
    to: 'n2',
    type: 'RequestVote',
    term: 1,
    sentNs: 0,
    arrivedNs: 90_000,
    deliveredNs: 100_000,
    fate: 'delivered',
    reason: null,
    bytes: 71,
    entries: 0,
    granted: null,
    ...given,
  };
}

export function segment(given: Partial<LaneSegment>): LaneSegment {
  return { node: 'n1', fromNs: 0, toNs: null, status: 'running', role: 'follower', term: 1, ...given };
}

export function laneMark(given: Partial<LaneMark>): LaneMark {
  return {
    node: 'n1',
    kind: 'configuration-adopted',
    atNs: 0,
    id: 'n1/1/5',
    text: 'n1 adopts the configuration of entry 13: n1 n2 n3',
    count: 1,
    ...given,
  };
}

export function election(given: Partial<ElectionRow>): ElectionRow {
  return {
    number: 1,
    term: 5,
    leader: 'n3',
    previousLeader: 'n1',
    lostNs: 2e9,
    startedNs: 2e9,
    firstCandidacyNs: 2.231e9,
    electedNs: 2.486e9,
    firstCommitNs: 2.493e9,
    detectionMs: 231,
    campaignMs: 255,
    firstCommitMs: 7,
    downtimeMs: 506,
    splitVotes: 0,
    candidates: ['n3', 'n5'],
    voters: ['n2', 'n3', 'n4'],
    event: 'n3/1/99',
    ...given,
  };
}

export function fault(given: Partial<FaultRow>): FaultRow {
  return {
    id: 'f1',
    type: 'kill',
    targets: ['n1'],
    fromNs: 0,
    toNs: null,
    parameters: {},
    event: 'lab/1/9',
    ...given,
  };
}

/** Buckets of 50 ms from the run's start, with so many acknowledged operations each. */
export function buckets(acknowledged: readonly number[], invoked = 4): OperationBucket[] {
  return acknowledged.map((count, position) => ({
    fromNs: position * 50e6,
    toNs: (position + 1) * 50e6,
    invoked,
    acknowledged: count,
    failed: 0,
    unknown: 0,
    p50Ms: count > 0 ? 2 : null,
    p99Ms: count > 0 ? 6 : null,
    maxMs: count > 0 ? 8 : null,
  }));
}
