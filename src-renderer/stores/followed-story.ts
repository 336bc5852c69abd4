/** What is followed, as drawing and inspector want it: the answers of three queries in one form. Pure. */
import type {
  EntryStory,
  EventDetail,
  EventId,
  MessageId,
  MessageRow,
  MissingStep,
  Nanoseconds,
  OperationStory,
  QueryAnswer,
  SourceId,
  StoryMoment,
  StoryStage,
} from '../../src-main/api/index.ts';
import { count } from '../wording/figures.ts';
import type { FollowTarget } from './follow-target.ts';

export type MomentTone = 'begun' | 'plain' | 'ok' | 'fault';

export interface FollowedMoment {
  /** A node, or `load` for the clients. */
  readonly node: SourceId;
  readonly atNs: Nanoseconds;
  /** One or two words: `durable`. */
  readonly label: string;
  readonly tone: MomentTone;
  /** A whole sentence. */
  readonly text: string;
  readonly event: EventId;
  readonly message: MessageId | null;
}

export interface Followed {
  readonly kind: FollowTarget['kind'];
  readonly target: FollowTarget;
  readonly title: string;
  /** The copies that belong to it, in order of sending. */
  readonly rows: readonly MessageRow[];
  /** Their ids. */
  readonly messages: ReadonlySet<MessageId>;
  /** In order of time. */
  readonly moments: readonly FollowedMoment[];
  readonly missing: readonly MissingStep[];
  /** What it says beside its title: the command, the outcome. */
  readonly note: string | null;
}

const LABELS: Record<StoryStage, string> = {
  created: 'created',
  appended: 'appended',
  found: 'on its disk',
  durable: 'durable',
  acknowledged: 'acknowledged',
  committed: 'committed',
  applied: 'applied',
  restored: 'in a snapshot',
  truncated: 'removed',
  compacted: 'compacted',
  lost: 'lost',
  invoked: 'called',
  requested: 'asked',
  read: 'read',
  answered: 'answered',
  completed: 'completed',
};

const TONES: Partial<Record<StoryStage, MomentTone>> = {
  created: 'begun',
  invoked: 'begun',
  committed: 'ok',
  applied: 'ok',
  completed: 'ok',
  restored: 'ok',
  truncated: 'fault',
  lost: 'fault',
};

export function followedEntry(target: FollowTarget, story: EntryStory): Followed {
  const { index, term, command, moments, missing } = story;
  return {
    kind: 'entry',
    // With its term, so that a link leads to this one although another came to stand there.
    target: target.kind === 'entry' ? { ...target, term } : target,
    title: `Entry ${count(index)} of term ${term}`,
    ...copiesOf([story]),
    moments: moments.map(momentOf),
    missing,
    note: command,
  };
}

export function followedOperation(target: FollowTarget, story: OperationStory): Followed {
  const { operation, entries, missing } = story;
  const moments = [...story.moments, ...entries.flatMap((entry) => entry.moments)].sort(inOrder);
  return {
    kind: 'operation',
    target,
    title: `Operation ${operation.id}`,
    ...copiesOf(entries),
    moments: moments.map(momentOf),
    missing,
    note: `${operationWords(operation)}: ${operation.outcome}`,
  };
}

/** `put lamp on`, `cas lamp off on`, `get lamp`. */
export function operationWords({
  call,
  key,
  value,
  expected,
}: Pick<OperationStory['operation'], 'call' | 'key' | 'value'> & { expected?: string | null }): string {
  return [call, key, expected ?? null, value].filter((word) => word !== null).join(' ');
}

/** Of one moment on one node, as they were recorded. */
function inOrder(a: StoryMoment, b: StoryMoment): number {
  if (a.atNs !== b.atNs || a.where !== b.where) return a.atNs - b.atNs;
  return seqOf(a.event) - seqOf(b.event);
}

function seqOf(event: EventId): number {
  return Number(event.slice(event.lastIndexOf('/') + 1));
}

function copiesOf(stories: readonly EntryStory[]): Pick<Followed, 'rows' | 'messages'> {
  const rows = new Map<MessageId, MessageRow>();
  for (const { messages, replies } of stories)
    for (const row of [...messages, ...replies]) rows.set(row.id, row);
  const copies = [...rows.values()].sort((a, b) => a.sentNs - b.sentNs);
  return { rows: copies, messages: new Set(rows.keys()) };
}

function momentOf({ where, stage, atNs, event, message, outcome, text }: StoryMoment): FollowedMoment {
  const good = outcome === null || outcome === 'ok';
  return {
    node: where,
    atNs,
    label: good ? LABELS[stage] : `${LABELS[stage]}: ${outcome}`,
    tone: good ? (TONES[stage] ?? 'plain') : 'fault',
    text,
    event,
    message,
  };
}

/** What led to an event and what came of it. That a message arrived is left out: its arrow shows it, and it leads nowhere. */
export function followedChain(target: FollowTarget, id: EventId, chain: QueryAnswer<'chain'>): Followed {
  const details = new Map([...chain.causes, ...chain.effects].map((detail) => [detail.id, detail]));
  const followed = details.get(id);
  return {
    kind: 'message',
    target,
    title: followed === undefined ? 'Cause and effects' : followed.text,
    rows: chain.messages,
    messages: new Set(chain.messages.map((row) => row.id)),
    moments: [...details.values()]
      .filter(({ event }) => event.kind !== 'arrive')
      .sort((a, b) => a.event.atNs - b.event.atNs)
      .map(chainMoment),
    missing: [],
    note: null,
  };
}

function messageIn({ id, event }: EventDetail): MessageId | null {
  if (event.kind === 'send') return id;
  return event.kind === 'arrive' || event.kind === 'deliver' || event.kind === 'drop' ? event.message : null;
}

function chainMoment(detail: EventDetail): FollowedMoment {
  const { event, id, text } = detail;
  return {
    node: event.source,
    atNs: event.atNs,
    label: chainLabel(detail),
    tone: toneOf(detail),
    text,
    event: id,
    message: messageIn(detail),
  };
}

function chainLabel({ event }: EventDetail): string {
  switch (event.kind) {
    case 'send':
      return `sends ${event.type} to ${event.to}`;
    case 'deliver':
      return `takes in ${event.type}`;
    case 'drop':
      return 'drops it';
    case 'role':
      return event.to;
    case 'term':
      return `term ${event.to}`;
    case 'vote':
      return `votes for ${event.candidate}`;
    default:
      return event.kind.replaceAll('-', ' ');
  }
}

function toneOf({ event }: EventDetail): MomentTone {
  if (event.kind === 'drop' || event.kind === 'refuse' || event.kind === 'truncate') return 'fault';
  if (event.kind === 'timer-fired' || event.kind === 'invoke' || event.kind === 'operator') return 'begun';
  return event.kind === 'commit' || event.kind === 'apply' ? 'ok' : 'plain';
}
