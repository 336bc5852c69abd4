import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

describe('Leader completeness', () => {
  it('holds when the next leader has what was committed, synced or not', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2'], 'no-op', 'c1/1 put x a');
    run.copy('n1', 'n3').elect('n3', 2, 'n2');
    expect(run.judge().of('leader-completeness')).toMatchObject({ verdict: 'holds', checked: 1 });
  });

  it('holds when a candidate wins a term after a leader of the next one has committed', () => {
    const run = new History('n1', 'n2', 'n3', 'n4', 'n5').elect('n1', 3, 'n2', 'n3');
    run.write('n1', ['n2', 'n3'], 'no-op').lead('n4', 2);
    expect(run.judge().verdict('leader-completeness')).toBe('holds');
  });

  it('holds when the committed entry is in the part that a leader has compacted', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2', 'n3'], 'no-op', 'c1/1 put x a');
    run.decide(2, 'n2').compact('n2', 2).sync('n2').restart('n2').elect('n2', 2, 'n3');
    const judged = run.judge();
    expect(judged.broken).toEqual([]);
    expect(judged.of('leader-completeness').checked).toBe(1);
  });

  it('holds when a leader holds a committed entry by a snapshot it was sent', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2'], 'no-op', 'c1/1 put x a');
    run.install('n1', 'n3', 2).sync('n3').elect('n3', 2, 'n2').write('n3', ['n2'], 'no-op');
    expect(run.judge().broken).toEqual([]);
  });

  it('is not asked of what a follower commits, nor of uncommitted entries', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .create('n1', 'no-op')
      .sync('n1')
      .elect('n3', 2, 'n2');
    expect(run.judge().of('leader-completeness')).toMatchObject({ verdict: 'holds', checked: 0 });
  });

  it('is broken by a leader elected with a log that ends before what was committed', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2'], 'no-op', 'c1/1 put x a');
    const finding = run.elect('n3', 2).judge().finding('leader-completeness');
    expect(finding.text).toBe(
      'n3 was elected leader of term 2 with a log that ended at entry 0, but entry 2 of term 1 was committed by n1, the leader of term 1 (Raft §5.4).',
    );
    expect(finding.events).toHaveLength(2);
  });

  it('is broken by Figure 8: an entry of an old term committed by counting, then missing in the next leader', () => {
    const run = new History('n1', 'n2', 'n3', 'n4', 'n5')
      .elect('n1', 2, 'n2')
      .create('n1', 'c1/1 put x a')
      .sync('n1');
    run.copy('n1', 'n2').sync('n2').elect('n5', 3, 'n3', 'n4').create('n5', 'c1/2 put x b').sync('n5');
    run.elect('n1', 4, 'n2', 'n3').copy('n1', 'n3').sync('n3').commit('n1', 1);
    run.elect('n5', 5, 'n2', 'n3', 'n4');
    const [finding] = run.judge().findings('leader-completeness');
    expect(finding?.text).toContain(
      'n5 was elected leader of term 5 with one of term 3 there, but entry 1 of term 2',
    );
  });

  it('is broken by a commit of a leader that does not know it was replaced, of what its successor lacks', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').create('n1', 'no-op').sync('n1');
    const judged = run.elect('n3', 2, 'n2').commit('n1', 1).judge();
    expect(judged.finding('leader-completeness').events).toHaveLength(2);
  });

  it('is broken by a leader whose disk had lost the entry in its crash', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .create('n1', 'no-op')
      .sync('n1')
      .copy('n1', 'n2');
    run.commit('n1', 1).restart('n2').elect('n2', 2, 'n3');
    expect(run.judge().broken).toContain('leader-completeness');
  });

  it('is unknown of a leader whose log nobody recorded', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2'], 'no-op')
      .lose('n3')
      .lead('n3', 2);
    expect(run.judge().verdict('leader-completeness')).toBe('unknown');
  });
});
