/** One log entry through append, replicate, commit and apply on every node. */
import { describeCommand } from '../../../consensus/kv/command.ts';
import type { LogIndex, NodeId, OperationId, Term } from '../../../consensus/replica.ts';
import type { EventKind, MessageId, Nanoseconds, TraceEvent } from '../../model/events.ts';
import { describeConfigurationEntry } from '../../model/members.ts';
import type { QueryParams } from '../../model/queries.ts';
import type { EntryStory, StoryMoment, StoryStage } from '../../model/stories.ts';
import type { TraceConnection } from '../connection.ts';
import { EVENT_COLUMNS, eventOf } from '../rows.ts';
import type { EventRow } from '../rows.ts';
import { carriersOf } from './entry-carriers.ts';
import { missingSteps } from './entry-missing.ts';
import { detailOf, findEvent } from './event-rows.ts';
import { messageById } from './messages.ts';
import { allNodes, endNs } from './state-at.ts';

/** The entry as one node held it for a while. */
export interface HeldEntry {
  readonly node: NodeId;
  readonly term: Term;
  readonly fromNs: Nanoseconds;
  readonly toNs: Nanoseconds | null;
}

interface StoredRange {
  node: NodeId;
  first: LogIndex;
  term: Term;
  from_ns: Nanoseconds;
  to_ns: Nanoseconds | null;
  commands: string | null;
}

/** Null where no node ever held an entry there. Without a term the one that was committed, else the newest. */
export function entryStory(
  trace: TraceConnection,
  { index, term: wanted }: QueryParams<'entryStory'>,
): EntryStory | null {
  const ranges = rangesAt(trace, index);
  const terms = [...new Set(ranges.map(({ term }) => term))].sort((a, b) => b - a);
  const term = wanted ?? terms.find((one) => wasCommitted(trace, index, one, ranges)) ?? terms[0];
  const held = ranges.filter((range) => range.term === term).map(heldOf);
  if (term === undefined || held.length === 0) return null;
  const moments = held.flatMap((one) => momentsOf(trace, index, one));
  for (const node of allNodes(trace)) {
    if (!held.some((one) => one.node === node)) moments.push(...restoredMoment(trace, node, index, held));
  }
  // Stable: what one node did at one moment stays in the order of its stages.
  moments.sort((a, b) => a.atNs - b.atNs);
  const messages = carriersOf(trace, index, term, moments);
  const created = ranges.find((range) => range.term === term && range.commands !== null);
  const command = (JSON.parse(created?.commands ?? '[]') as string[])[index - (created?.first ?? index)];
  return {
    index,
    term,
    otherTerms: terms.filter((other) => other !== term),
    command: command === undefined ? null : (describeConfigurationEntry(command) ?? describeCommand(command)),
    operation: operationOf(trace, index, moments),
    moments,
    messages,
    replies: moments
      .filter(({ stage }) => stage === 'acknowledged')
      .map(({ event }) => messageById(trace, event))
      .filter((row) => row !== null),
    missing: missingSteps(trace, index, moments, messages),
  };
}

function rangesAt(trace: TraceConnection, index: LogIndex): StoredRange[] {
  const statement = trace.statement(
    `SELECT node, first, term, from_ns, to_ns, commands FROM entry INDEXED BY entry_by_end
    WHERE node = ? AND last >= ? AND first <= ? ORDER BY from_ns`,
  );
  return allNodes(trace).flatMap((node) => statement.all(node, index, index) as StoredRange[]);
}

function heldOf({ node, term, from_ns: fromNs, to_ns: toNs }: StoredRange): HeldEntry {
  return { node, term, fromNs, toNs };
}

function wasCommitted(
  trace: TraceConnection,
  index: LogIndex,
  term: Term,
  ranges: readonly StoredRange[],
): boolean {
  return ranges
    .filter((range) => range.term === term)
    .some((range) => commitOf(trace, index, heldOf(range)) !== undefined);
}

