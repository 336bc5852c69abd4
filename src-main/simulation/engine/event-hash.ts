/** The content of one event, into a hash. What comes with every message is spelled out; the rest goes field by field. */
import type { AppendEntriesReplyBody } from '../../consensus/raft/messages.ts';
import type { RecordedEntries } from '../../node/host/recorded-body.ts';
import type { EventHead, EventPayload } from '../../trace/model/events.ts';
import type { ContentHash } from './content-hash.ts';

interface RecordedAppendEntries {
  readonly prevLogIndex: number;
  readonly prevLogTerm: number;
  readonly entries: RecordedEntries;
  readonly leaderCommit: number;
  readonly round: number;
}

export function hashEvent(
  hash: ContentHash,
  { source, incarnation, seq, atNs, step, cause }: EventHead,
  payload: EventPayload,
): void {
  hash.text(source);
  hash.word(incarnation);
  hash.word(seq);
  hash.number(atNs);
  hash.word(step);
  if (cause !== undefined) hash.text(cause);
  hash.text(payload.kind);
  hashPayload(hash, payload);
}

function hashPayload(hash: ContentHash, event: EventPayload): void {
  switch (event.kind) {
    case 'send':
      hash.text(event.to);
      hash.text(event.type);
      hash.number(event.term);
      hash.word(event.bytes);
      hashBody(hash, event.type, event.body);
      return;
    case 'arrive':
    case 'deliver':
      hash.text(event.message);
      return;
    case 'persist-begun':
      for (const id of event.ids) hash.word(id);
      hash.word(event.rows);
      return;
    case 'persist-completed':
      for (const id of event.ids) hash.word(id);
      hash.number(event.tookNs);
      hash.number(event.lastIndex);
      hash.number(event.term);
      hash.text(event.votedFor ?? '');
      return;
    case 'commit':
      hash.number(event.from);
      hash.number(event.to);
      hash.number(event.hash);
      return;
    case 'apply':
      hash.number(event.from);
      hash.number(event.to);
      hash.number(event.hash);
      for (const index of event.skipped ?? []) hash.number(index);
      return;
    case 'progress':
      hash.text(event.peer);
      hash.number(event.match);
      hash.number(event.next);
      hash.text(event.state);
      hash.word(event.inFlight);
      return;
    case 'timer-armed':
      hash.text(event.timer);
      hash.number(event.deadlineNs);
      hash.number(event.timeoutMs);
      return;
    case 'timer-fired':
      hash.text(event.timer);
      hash.number(event.lateNs);
      return;
    default:
      hashFields(hash, event);
  }
}

function hashBody(hash: ContentHash, type: string, body: object): void {
  switch (type) {
    case 'AppendEntries': {
      const { prevLogIndex, prevLogTerm, entries, leaderCommit, round } = body as RecordedAppendEntries;
      hash.number(prevLogIndex);
      hash.number(prevLogTerm);
      hash.number(leaderCommit);
      hash.number(round);
      for (const { first, last, term } of entries.terms) {
        hash.number(first);
        hash.number(last);
        hash.number(term);
      }
      return;
    }
    case 'AppendEntriesReply': {
      const reply = body as AppendEntriesReplyBody;
      hash.word(reply.success ? 1 : 0);
      hash.number(reply.prevLogIndex);
      hash.number(reply.matchIndex);
      hash.number(reply.round);
      hash.number(reply.conflictIndex ?? -1);
      hash.number(reply.conflictTerm ?? -1);
      hash.text(reply.reason ?? '');
      hash.text(reply.disk ?? '');
      return;
    }
    default:
      hash.value(body);
  }
}

function hashFields(hash: ContentHash, payload: EventPayload): void {
  const fields = payload as unknown as Readonly<Record<string, unknown>>;
  for (const field in fields) {
    const value = fields[field];
    if (field === 'kind' || value === undefined) continue;
    hash.text(field);
    hash.value(value);
  }
}
