import { describe, expect, it } from 'vitest';
import { findElection, findFault } from '../../../src-renderer/canvas/timeline/spans.ts';
import { csvOf, electionsCsv } from '../../../src-renderer/charts/csv.ts';
import {
  decadesAround,
  electionFigures,
  median,
  operationSeries,
} from '../../../src-renderer/charts/series.ts';
import { buckets, election, fault } from './timeline-rows.ts';

describe('figures of a run', () => {
  it('take the median over the elections that replaced a leader and have committed', () => {
    const figures = electionFigures([
      election({ previousLeader: null, detectionMs: 4_000 }),
      election({ detectionMs: 100, campaignMs: 10, firstCommitMs: 5, splitVotes: 1 }),
      election({ detectionMs: 200, campaignMs: 10, firstCommitMs: 5, downtimeMs: 700 }),
      election({ detectionMs: 900, firstCommitMs: null, downtimeMs: null }),
    ]);
    expect(figures).toEqual({ elections: 4, medianTotalMs: 165, downtimeMaxMs: 700, splitVotes: 1 });
  });

  it('are empty, not zero, without elections', () => {
    expect(electionFigures([])).toMatchObject({ medianTotalMs: null, downtimeMaxMs: null });
    expect(median([])).toBeNull();
  });
});

describe('operations over time', () => {
  it('count per second and leave gaps where nothing was acknowledged', () => {
    const series = operationSeries(buckets([5, 0, 10]), 150e6);
    expect(series.perSecond.map(({ y }) => y)).toEqual([100, 0, 200]);
    expect(series.p50.map(({ y }) => y)).toEqual([2, null, 2]);
    expect(series.p50[0]?.x).toBeCloseTo(0.025);
  });

  it('count the last bucket as far as the recording goes, and not at all when it has hardly begun', () => {
    expect(operationSeries(buckets([5, 4]), 90e6).perSecond[1]?.y).toBeCloseTo(100);
    expect(operationSeries(buckets([5, 4]), 60e6).perSecond).toHaveLength(1);
  });

  it('stand on a logarithmic axis of whole decades', () => {
    expect(decadesAround([1.5, null, 14])).toEqual({ min: 1, max: 100 });
    expect(decadesAround([3, 4])).toEqual({ min: 1, max: 10 });
    expect(decadesAround([null])).toEqual({ min: 0.1, max: 100 });
  });
});

describe('comma-separated values', () => {
  it('quote what would break them', () => {
    expect(csvOf(['a', 'b'], [['x,y', null]])).toBe('a,b\r\n"x,y",\r\n');
    expect(csvOf(['a'], [['say "hi"']])).toBe('a\r\n"say ""hi"""\r\n');
  });

  it('give one line an election', () => {
    const lines = electionsCsv([election({}), election({ number: 2 })])
      .trimEnd()
      .split('\r\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toBe('1,5,n3,n1,2000000000,2486000000,231,255,7,506,0,n3 n5,n2 n3 n4');
  });
});

describe('a selected election or fault', () => {
  it('is found by its own name and by the event that a step led to', () => {
    const elections = [election({ number: 1, event: 'n1/1/4' }), election({ number: 2, event: 'n3/1/99' })];
    expect(findElection(elections, '2')).toBe(elections[1]);
    expect(findElection(elections, 'n1/1/4')).toBe(elections[0]);
    expect(findElection(elections, '7')).toBeUndefined();
    const faults = [fault({ id: 'f1', event: 'lab/1/9' })];
    expect(findFault(faults, 'f1')).toBe(faults[0]);
    expect(findFault(faults, 'lab/1/9')).toBe(faults[0]);
  });
});
