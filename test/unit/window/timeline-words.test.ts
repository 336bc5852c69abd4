import { describe, expect, it } from 'vitest';
import type { EventDetail, MessageDetail, TraceEvent } from '../../../src-main/api/index.ts';
import { eventFacts, messageOf } from '../../../src-renderer/components/inspector/event-words.ts';
import {
  bodyFacts,
  entriesOf,
  explainMessage,
} from '../../../src-renderer/components/inspector/message-words.ts';
import { message } from './timeline-rows.ts';

const head = { source: 'n2', incarnation: 1, seq: 7, atNs: 1_000, step: 3 } as const;

function detail(event: TraceEvent): EventDetail {
  return { id: `${event.source}/${event.incarnation}/${event.seq}`, event, text: '' };
}
function requestVote(given: Partial<MessageDetail> = {}): MessageDetail {
  return {
    ...message({ from: 'n3', to: 'n2', term: 5 }),
    body: { lastLogIndex: 1353, lastLogTerm: 3 },
    ...given,
  };
}

describe('a message in words', () => {
  it('gives the reason of a granted vote and the sections it rests on', () => {
    const vote = detail({
      ...head,
      kind: 'vote',
      term: 5,
      candidate: 'n3',
      reason: 'log 1353@3 not behind 1352@3',
    });
    const why = explainMessage(requestVote(), [vote]);
    expect(why.title).toBe('Why it was granted');
    expect(why.text).toContain("the candidate's log 1353@3 is not behind 1352@3");
    expect(why.sections).toEqual(['5.2', '5.4.1']);
  });

  it('gives the reason of a refusal, and ignores what other nodes did', () => {
    const elsewhere = detail({ ...head, source: 'n4', kind: 'vote', term: 5, candidate: 'n3', reason: 'x' });
    const refusal = detail({
      ...head,
      kind: 'refuse',
      what: 'RequestVote',
      peer: 'n3',
      reason: 'already voted for n5 in term 5',
    });
    const why = explainMessage(requestVote(), [elsewhere, refusal]);
    expect(why.title).toBe('Why it was refused');
    expect(why.text).toContain('already voted for n5 in term 5');
  });

  it('says of a lost message where it was lost', () => {
    const why = explainMessage(requestVote({ fate: 'lost', reason: 'n2 was killed' }), []);
    expect(why.title).toBe('Why it was lost');
    expect(why.text).toContain('n2 was killed');
  });

  it('shows positions as index and term', () => {
    expect(bodyFacts(requestVote())).toEqual([{ name: 'last log', value: '1353 @ term 3' }]);
    expect(bodyFacts(requestVote({ body: { lastLogIndex: 0, lastLogTerm: 0 } }))[0]?.value).toBe('empty');
  });

  it('lists the entries it carries by runs of one term, as the recording keeps them', () => {
    const terms = [
      { first: 5, last: 5, term: 1 },
      { first: 6, last: 7, term: 2 },
    ];
    const append: MessageDetail = {
      ...message({ type: 'AppendEntries', entries: 3 }),
      body: {
        prevLogIndex: 4,
        prevLogTerm: 1,
        leaderCommit: 4,
        entries: { count: 3, first: 5, last: 7, terms },
      },
    };
    expect(entriesOf(append)).toEqual(terms);
    expect(explainMessage(append, []).text).toContain('entries 5 to 7');
    expect(entriesOf(requestVote())).toEqual([]);
  });
});

describe('an event in words', () => {
  it('names its fields with their units', () => {
    const facts = eventFacts({
      ...head,
      kind: 'persist-completed',
      ids: [4],
      tookNs: 160_000,
      lastIndex: 9,
      term: 2,
      votedFor: null,
    });
    expect(facts).toContainEqual({ name: 'took', value: '0.160 ms' });
    expect(facts).toContainEqual({ name: 'last index', value: '9' });
    expect(facts).toContainEqual({ name: 'voted for', value: 'none' });
  });

  it('leads from sending and delivery to the message', () => {
    const send = detail({
      ...head,
      kind: 'send',
      to: 'n3',
      type: 'RequestVote',
      term: 5,
      bytes: 9,
      body: {},
    });
    expect(messageOf(send)).toBe('n2/1/7');
    const deliver = detail({
      ...head,
      kind: 'deliver',
      message: 'n3/1/4',
      from: 'n3',
      type: 'RequestVote',
      term: 5,
    });
    expect(messageOf(deliver)).toBe('n3/1/4');
    expect(messageOf(detail({ ...head, kind: 'apply', from: 1, to: 2, hash: 201 }))).toBeNull();
  });
});
