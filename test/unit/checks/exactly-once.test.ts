import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

/** An operation that came twice. */
function retried(): History {
  const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2');
  return run.create('n1', 'c1/1 put x a', 'c1/1 put x a').sync('n1').copy('n1', 'n2').sync('n2');
}

describe('Exactly once', () => {
  it('holds when every node skips the retry', () => {
    const run = retried().commit('n1', 2).apply('n1', 2, 2).commit('n2', 2).apply('n2', 1).apply('n2', 2, 2);
    expect(run.judge().of('exactly-once')).toMatchObject({ verdict: 'holds', checked: 3 });
  });

  it('holds when the first attempt was lost with its leader', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .create('n1', 'no-op', 'c1/1 put x a')
      .sync('n1');
    run.elect('n2', 2, 'n3').write('n2', ['n3'], 'no-op', 'c1/2 put y b', 'c1/1 put x a').decide(3, 'n3');
    expect(run.judge().broken).toEqual([]);
  });

  it('holds when a restarted node applies the same entry again', () => {
    const run = new History('n1', 'n2')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2'], 'c1/1 put x a')
      .forgetApplied('n1');
    expect(run.restart('n1').decide(1, 'n1').judge().verdict('exactly-once')).toBe('holds');
  });

  it('is broken by a retry that is applied', () => {
    const run = retried().decide(2, 'n1');
    const finding = run.judge().finding('exactly-once');
    expect(finding.text).toBe(
      'operation c1/1 was applied at entry 1 and again at entry 2 by n1 (Raft dissertation §6.3).',
    );
  });

  it('is broken by one node that applies what the others skipped', () => {
    const run = retried().commit('n1', 2).apply('n1', 2, 2).decide(2, 'n2');
    expect(run.judge().finding('exactly-once').text).toContain('again at entry 2 by n2');
  });

  it('is broken by a node that applied an entry before a crash and, unaware of it, comes to it again', () => {
    const run = new History('n1', 'n2')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2'], 'c1/1 put x a')
      .commit('n2', 1);
    expect(run.apply('n2', 1, 1).judge().finding('exactly-once').text).toBe(
      'n2 skipped operation c1/1 at entry 1 as a repetition, where n1 applied it for the first time (Raft dissertation §6.3).',
    );
  });

  it('is out of play without client sessions', () => {
    const judged = retried().decide(2, 'n1').judge(false);
    expect(judged.rules).not.toContain('exactly-once');
  });
});
