import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

describe('Monotonic', () => {
  it('holds when commit and applied index begin anew with an incarnation', () => {
    const run = new History('n1', 'n2').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op', 'c1/1 put x a');
    run.forgetApplied('n1').restart('n1').decide(1, 'n1').decide(2, 'n1');
    const judged = run.judge();
    expect(judged.broken).toEqual([]);
    expect(judged.of('monotonic').checked).toBeGreaterThan(8);
  });

  it('holds when a term that never reached the disk is forgotten', () => {
    const run = new History('n1', 'n2').vote('n1', 1, 'n1');
    run.record('n1', { kind: 'term', from: 1, to: 2, reason: '' });
    expect(run.restart('n1').judge().verdict('monotonic')).toBe('holds');
  });

  it('holds when a node comes back on another disk', () => {
    const run = new History('n1', 'n2').vote('n1', 5, 'n1').wipe('n1').vote('n1', 1, 'n2');
    expect(run.judge().verdict('monotonic')).toBe('holds');
  });

  it('is broken by a disk that comes back empty under its old name', () => {
    const run = new History('n1', 'n2').vote('n1', 5, 'n1').wipe('n1', 'n1-disk');
    const finding = run.judge().finding('monotonic');
    expect(finding.text).toBe('the persisted term of n1 fell from 5 to 0 (Raft Figure 2).');
    expect(finding.events).toEqual(['n1/1/3', 'n1/2/1']);
  });

  it('is broken by a commit index that falls within an incarnation', () => {
    const run = new History('n1', 'n2').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op', 'c1/1 put x a');
    expect(run.commit('n1', 1).judge().finding('monotonic').text).toBe(
      'the commit index of n1 fell from 2 to 1 within incarnation 1 (Raft Figure 2).',
    );
  });

  it('is broken by an entry that is applied again within an incarnation', () => {
    const run = new History('n1', 'n2').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op', 'c1/1 put x a');
    expect(run.forgetApplied('n1').apply('n1', 2).judge().finding('monotonic').text).toBe(
      'the applied index of n1 fell from 2 to 0 within incarnation 1 (Raft Figure 2).',
    );
  });
});
