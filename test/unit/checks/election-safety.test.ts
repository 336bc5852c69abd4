import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

describe('Election safety', () => {
  it('holds while every term has one leader, whoever is told of it', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').elect('n2', 2, 'n3').elect('n1', 3, 'n3');
    run.record('n3', { kind: 'leader', term: 3, leader: 'n1' });
    run.record('n2', { kind: 'leader', term: 3, leader: null });
    expect(run.judge().of('election-safety')).toMatchObject({ verdict: 'holds', checked: 4 });
  });

  it('holds when a candidate wins a term after the next one had a leader', () => {
    const run = new History('n1', 'n2', 'n3', 'n4', 'n5').elect('n1', 2, 'n2', 'n3').lead('n4', 1);
    expect(run.judge().verdict('election-safety')).toBe('holds');
  });

  it('is broken by two leaders of one term, however far apart', () => {
    const run = new History('n1', 'n2', 'n3')
      .lead('n1', 4)
      .lead('n2', 5)
      .wait(60_000)
      .restart('n3')
      .lead('n3', 4);
    const finding = run.judge().finding('election-safety');
    expect(finding.text).toBe('n3 became leader of term 4, which n1 led (Raft §5.2).');
    expect(finding.events).toEqual(['n1/1/2', 'n3/2/2']);
    expect(finding.atNs).toBe(run.nowNs);
  });

  it('is broken by followers that take different nodes for the leader of one term, told once', () => {
    const run = new History('n1', 'n2', 'n3', 'n4');
    run.record('n1', { kind: 'leader', term: 2, leader: 'n3' });
    run.record('n2', { kind: 'leader', term: 2, leader: 'n4' });
    run.lead('n4', 2);
    expect(run.judge().finding('election-safety').text).toBe(
      'n4 is taken by n2 for the leader of term 2, which n3 led (Raft §5.2).',
    );
  });
});
