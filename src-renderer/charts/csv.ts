/** Figures as comma-separated values (RFC 4180), and files that the window hands out. */
import type { ElectionRow, OperationBucket } from '../../src-main/api/index.ts';

type Field = string | number | null;

export function csvOf(header: readonly string[], rows: readonly (readonly Field[])[]): string {
  const field = (value: Field): string => {
    const text = value === null ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [header, ...rows].map((row) => row.map(field).join(',')).join('\r\n') + '\r\n';
}

export function electionsCsv(elections: readonly ElectionRow[]): string {
  return csvOf(
    [
      'number',
      'term',
      'leader',
      'previousLeader',
      'startedNs',
      'electedNs',
      'detectionMs',
      'campaignMs',
      'firstCommitMs',
      'downtimeMs',
      'splitVotes',
      'candidates',
      'voters',
    ],
    elections.map((row) => [
      row.number,
      row.term,
      row.leader,
      row.previousLeader,
      row.startedNs,
      row.electedNs,
      row.detectionMs,
      row.campaignMs,
      row.firstCommitMs,
      row.downtimeMs,
      row.splitVotes,
      row.candidates.join(' '),
      row.voters.join(' '),
    ]),
  );
}

export function operationsCsv(buckets: readonly OperationBucket[]): string {
  return csvOf(
    ['fromNs', 'toNs', 'invoked', 'acknowledged', 'failed', 'unknown', 'p50Ms', 'p99Ms', 'maxMs'],
    buckets.map((row) => [
      row.fromNs,
      row.toNs,
      row.invoked,
      row.acknowledged,
      row.failed,
      row.unknown,
      row.p50Ms,
      row.p99Ms,
      row.maxMs,
    ]),
  );
}
