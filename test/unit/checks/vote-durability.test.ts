import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

describe('Vote durability', () => {
  it('holds when a vote is persisted, sent, and found again after a restart', () => {
    const run = new History('n1', 'n2', 'n3')
      .vote('n2', 1, 'n1')
      .grant('n2', 1, 'n1')
      .restart('n2')
      .grant('n2', 1, 'n1');
    expect(run.judge().of('vote-durability')).toMatchObject({ verdict: 'holds', checked: 4 });
  });

  it('holds when a change of mind never left the memory of a node that crashed', () => {
    const run = new History('n1', 'n2', 'n3');
    run.record('n2', { kind: 'vote', term: 1, candidate: 'n1', reason: '' });
    run.restart('n2').vote('n2', 1, 'n3').grant('n2', 1, 'n3');
    expect(run.judge().verdict('vote-durability')).toBe('holds');
  });

  it('holds when a refusal names another candidate', () => {
    const run = new History('n1', 'n2', 'n3').vote('n2', 1, 'n1');
    const body = { granted: false };
    run.record('n2', { kind: 'send', to: 'n3', type: 'RequestVoteReply', term: 1, bytes: 1, body });
    expect(run.judge().verdict('vote-durability')).toBe('holds');
  });

  it('holds when pre-votes are given to several', () => {
    const run = new History('n1', 'n2', 'n3');
    for (const to of ['n1', 'n3'])
      run.record('n2', {
        kind: 'send',
        to,
        type: 'PreVoteReply',
        term: 1,
        bytes: 1,
        body: { granted: true },
      });
    expect(run.judge().verdict('vote-durability')).toBe('holds');
  });

  it('holds when a node votes anew on a disk of another name', () => {
    const run = new History('n1', 'n2', 'n3').vote('n2', 1, 'n1').wipe('n2').vote('n2', 1, 'n3');
    expect(run.judge().verdict('vote-durability')).toBe('holds');
  });

  it('is broken by a vote that was sent before it was persisted, and forgotten', () => {
    const run = new History('n1', 'n2', 'n3')
      .grant('n2', 1, 'n1')
      .restart('n2')
      .vote('n2', 1, 'n3')
      .grant('n2', 1, 'n3');
    const [finding] = run.judge().findings('vote-durability');
    expect(finding?.text).toBe(
      'n2 persisted a vote for n3 in term 1, in which it had voted for n1 (Raft §5.2).',
    );
    expect(finding?.events).toEqual(['n2/1/2', 'n2/2/3']);
  });

  it('is broken by a candidate that steps down within its term and votes for another', () => {
    const run = new History('n1', 'n2', 'n3').vote('n2', 1, 'n2').vote('n2', 1, 'n3');
    expect(run.judge().verdict('vote-durability')).toBe('violated');
  });

  it('is broken by a disk that was wiped, came back under its old name and voted', () => {
    const run = new History('n1', 'n2', 'n3').vote('n2', 1, 'n1').wipe('n2', 'n2-disk').grant('n2', 1, 'n3');
    expect(run.judge().broken).toContain('vote-durability');
  });
});
