/** From a trace's buckets and elections to what the charts plot. Pure. */
import type { ElectionRow, OperationBucket } from '../../src-main/api/index.ts';

export interface TimePoint {
  /** Middle of the bucket, seconds. */
  readonly x: number;
  /** null: a gap in the line. */
  readonly y: number | null;
}

export interface OperationSeries {
  readonly p50: TimePoint[];
  readonly p99: TimePoint[];
  /** Acknowledged operations a second. */
  readonly perSecond: TimePoint[];
}

/** The last bucket counts only as far as the recording goes; one that has hardly begun is left out. */
export function operationSeries(buckets: readonly OperationBucket[], endNs: number): OperationSeries {
  const series: OperationSeries = { p50: [], p99: [], perSecond: [] };
  for (const bucket of buckets) {
    const width = bucket.toNs - bucket.fromNs;
    const lengthNs = Math.min(bucket.toNs, endNs) - bucket.fromNs;
    if (lengthNs < width * 0.5) continue;
    const x = (bucket.fromNs + lengthNs / 2) / 1e9;
    series.p50.push({ x, y: bucket.p50Ms });
    series.p99.push({ x, y: bucket.p99Ms });
    series.perSecond.push({ x, y: bucket.acknowledged / (lengthNs / 1e9) });
  }
  return series;
}

export interface LatencyFigures {
  readonly elections: number;
  /** Of the elections that replaced a leader. */
  readonly medianTotalMs: number | null;
  readonly downtimeMaxMs: number | null;
  readonly splitVotes: number;
}

export function electionFigures(elections: readonly ElectionRow[]): LatencyFigures {
  // An election's total is known once its leader has committed. The first of a run replaces nobody: its detection is the nodes' start.
  const totals = elections
    .filter((row) => row.firstCommitMs !== null && row.previousLeader !== null)
    .map((row) => row.detectionMs + row.campaignMs + (row.firstCommitMs ?? 0));
  const downtimes = elections.flatMap((row) => (row.downtimeMs === null ? [] : [row.downtimeMs]));
  return {
    elections: elections.length,
    medianTotalMs: median(totals),
    downtimeMaxMs: downtimes.length > 0 ? Math.max(...downtimes) : null,
    splitVotes: elections.reduce((sum, row) => sum + row.splitVotes, 0),
  };
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) return null;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The ends of a logarithmic axis in whole decades around the values. */
export function decadesAround(values: readonly (number | null)[]): { min: number; max: number } {
  let low = Infinity;
  let high = 0;
  for (const value of values) {
    if (value === null || value <= 0) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (high === 0) return { min: 0.1, max: 100 };
  const min = 10 ** Math.floor(Math.log10(low));
  return { min, max: Math.max(10 ** Math.ceil(Math.log10(high)), min * 10) };
}
