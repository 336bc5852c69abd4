/**
 * Where two runs part. Each source's course is compared with the same source's of the other run, in its own order; only the order
 * within a source counts, because what two nodes do at the same time has none. Digests of long stretches are compared first and
 * halved where they differ, so that two traces of any length part after a few questions to each and nothing of them is moved. Pure.
 */
import type { CourseScope, CourseStep } from './course.ts';
import type { EventId, Nanoseconds, SourceId } from './events.ts';
import type { QueryAnswer, QueryParams } from './queries.ts';

/** Asks one trace for a stretch of a course. */
export type AskCourse = (params: QueryParams<'course'>) => Promise<QueryAnswer<'course'>>;

/** One of the two runs. */
export interface ComparedRun {
  ask: AskCourse;
  /** The moment that both are aligned at. */
  alignNs: Nanoseconds;
  /** What came before is not compared; 0 compares all. */
  fromNs: Nanoseconds;
}

/** Where one source does something else in the two runs. */
export interface Parting {
  source: SourceId;
  /** So many steps of this source are the same in both, before. */
  same: number;
  /** null: nothing more of this source is in that trace. */
  a: CourseStep | null;
  b: CourseStep | null;
}

export interface Divergence {
  /** The earliest of all: of its two events the one that comes first, seen from the aligned moment. */
  first: Parting;
  /** Of every source that differs, in the same order. */
  partings: Parting[];
}

export interface DivergenceSearch {
  sources: readonly SourceId[];
  scope: CourseScope;
  /** Told after each stretch how many steps are known to be the same. */
  onProgress?: (same: number) => void;
  /** Asked before each stretch: whether nobody waits for the answer any more. */
  isCancelled?: () => boolean;
}

type Stretch = QueryAnswer<'course'>;

/** Steps compared one by one. */
const FEW = 64;
const FIRST_STRETCH = 1_024;
const STRETCH_MAX = 65_536;

/** null where the runs do not differ in anything that counts, and where the search was cancelled. Rejects as `ask` does. */
export async function findDivergence(
  a: ComparedRun,
  b: ComparedRun,
  search: DivergenceSearch,
): Promise<Divergence | null> {
  let known = 0;
  const partings: Parting[] = [];
  for (const source of search.sources) {
    const parting = await partingOf(source, a, b, search, (same) => search.onProgress?.(known + same));
    if (search.isCancelled?.() === true) return null;
    known += parting?.same ?? 0;
    if (parting !== null && (parting.a !== null || parting.b !== null)) partings.push(parting);
  }
  const when = (parting: Parting): number =>
    Math.min(
      parting.a === null ? Infinity : parting.a.atNs - a.alignNs,
      parting.b === null ? Infinity : parting.b.atNs - b.alignNs,
    );
  partings.sort((x, y) => when(x) - when(y));
  const [first] = partings;
  return first === undefined ? null : { first, partings };
}

/** Null when cancelled; without an event of either run where the source does the same in both. */
async function partingOf(
  source: SourceId,
  a: ComparedRun,
  b: ComparedRun,
  { scope, isCancelled }: DivergenceSearch,
  onProgress: (same: number) => void,
): Promise<Parting | null> {
  let afterA: EventId | undefined;
  let afterB: EventId | undefined;
  let same = 0;
  let limit = FIRST_STRETCH;
  let narrowing = false;
  while (isCancelled?.() !== true) {
    const few = limit <= FEW;
    const stretch = (run: ComparedRun, after: EventId | undefined): QueryParams<'course'> => ({
      source,
      scope,
      fromNs: run.fromNs,
      limit,
      steps: few,
      ...(after === undefined ? {} : { after }),
    });
    const [inA, inB]: [Stretch, Stretch] = await Promise.all([
      a.ask(stretch(a, afterA)),
      b.ask(stretch(b, afterB)),
    ]);
    if (inA.count === inB.count && inA.digest === inB.digest) {
      same += inA.count;
      onProgress(same);
      if (!inA.more && !inB.more) return { source, same, a: null, b: null };
      afterA = inA.last ?? afterA;
      afterB = inB.last ?? afterB;
      limit = narrowing ? Math.max(FEW, limit >> 1) : Math.min(limit * 4, STRETCH_MAX);
    } else if (few) {
      const at = inA.steps.findIndex((step, position) => step.key !== inB.steps[position]?.key);
      const position = at < 0 ? inA.steps.length : at;
      return {
        source,
        same: same + position,
        a: inA.steps[position] ?? null,
        b: inB.steps[position] ?? null,
      };
    } else {
      narrowing = true;
      limit = Math.max(FEW, limit >> 1);
    }
  }
  return null;
}

/** `n3 votes for n1 in term 2: … – and in the other run: n3 becomes candidate …`, the runs called by their names. */
export function describeParting({ source, a, b }: Parting, names: { a: string; b: string }): string {
  const nothing = `nothing more of ${source}`;
  return `${names.a}: ${a?.text ?? nothing}. ${names.b}: ${b?.text ?? nothing}.`;
}