/** The first commit that reaches so far; undefined where the node had come past the entry before it held it. */
function commitOf(trace: TraceConnection, index: LogIndex, held: HeldEntry): TraceEvent | undefined {
  const event = firstEvent(trace, held, 'commit', "body ->> '$.to' >= ?", [index]);
  return event?.kind === 'commit' && event.from < index ? event : undefined;
}

function applyOf(trace: TraceConnection, index: LogIndex, held: HeldEntry): TraceEvent | undefined {
  const event = firstEvent(trace, held, 'apply', "body ->> '$.to' >= ?", [index]);
  return event?.kind === 'apply' && event.from <= index ? event : undefined;
}

/** What the node went through with the entry from the moment it held it. */
function momentsOf(trace: TraceConnection, index: LogIndex, held: HeldEntry): StoryMoment[] {
  const moments: StoryMoment[] = [];
  const add = (stage: StoryStage, event: TraceEvent | undefined, message?: MessageId | null): void => {
    if (event !== undefined) moments.push(momentOf(stage, event, message ?? null));
  };
  const begun = beginning(trace, index, held);
  add(stageOf(begun), begun, begun && messageBehind(trace, begun));
  add('durable', begun?.kind === 'append' ? durableAt(trace, index, held) : undefined);
  // A leader tells nobody, and what was on a disk already has been told; neither is looked for through all that was sent.
  const tells = begun?.kind === 'append' && begun.entries === undefined;
  const acknowledged = tells ? acknowledgedAt(trace, index, held) : undefined;
  add('acknowledged', acknowledged, acknowledged && detailOf(acknowledged).id);
  add('committed', commitOf(trace, index, held));
  add('applied', applyOf(trace, index, held));
  if (held.toNs !== null) {
    const ended = endOf(trace, index, held.node, held.toNs);
    if (ended !== undefined) add(...ended);
  }
  return moments;
}

export function momentOf(stage: StoryStage, event: TraceEvent, message: MessageId | null): StoryMoment {
  const { id, text } = detailOf(event);
  const outcome = event.kind === 'answer' || event.kind === 'complete' ? event.outcome : null;
  return { where: event.source, stage, atNs: event.atNs, event: id, message, outcome, text };
}

/** How the node came to hold it: the append, or the start at which it was found on the disk. */
function beginning(trace: TraceConnection, index: LogIndex, held: HeldEntry): TraceEvent | undefined {
  const at = momentAt(held.node, held.fromNs);
  return (
    firstEvent(trace, at, 'append', "body ->> '$.first' <= ? AND body ->> '$.last' >= ?", [index, index]) ??
    firstEvent(trace, at, 'node-started', "body ->> '$.lastIndex' >= ?", [index])
  );
}

function stageOf(begun: TraceEvent | undefined): StoryStage {
  if (begun?.kind !== 'append') return 'found';
  return begun.entries === undefined ? 'appended' : 'created';
}

/** The message that a node was taking in when it did this. */
function messageBehind(trace: TraceConnection, event: TraceEvent): MessageId | null {
  const cause = event.cause === undefined ? undefined : findEvent(trace, event.cause)?.event;
  return cause?.kind === 'deliver' ? cause.message : null;
}

/** The first write that began after the node held the entry and ended with its disk holding the log so far. */
function durableAt(trace: TraceConnection, index: LogIndex, held: HeldEntry): TraceEvent | undefined {
  const where = "body ->> '$.lastIndex' >= ?";
  for (const event of eventsOf(trace, held, 'persist-completed', where, [index])) {
    const begun = event.cause === undefined ? undefined : findEvent(trace, event.cause)?.event;
    if (begun === undefined || begun.atNs >= held.fromNs) return event;
  }
  return undefined;
}

function acknowledgedAt(trace: TraceConnection, index: LogIndex, held: HeldEntry): TraceEvent | undefined {
  return firstEvent(
    trace,
    held,
    'send',
    `body ->> '$.type' = 'AppendEntriesReply' AND body ->> '$.body.success' = 1
      AND body ->> '$.body.matchIndex' >= ?`,
    [index],
  );
}

