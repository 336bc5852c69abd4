import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

/** n1 commits an entry that n2, n3 and n4 later replace. */
function twoEntriesAtOneIndex(): History {
  const run = new History('n1', 'n2', 'n3')
    .elect('n1', 1, 'n2')
    .create('n1', 'c1/1 put x a', 'c1/2 put x b')
    .sync('n1');
  run.commit('n1', 1);
  return run.elect('n2', 2, 'n3').write('n2', ['n3'], 'c1/3 put x c', 'c1/4 put x d');
}

describe('State machine safety', () => {
  it('holds when nodes apply the same entries in ranges of their own, across restarts and compactions', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2');
    run.write('n1', ['n2', 'n3'], 'no-op', 'c1/1 put x a', 'c1/2 put x b');
    run.decide(1, 'n2').decide(3, 'n2').decide(3, 'n3').compact('n3', 3).sync('n3');
    run.forgetApplied('n2').restart('n2').decide(2, 'n2').decide(3, 'n2').restart('n3');
    const judged = run.judge();
    expect(judged.broken).toEqual([]);
    expect(judged.of('state-machine-safety').checked).toBeGreaterThan(10);
  });

  it('is broken by two hashes at one applied index', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op');
    run.record('n2', { kind: 'apply', from: 1, to: 1, hash: 7 });
    const finding = run.judge().finding('state-machine-safety');
    expect(finding.text).toMatch(
      /^n2 has the chain hash 7 at the decided entry 1, n1 has \d+ there \(Raft §5\.4\.3\)\.$/,
    );
    expect(finding.events).toHaveLength(2);
  });

  it('is broken by terms that differ where no two nodes said a hash of the same index', () => {
    expect(twoEntriesAtOneIndex().judge().finding('state-machine-safety').text).toBe(
      'n2 committed entry 1 of term 2, n1 the one of term 1 (Raft §5.4.3).',
    );
  });

  it('is broken by a snapshot of another state', () => {
    const run = new History('n1', 'n2').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op').decide(1, 'n2');
    run.record('n2', { kind: 'snapshot', stage: 'saved', index: 1, term: 1, hash: 7 });
    expect(run.judge().broken).toContain('state-machine-safety');
  });
});
