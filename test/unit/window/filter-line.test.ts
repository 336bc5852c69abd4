import { describe, expect, it } from 'vitest';
import { completionsAt, parseFilter } from '../../../src-renderer/stores/filter-line.ts';

const RAFT = { nodes: ['n1', 'n2', 'n3'], protocol: 'raft' };

describe('a filter line', () => {
  it('is read into its parts, and what names no part is the text', () => {
    expect(parseFilter('node:n3 type:RequestVote term:5 fate:lost some text', RAFT)).toEqual({
      filter: { nodes: ['n3'], types: ['RequestVote'], terms: [5], fates: ['lost'], text: 'some text' },
      error: null,
    });
    expect(parseFilter('   ', RAFT).filter).toEqual({});
  });

  it('takes several values of a part, and ranges of terms', () => {
    expect(parseFilter('node:n1,n2 term:2-4,9 fate:lost fate:dropped', RAFT).filter).toEqual({
      nodes: ['n1', 'n2'],
      terms: [2, 3, 4, 9],
      fates: ['lost', 'dropped'],
    });
  });

  it('cares for no case, and knows kinds of events as types', () => {
    expect(parseFilter('NODE:N1 type:requestvote,Commit', RAFT).filter).toEqual({
      nodes: ['n1'],
      types: ['RequestVote', 'commit'],
    });
  });

  it('takes quoted words as they stand', () => {
    expect(parseFilter('"term:5 of" n2', RAFT).filter).toEqual({ text: 'term:5 of n2' });
  });

  it.each([
    ['colour:red', '“colour:” is nothing to filter by; there are node:, type:, term:, fate: and plain text.'],
    ['node:n9', 'There is no node n9 in this run; it has n1, n2, n3.'],
    ['node:', '“node:” wants a value: node:n3, or several: node:n1,n3.'],
    ['term:five', '“five” is no term; write term:5, term:2,5 or term:2-5.'],
    ['term:9-2', '“9-2” is no term; write term:5, term:2,5 or term:2-5.'],
    ['fate:eaten', 'No message ends as “eaten”; they end as delivered, arrived, dropped, lost, under-way.'],
    ['"open', 'A quotation mark is not closed.'],
  ])('%s is refused with the reason', (line, error) => {
    expect(parseFilter(line, RAFT)).toEqual({ filter: null, error });
  });

  it('says which type may have been meant', () => {
    expect(parseFilter('type:vote', RAFT).filter).toEqual({ types: ['vote'] });
    expect(parseFilter('type:votes', RAFT).error).toContain('Try type:RequestVote or type:commit.');
    expect(parseFilter('type:Snapsho', RAFT).error).toContain('Did you mean InstallSnapshot,');
  });

  it('takes any type in the trace of another protocol', () => {
    expect(parseFilter('type:MsgApp', { ...RAFT, protocol: 'etcd' }).filter).toEqual({ types: ['MsgApp'] });
  });
});

describe('completions of a filter line', () => {
  const texts = (line: string, caret = line.length): string[] =>
    completionsAt(line, caret, RAFT).map(({ text }) => text);

  it('offer the parts, then their values', () => {
    expect(texts('')).toEqual(['node:', 'type:', 'term:', 'fate:']);
    expect(texts('t')).toEqual(['type:', 'term:']);
    expect(texts('node:')).toEqual(['node:n1', 'node:n2', 'node:n3']);
    expect(texts('fate:l')).toEqual(['fate:lost', 'fate:delivered']);
    expect(texts('type:RequestV')).toEqual(['type:RequestVote', 'type:RequestVoteReply']);
  });

  it('go on behind a comma without what stands there already', () => {
    expect(texts('node:n1,')).toEqual(['node:n1,n2', 'node:n1,n3']);
  });

  it('put themselves where the caret is and leave the rest of the line', () => {
    const [completion] = completionsAt('term:5 no some text', 'term:5 no'.length, RAFT);
    expect(completion).toMatchObject({ text: 'node:', line: 'term:5 node: some text', caret: 12 });
    const [value] = completionsAt('node:n', 6, RAFT);
    expect(value).toMatchObject({ line: 'node:n1 ', caret: 8 });
  });

  it('offer nothing for plain words', () => {
    expect(texts('hello')).toEqual([]);
    expect(texts('colour:')).toEqual([]);
  });
});
