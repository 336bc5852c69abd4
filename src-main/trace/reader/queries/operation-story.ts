/** One client operation from call to reply. */
import type { OperationId } from '../../../consensus/replica.ts';
import type { EventKind, Nanoseconds, TraceEvent } from '../../model/events.ts';
import type { QueryParams } from '../../model/queries.ts';
import type {
  EntryStory,
  MissingStep,
  OperationStory,
  StoryMoment,
  StoryStage,
} from '../../model/stories.ts';
import type { TraceConnection } from '../connection.ts';
import { EVENT_COLUMNS, IN_ORDER, eventOf } from '../rows.ts';
import type { EventRow } from '../rows.ts';
import { entryStory, momentOf } from './entry-story.ts';

/** A client gives up before this. An operation without an end is looked for so far. */
const LASTS_NS_MAX = 120_000_000_000;
const MOMENTS_MAX = 500;
const ENTRIES_MAX = 4;

const STAGES: Partial<Record<EventKind, StoryStage>> = {
  invoke: 'invoked',
  request: 'requested',
  reads: 'read',
  answer: 'answered',
  complete: 'completed',
};

/** Null where the trace knows no such operation. */
export function operationStory(
  trace: TraceConnection,
  { id }: QueryParams<'operationStory'>,
): OperationStory | null {
  const operation = trace
    .statement(
      `SELECT id, client, call, op_key AS key, value, invoked_ns AS invokedNs, completed_ns AS completedNs, outcome,
        log_index AS "index", node, result, error, expected, attempts
      FROM operation WHERE id = ? AND invoked_ns IS NOT NULL`,
    )
    .get(id) as OperationStory['operation'] | undefined;
  if (operation === undefined) return null;
  const { invokedNs, completedNs } = operation;
  // A node may have begun on it, and tell so, after its client gave up.
  const toNs = (completedNs ?? invokedNs) + (operation.outcome === 'ok' ? 0 : LASTS_NS_MAX);
  const events = eventsAbout(trace, id, invokedNs, toNs);
  const moments: StoryMoment[] = [];
  for (const event of events) {
    const stage = STAGES[event.kind];
    if (stage !== undefined) moments.push(momentOf(stage, event, null));
  }
  const entries = entriesOf(trace, id, events);
  return { operation, moments, entries, missing: missingOf(operation, moments, entries) };
}

/** Everything that names the operation, in order. */
function eventsAbout(
  trace: TraceConnection,
  id: OperationId,
  fromNs: Nanoseconds,
  toNs: Nanoseconds,
): TraceEvent[] {
  const named = JSON.stringify(id);
  const rows = trace
    .statement(
      `SELECT ${EVENT_COLUMNS} FROM event INDEXED BY event_by_kind
      WHERE kind IN ('invoke', 'request', 'reads', 'answer', 'complete', 'append') AND at_ns >= ? AND at_ns <= ?
        AND instr(body, ?) > 0 ${IN_ORDER} LIMIT ${MOMENTS_MAX}`,
    )
    .all(fromNs, toNs, named) as EventRow[];
  // The words may stand elsewhere in the body, as a key or a value.
  return rows.map(eventOf).filter((event) => {
    if (event.kind === 'append') return event.entries?.some((entry) => entry.id === id) ?? false;
    if (event.kind === 'reads') return event.ids.includes(id);
    return 'operation' in event && event.operation === id;
  });
}

/** Retries may be appended anew by another leader; the sessions see to it that only one changes anything. */
function entriesOf(trace: TraceConnection, id: OperationId, events: readonly TraceEvent[]): EntryStory[] {
  const stories: EntryStory[] = [];
  for (const event of events) {
    if (event.kind !== 'append' || event.entries === undefined || stories.length === ENTRIES_MAX) continue;
    const at = event.entries.findIndex((entry) => entry.id === id);
    const story = entryStory(trace, { index: event.first + at, term: event.term });
    if (story !== null) stories.push(story);
  }
  return stories;
}

function missingOf(
  { outcome, attempts, error }: OperationStory['operation'],
  moments: readonly StoryMoment[],
  entries: readonly EntryStory[],
): MissingStep[] {
  const missing: MissingStep[] = [];
  const lack = (text: string): number => missing.push({ node: null, text });
  const requests = moments.filter(({ stage }) => stage === 'requested').length;
  const answers = moments.filter(({ stage }) => stage === 'answered').length;
  if (attempts !== null && attempts > requests)
    lack(`${attempts - requests} of ${attempts} attempts never reached a node`);
  else if (requests === 0) lack('no node was asked');
  if (requests > answers) lack(`${requests - answers} of ${requests} requests were never answered`);
  if (outcome === 'open') lack('the client was still waiting when the recording ended');
  if (outcome === 'unknown')
    lack(`its client gave up without an answer${error === null ? '' : `: ${error}`}`);
  return [...missing, ...entries.flatMap((entry) => entry.missing)];
}
