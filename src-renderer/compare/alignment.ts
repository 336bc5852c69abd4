/** Moments at which two runs can be laid over each other. Pure. */
import type { BookmarkRow, ElectionRow, FaultRow } from '../../src-main/api/index.ts';
import { faultTitle } from '../canvas/timeline/spans.ts';
import { formatMoment } from '../canvas/timeline/time.ts';

export interface AlignmentChoice {
  /** `start`, `leader`, `fault:f1`, `election:2`, `bookmark:<id>`, `at:<ns>`. */
  readonly key: string;
  readonly atNs: number;
  /** What happened. */
  readonly what: string;
  /** A fault that took the leader away. */
  readonly lostLeader: boolean;
}

export interface AlignableRun {
  readonly elections: readonly ElectionRow[];
  readonly faults: readonly FaultRow[];
  readonly bookmarks: readonly BookmarkRow[];
}

/** An election names when its leader was lost; a kill that this follows from comes at most so much before. */
const LOST_NS_MAX = 500e6;

export function alignmentChoices({ elections, faults, bookmarks }: AlignableRun): AlignmentChoice[] {
  const first = elections[0];
  const choice = (key: string, atNs: number, what: string, lostLeader = false): AlignmentChoice => ({
    key,
    atNs,
    what,
    lostLeader,
  });
  return [
    choice('start', 0, 'start of the run'),
    ...(first ? [choice('leader', first.electedNs, `first leader, ${first.leader}`)] : []),
    ...faults.map((fault) => {
      const lost = tookLeader(fault, elections);
      return choice(
        `fault:${fault.id}`,
        fault.fromNs,
        `${faultTitle(fault)}${lost ? ', the leader' : ''}`,
        lost,
      );
    }),
    ...elections.map((row) =>
      choice(`election:${row.number}`, row.startedNs, `election of ${row.leader}, term ${row.term}, begins`),
    ),
    ...bookmarks.map((row) => choice(`bookmark:${row.id}`, row.atNs, `bookmark “${row.title}”`)),
  ];
}

function tookLeader({ fromNs, targets }: FaultRow, elections: readonly ElectionRow[]): boolean {
  return elections.some(
    ({ previousLeader, lostNs }) =>
      previousLeader !== null &&
      lostNs !== null &&
      targets.includes(previousLeader) &&
      lostNs >= fromNs &&
      lostNs - fromNs <= LOST_NS_MAX,
  );
}

/**
 * What somebody would most likely want: the first fault that took the leader away in both, else the first fault in both, else the
 * first leader, else the start. Both by the same kind of moment.
 */
export function usualAlignment(
  a: readonly AlignmentChoice[],
  b: readonly AlignmentChoice[],
): { a: string; b: string } {
  const kinds: ((choice: AlignmentChoice) => boolean)[] = [
    ({ lostLeader }) => lostLeader,
    ({ key }) => key.startsWith('fault:'),
    ({ key }) => key === 'leader',
  ];
  for (const isOfKind of kinds) {
    const [inA, inB] = [a.find(isOfKind), b.find(isOfKind)];
    if (inA && inB) return { a: inA.key, b: inB.key };
  }
  return { a: 'start', b: 'start' };
}

/** The moment that a key names; the start where it names none. */
export function alignedAt(choices: readonly AlignmentChoice[], key: string): number {
  const free = /^at:(\d{1,16})$/.exec(key)?.[1];
  if (free !== undefined) return Number(free);
  return choices.find((choice) => choice.key === key)?.atNs ?? 0;
}

/** `kill n3, the leader – 5.2506 s` */
export function choiceText({ what, atNs, key }: AlignmentChoice): string {
  return key === 'start' ? what : `${what} – ${formatMoment(atNs, 4)}`;
}
