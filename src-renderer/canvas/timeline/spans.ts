/** Elections and faults: things with a beginning and an end that lie above the lanes. */
import type { ElectionRow, FaultRow } from '../../../src-main/api/index.ts';
import { targetWords } from '../../wording/targets.ts';
import { groupThousands } from './time.ts';

/** A fault and the row that it is drawn in. */
export interface StackedFault {
  readonly item: FaultRow;
  readonly row: number;
}

/** Gives each span the first row in which it overlaps nothing earlier. Spans come in order of their beginning. */
export function stackSpans<T>(
  items: readonly T[],
  fromOf: (item: T) => number,
  toOf: (item: T) => number,
): { item: T; row: number }[] {
  const rowEnds: number[] = [];
  return [...items]
    .sort((a, b) => fromOf(a) - fromOf(b))
    .map((item) => {
      const free = rowEnds.findIndex((end) => end <= fromOf(item));
      const row = free === -1 ? rowEnds.length : free;
      rowEnds[row] = toOf(item);
      return { item, row };
    });
}

/** Rounds parts so that their sum is the rounded sum of the parts (largest remainder). */
export function roundParts(parts: readonly number[], decimals: number): number[] {
  const unit = 10 ** decimals;
  const scaled = parts.map((part) => part * unit);
  const floors = scaled.map(Math.floor);
  let missing =
    Math.round(scaled.reduce((sum, part) => sum + part, 0)) - floors.reduce((sum, part) => sum + part, 0);
  const byRemainder = scaled
    .map((part, position) => ({ position, remainder: part - Math.floor(part) }))
    .sort((a, b) => b.remainder - a.remainder);
  for (const { position } of byRemainder) {
    if (missing <= 0) break;
    floors[position] = (floors[position] ?? 0) + 1;
    missing -= 1;
  }
  return floors.map((part) => part / unit);
}

/** An election is selected by its number or, when stepped to, by the event in which its leader took office. */
export function findElection(elections: readonly ElectionRow[], id: string): ElectionRow | undefined {
  return elections.find((row) => String(row.number) === id || row.event === id);
}

/** A fault is selected by its id or, when stepped to, by the event in which it began. */
export function findFault(faults: readonly FaultRow[], id: string): FaultRow | undefined {
  return faults.find((row) => row.id === id || row.event === id);
}

export function electionEndNs(election: ElectionRow): number {
  return election.firstCommitNs ?? election.electedNs;
}

export function electionTotalMs(election: ElectionRow): number {
  return election.detectionMs + election.campaignMs + (election.firstCommitMs ?? 0);
}

/** `493 ms = 231 detect + 255 campaign, 1 split + 7 commit`. The parts always add up to the total. */
export function electionSum(election: ElectionRow): string {
  const parts = [election.detectionMs, election.campaignMs, election.firstCommitMs ?? 0];
  const decimals = electionTotalMs(election) < 30 ? 1 : 0;
  const [detect = 0, campaign = 0, commit = 0] = roundParts(parts, decimals);
  const total = detect + campaign + commit;
  const write = (ms: number): string => (decimals > 0 ? ms.toFixed(decimals) : groupThousands(ms));
  const split = election.splitVotes > 0 ? `, ${election.splitVotes} split` : '';
  const tail = election.firstCommitMs === null ? ', no commit' : ` + ${write(commit)} commit`;
  return `${write(total)} ms = ${write(detect)} detect + ${write(campaign)} campaign${split}${tail}`;
}

export function electionTitle(election: ElectionRow): string {
  return `election → ${election.leader}, term ${election.term}`;
}

/** `kill n1`, `partition n1, n2`. */
export function faultTitle(fault: FaultRow): string {
  return `${fault.type} ${targetWords(fault.targets)}`.trim();
}
