import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

describe('Leader append-only', () => {
  it('holds when a leader that stepped down removes what it had not committed', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .create('n1', 'no-op', 'c1/1 put x a')
      .sync('n1');
    run.elect('n2', 2, 'n3').create('n2', 'no-op').sync('n2').stepDown('n1').copy('n2', 'n1');
    expect(run.judge().of('leader-append-only')).toMatchObject({ verdict: 'holds', checked: 2 });
  });

  it('holds when a former leader comes up again, a follower, and removes entries', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .create('n1', 'no-op', 'c1/1 put x a')
      .sync('n1');
    run.restart('n1').truncate('n1', 2);
    expect(run.judge().verdict('leader-append-only')).toBe('holds');
  });

  it('holds for a leader that appends after its unsynced end was lost in a crash', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').create('n1', 'no-op', 'c1/1 put x a');
    run.restart('n1').elect('n1', 2, 'n2').create('n1', 'no-op');
    expect(run.judge().verdict('leader-append-only')).toBe('holds');
  });

  it('is broken by a leader that removes entries', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').create('n1', 'no-op', 'c1/1 put x a');
    const finding = run.truncate('n1', 2).judge().finding('leader-append-only');
    expect(finding.text).toBe('n1, the leader of term 1, removed entries 2 to 2 (Raft §5.3).');
    expect(finding.events).toHaveLength(2);
  });

  it('is broken by a leader that overwrites entries without a word', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .create('n1', 'no-op', 'c1/1 put x a', 'c1/2 put x b');
    run.drop('n1', 2).create('n1', 'c1/3 put x c');
    expect(run.judge().finding('leader-append-only').text).toBe(
      'n1, the leader of term 1, overwrote entries 2 to 3 (Raft §5.3).',
    );
  });

  it('is broken by a leader that lets a snapshot take the place of its log', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op').lead('n2', 2);
    expect(run.install('n1', 'n2', 1).judge().broken).toContain('leader-append-only');
  });

  it('says nothing of a node whose events are missing', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .create('n1', 'no-op', 'c1/1 put x a')
      .lose('n1', 3);
    const judged = run.truncate('n1', 2).judge();
    expect(judged.of('leader-append-only')).toMatchObject({
      verdict: 'unknown',
      reason: 'events 6 to 8 of n1 are missing',
    });
  });
});