/** What ended a node's holding it. */
function endOf(
  trace: TraceConnection,
  index: LogIndex,
  node: NodeId,
  atNs: Nanoseconds,
): [StoryStage, TraceEvent] | undefined {
  const at = momentAt(node, atNs);
  const truncated = firstEvent(trace, at, 'truncate', "body ->> '$.first' <= ?", [index]);
  if (truncated !== undefined) return ['truncated', truncated];
  const compacted =
    firstEvent(trace, at, 'compact', "body ->> '$.to' >= ?", [index]) ??
    firstEvent(trace, at, 'snapshot', "body ->> '$.stage' = 'installed'", []);
  if (compacted !== undefined) return ['compacted', compacted];
  const started = firstEvent(trace, at, 'node-started', '1', []);
  return started === undefined
    ? undefined
    : [started.kind === 'node-started' && started.lastIndex >= index ? 'compacted' : 'lost', started];
}

/** A node that never held the entry may hold its effect: in the snapshot of a leader. */
function restoredMoment(
  trace: TraceConnection,
  node: NodeId,
  index: LogIndex,
  held: readonly HeldEntry[],
): StoryMoment[] {
  const fromNs = Math.min(...held.map((one) => one.fromNs));
  const where = "body ->> '$.stage' = 'installed' AND body ->> '$.index' >= ?";
  const event = firstEvent(trace, { node, fromNs, toNs: null }, 'snapshot', where, [index]);
  return event === undefined ? [] : [momentOf('restored', event, messageBehind(trace, event))];
}

/** The operation whose command it carries: its creator says so. */
function operationOf(
  trace: TraceConnection,
  index: LogIndex,
  moments: readonly StoryMoment[],
): OperationId | null {
  const created = moments.find(({ stage }) => stage === 'created');
  const event = created && findEvent(trace, created.event)?.event;
  return event?.kind === 'append' ? (event.entries?.[index - event.first]?.id ?? null) : null;
}

/** Half-open: what ends a node's holding the entry may come with what it does to the next one, in one turn. */
type Span = Pick<HeldEntry, 'node' | 'fromNs' | 'toNs'>;

function momentAt(node: NodeId, atNs: Nanoseconds): Span {
  return { node, fromNs: atNs, toNs: atNs + 1 };
}

function firstEvent(
  trace: TraceConnection,
  span: Span,
  kind: EventKind,
  where: string,
  values: readonly number[],
): TraceEvent | undefined {
  for (const event of eventsOf(trace, span, kind, where, values)) return event;
  return undefined;
}

/** Events of a kind that a node recorded within a span, in order; read as far as they are asked for. */
function* eventsOf(
  trace: TraceConnection,
  { node, fromNs, toNs }: Span,
  kind: EventKind,
  where: string,
  values: readonly number[],
): Generator<TraceEvent> {
  const rows = trace.database
    .prepare(
      `SELECT ${EVENT_COLUMNS} FROM event INDEXED BY event_by_kind
      WHERE kind = ? AND at_ns >= ? AND at_ns < ? AND source = ? AND ${where} ORDER BY at_ns, incarnation, seq`,
    )
    .iterate(kind, fromNs, toNs ?? lastOf(trace, node) + 1, node, ...values);
  for (const row of rows) yield eventOf(row as EventRow);
}

/** When a node last recorded anything: nothing of it is looked for behind that. */
function lastOf(trace: TraceConnection, node: NodeId): Nanoseconds {
  const last = trace
    .statement(
      'SELECT at_ns FROM event INDEXED BY event_by_id WHERE source = ? ORDER BY incarnation DESC, seq DESC LIMIT 1',
    )
    .pluck()
    .get(node) as Nanoseconds | undefined;
  return last ?? endNs(trace);
}
