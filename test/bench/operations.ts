/** Acknowledged operations of a stretch of a run, counted from its trace. */
import type { QueryAnswer, QueryName, QueryParams } from '../../src-main/trace/model/queries.ts';

export type Ask = <Q extends QueryName>(query: Q, params: QueryParams<Q>) => Promise<QueryAnswer<Q>>;

/**
 * Marks the beginning and the end of what is measured: a command that changes nothing where nothing is broken, and that the trace
 * keeps with its time.
 */
export const MARK = { kind: 'heal' } as const;

/** The rate between each pair of marks, in operations a second. */
export async function ratesBetweenMarks(ask: Ask): Promise<number[]> {
  const { events } = await ask('events', {
    fromNs: 0,
    toNs: Number.MAX_SAFE_INTEGER,
    limit: 1_000,
    filter: { kinds: ['operator'] },
  });
  const marks = events
    .map(({ event }) => event)
    .filter((event) => event.kind === 'operator' && isMark(event.command))
    .map((event) => event.atNs);
  const rates: number[] = [];
  for (let pair = 0; pair + 1 < marks.length; pair += 2) {
    const [fromNs, toNs] = [marks[pair]!, marks[pair + 1]!];
    const { buckets } = await ask('operationBuckets', { fromNs, toNs, buckets: 1 });
    rates.push((buckets[0]?.acknowledged ?? 0) / ((toNs - fromNs) / 1e9));
  }
  return rates;
}

function isMark(command: object): boolean {
  return 'kind' in command && command.kind === MARK.kind;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
