import { describe, expect, it } from 'vitest';
import { History, MS } from './history.ts';

/** n1 leads, an entry is committed, and then the phase begins, in which n1 and n2 are healthy. */
function stable(leaderMustStay = true): History {
  const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op');
  run.create('n1', 'c1/1 put x a').sync('n1').copy('n1', 'n2').sync('n2').commit('n1', 2);
  run.phase = { fromNs: run.nowNs + MS, healthy: ['n1', 'n2'], boundNs: 100 * MS, leaderMustStay };
  return run;
}

describe('Liveness', () => {
  it('holds when something new is committed within the bound and the leader stays', () => {
    const run = stable().wait(50).elect('n2', 2, 'n1').write('n2', ['n1'], 'no-op').wait(400);
    expect(run.judge().of('liveness')).toMatchObject({ verdict: 'holds', checked: 1 });
  });

  it('holds when the leader is none of the healthy, but they commit', () => {
    const run = stable()
      .copy('n1', 'n3')
      .elect('n3', 2, 'n1')
      .write('n3', ['n1'], 'no-op')
      .commit('n1', 3)
      .wait(400);
    expect(run.judge().verdict('liveness')).toBe('holds');
  });

  it('holds when leaders change within the bound', () => {
    const run = stable().write('n1', ['n2'], 'c1/2 put x b').elect('n2', 2, 'n1').wait(400);
    expect(run.judge().verdict('liveness')).toBe('holds');
  });

  it('holds when leaders change later where nothing forbids it', () => {
    const run = stable(false).write('n1', ['n2'], 'c1/2 put x b').wait(200).elect('n2', 2, 'n1');
    expect(run.judge().verdict('liveness')).toBe('holds');
  });

  it('is broken by nothing but the commit of what was committed before', () => {
    const run = stable().commit('n2', 2).wait(400);
    const finding = run.judge().finding('liveness');
    expect(finding.text).toBe(
      'the healthy majority n1 n2 committed nothing, but must have within 100 ms of the stable phase (Raft §5.6).',
    );
  });

  it('is broken by a commit that comes after the bound', () => {
    const run = stable().wait(150).write('n1', ['n2'], 'c1/2 put x b');
    expect(run.judge().finding('liveness').text).toMatch(
      /committed something only 15\d ms into it, but must have/,
    );
  });

  it('is broken by a commit of nobody who is healthy', () => {
    const run = stable().elect('n3', 2).create('n3', 'no-op').sync('n3').commit('n3', 1).wait(400);
    expect(run.judge().verdict('liveness')).toBe('violated');
  });

  it('is broken by a leader that rises after the bound', () => {
    const run = stable().write('n1', ['n2'], 'c1/2 put x b').wait(200).elect('n2', 2, 'n1');
    expect(run.judge().finding('liveness').text).toMatch(
      /^n2 became leader of term 2 2\d\d ms into the stable phase, in which the leader had to stay after 100 ms/,
    );
  });

  it('is unknown when the run ends within the bound', () => {
    expect(stable().wait(20).judge().verdict('liveness')).toBe('unknown');
  });

  it('is out of play while no stable phase is named', () => {
    expect(new History('n1').judge().rules).not.toContain('liveness');
  });
});
