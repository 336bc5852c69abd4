/** Counts and times over the whole run, for reports and for comparing runs. */
import type { Term } from '../../../consensus/replica.ts';
import { percentileMs } from '../../model/latency.ts';
import type { MessageFigures, OperationFigures, OperationRow, RunFigures } from '../../model/queries.ts';
import type { TraceConnection } from '../connection.ts';

export function figures(trace: TraceConnection): RunFigures {
  return { termMax: termMax(trace), messages: messages(trace), operations: operations(trace) };
}

function termMax(trace: TraceConnection): Term {
  const max = trace
    .statement("SELECT max(body ->> '$.to') FROM event INDEXED BY event_by_kind WHERE kind = 'term'")
    .pluck()
    .get() as Term | null;
  return max ?? 0;
}

/** By type, the most frequent first. A copy that nobody sent (the sender's record of it is missing) has no type. */
function messages(trace: TraceConnection): MessageFigures[] {
  return trace
    .statement(
      `SELECT type, count(*) AS sent, count(delivered_ns) AS delivered, coalesce(sum(bytes), 0) AS bytes
      FROM message WHERE sent_ns IS NOT NULL AND type IS NOT NULL GROUP BY type ORDER BY sent DESC, type`,
    )
    .all() as MessageFigures[];
}

const OUTCOMES = ['ok', 'fail', 'unknown', 'open'] as const satisfies readonly OperationRow['outcome'][];

function operations(trace: TraceConnection): OperationFigures[] {
  const counts = new Map(
    trace.statement('SELECT outcome, count(*) FROM operation GROUP BY outcome').raw().all() as [
      string,
      number,
    ][],
  );
  const tookNs = new Map<string, number[]>(OUTCOMES.map((outcome) => [outcome, []]));
  const completed = trace
    .statement(
      `SELECT outcome, completed_ns - invoked_ns FROM operation
      WHERE completed_ns IS NOT NULL AND invoked_ns IS NOT NULL`,
    )
    .raw();
  for (const row of completed.iterate()) {
    const [outcome, ns] = row as [string, number];
    tookNs.get(outcome)?.push(ns);
  }
  return OUTCOMES.map((outcome) => {
    const ascending = Float64Array.from(tookNs.get(outcome) ?? []).sort();
    return {
      outcome,
      count: counts.get(outcome) ?? 0,
      p50Ms: percentileMs(ascending, 0.5),
      p99Ms: percentileMs(ascending, 0.99),
    };
  });
}
