/** The messages that carried a log entry. */
import type { LogIndex, Term } from '../../../consensus/replica.ts';
import type { Nanoseconds } from '../../model/events.ts';
import type { MessageRow } from '../../model/queries.ts';
import type { StoryMoment } from '../../model/stories.ts';
import { RANK_ENTRIES } from '../../recorder/message-facts.ts';
import { MESSAGE_SPANS_NS } from '../../schema.ts';
import type { TraceConnection } from '../connection.ts';
import { allNodes, endNs } from './state-at.ts';
import { messageBodyOf, messageById } from './messages.ts';

/** An entry that a node never got may be sent to it for the rest of the run: so many copies are looked at, and so many told. */
const LOOKED_AT_MAX = 20_000;
const CARRIERS_MAX = 300;

interface RecordedEntries {
  first?: unknown;
  last?: unknown;
  terms?: unknown;
}

/** In order of sending: from the entry's creation until every node held it, or the run was over. */
export function carriersOf(
  trace: TraceConnection,
  index: LogIndex,
  term: Term,
  moments: readonly StoryMoment[],
): MessageRow[] {
  const fromNs = moments[0]?.atNs ?? 0;
  const toNs = untilNs(trace, moments);
  const carriers: MessageRow[] = [];
  for (const id of candidates(trace, fromNs, toNs)) {
    const body = messageBodyOf(trace, id) as { entries?: RecordedEntries };
    if (!carries(body.entries, index, term)) continue;
    const row = messageById(trace, id);
    if (row !== null) carriers.push(row);
    if (carriers.length === CARRIERS_MAX) break;
  }
  return carriers;
}

function untilNs(trace: TraceConnection, moments: readonly StoryMoment[]): Nanoseconds {
  const got = new Map<string, Nanoseconds>();
  for (const { where, stage, atNs } of moments) {
    const holds = stage === 'created' || stage === 'appended' || stage === 'restored' || stage === 'found';
    if (holds && !got.has(where)) got.set(where, atNs);
  }
  const everybody = allNodes(trace).every((node) => got.has(node));
  return everybody ? Math.max(...got.values()) : endNs(trace);
}

/** Copies with entries sent within a span, both ends included. */
function* candidates(trace: TraceConnection, fromNs: Nanoseconds, toNs: Nanoseconds): Generator<string> {
  const spans = [...MESSAGE_SPANS_NS.keys(), MESSAGE_SPANS_NS.length].join(', ');
  yield* trace.database
    .prepare(
      `SELECT id FROM message INDEXED BY message_by_rank
      WHERE rank = ${RANK_ENTRIES} AND span IN (${spans}) AND sent_ns >= ? AND sent_ns <= ?
        AND type = 'AppendEntries' AND entries > 0 ORDER BY sent_ns LIMIT ${LOOKED_AT_MAX}`,
    )
    .pluck()
    .iterate(fromNs, toNs) as Iterable<string>;
}

function carries(entries: RecordedEntries | undefined, index: LogIndex, term: Term): boolean {
  if (entries === undefined || !Array.isArray(entries.terms)) return false;
  return (entries.terms as RecordedEntries[]).some(
    (run) =>
      typeof run.first === 'number' &&
      typeof run.last === 'number' &&
      run.first <= index &&
      run.last >= index &&
      (run as { term?: unknown }).term === term,
  );
}
