import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

describe('Log matching', () => {
  it('holds when logs differ in term where they differ', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2'], 'no-op', 'c1/1 put x a');
    run.create('n1', 'c1/2 put x b').elect('n2', 2, 'n3').write('n2', ['n3'], 'no-op', 'c1/3 put x c');
    run.stepDown('n1').copy('n2', 'n1').decide(4, 'n1', 'n3').compact('n3', 4);
    const judged = run.judge();
    expect(judged.broken).toEqual([]);
    expect(judged.of('log-matching').checked).toBeGreaterThan(10);
  });

  it('is broken by two entries of one index and term, even when one of them is long gone', () => {
    const run = new History('n1', 'n2', 'n3')
      .lead('n1', 1)
      .create('n1', 'c1/1 put x a')
      .stepDown('n1')
      .truncate('n1', 1);
    const finding = run.lead('n2', 1).create('n2', 'c1/2 put x b').judge().finding('log-matching');
    expect(finding.text).toMatch(
      /^at entry 1 of term 1 the log of n2 has the chain hash \d+, that of n1 \d+ \(Raft §5\.3\)\.$/,
    );
    expect(finding.events).toEqual(['n1/1/3', 'n2/1/3']);
  });

  it('is broken by a snapshot of another prefix', () => {
    const run = new History('n1', 'n2').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op');
    run.record('n2', { kind: 'snapshot', stage: 'installed', index: 1, term: 1, hash: 7 });
    expect(run.judge().broken).toContain('log-matching');
  });

  it('is broken by what a node applied of a log that seemed the same', () => {
    const run = new History('n1', 'n2').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op').commit('n2', 1);
    run.record('n2', { kind: 'apply', from: 1, to: 1, hash: 7 });
    expect(run.judge().broken).toEqual(['log-matching', 'state-machine-safety']);
  });
});
