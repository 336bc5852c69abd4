import { describe, expect, it } from 'vitest';
import { EMPTY_CONFIGURATION, votersOnly } from '../../../src-main/consensus/raft/configuration.ts';
import { History } from './history.ts';

/** n1 leads n2 and n3, and has an entry on its own disk. */
function entryAtTheLeader(): History {
  return new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').create('n1', 'no-op').sync('n1');
}

describe('Committed is durable', () => {
  it('holds when a quorum has synced the entry, the leader or not', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').create('n1', 'no-op');
    run.copy('n1', 'n2').copy('n1', 'n3').sync('n2', 'n3').commit('n1', 1);
    expect(run.judge().of('committed-is-durable')).toMatchObject({ verdict: 'holds', checked: 1 });
  });

  it('holds when the follower that synced it was killed since', () => {
    const run = entryAtTheLeader().copy('n1', 'n2').sync('n2');
    run.record('lab', {
      kind: 'process-exited',
      node: 'n2',
      of: 1,
      reason: 'killed',
      code: null,
      signal: 'SIGKILL',
    });
    expect(run.commit('n1', 1).judge().verdict('committed-is-durable')).toBe('holds');
  });

  it('holds when the disk of the follower that synced it was wiped since', () => {
    const run = entryAtTheLeader().copy('n1', 'n2').sync('n2').wipe('n2').commit('n1', 1);
    expect(run.judge().verdict('committed-is-durable')).toBe('holds');
  });

  it('holds when sync and commit share a moment, in whatever order they are listed', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .create('n1', 'no-op')
      .sync('n1')
      .copy('n1', 'n3');
    run.atOnce(() => run.commit('n1', 1).sync('n3'));
    expect(run.judge().verdict('committed-is-durable')).toBe('holds');
  });

  it('holds when a follower has the entry in a snapshot', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2'], 'no-op', 'c1/1 put x a');
    run.install('n1', 'n3', 2).sync('n3').create('n1', 'c1/2 put x b').sync('n1').copy('n1', 'n3').sync('n3');
    run.commit('n1', 3).compact('n3', 3).sync('n3').elect('n3', 2, 'n2').write('n3', ['n2'], 'no-op');
    expect(run.judge().broken).toEqual([]);
  });

  it('holds when the disk no longer counts compacted entries', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2'], 'no-op', 'c1/1 put x a');
    run.decide(2, 'n2').compact('n2', 2).sync('n2');
    run.record('n2', {
      kind: 'persist-completed',
      ids: [9],
      tookNs: 1,
      lastIndex: 0,
      term: 1,
      votedFor: 'n1',
    });
    run.stepDown('n1').elect('n1', 2, 'n2').commit('n1', 2);
    expect(run.judge().verdict('committed-is-durable')).toBe('holds');
  });

  it('holds when entries that came after the write began are not on the disk yet', () => {
    const run = entryAtTheLeader().copy('n1', 'n2');
    run.record('n2', { kind: 'persist-begun', ids: [5], rows: 1 });
    run.create('n1', 'c1/1 put x a').copy('n1', 'n2');
    run.record('n2', {
      kind: 'persist-completed',
      ids: [5],
      tookNs: 1,
      lastIndex: 1,
      term: 1,
      votedFor: 'n1',
    });
    run.commit('n1', 1);
    expect(run.judge().verdict('committed-is-durable')).toBe('holds');
    run.commit('n1', 2);
    expect(run.judge().verdict('committed-is-durable')).toBe('violated');
  });

  it('is broken by a leader that counts a follower before its entry is synced', () => {
    const run = entryAtTheLeader().copy('n1', 'n2').commit('n1', 1);
    const finding = run.judge().finding('committed-is-durable');
    expect(finding.text).toBe(
      'n1, the leader of term 1, committed entry 1 of term 1, which 1 of the 3 voters had synced, and 2 make a quorum (Raft §5.3).',
    );
    // The last word of each voter that lacks it, and the commit.
    expect(finding.events).toEqual(['n2/1/3', 'n3/1/1', 'n1/1/8']);
  });

  it('is broken when what the follower has synced there is another entry', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n2', 1, 'n3')
      .create('n2', 'no-op')
      .sync('n2')
      .stepDown('n2');
    run.elect('n1', 2, 'n3').create('n1', 'no-op').sync('n1').commit('n1', 1);
    expect(run.judge().verdict('committed-is-durable')).toBe('violated');
  });

  it('is broken when a follower lost the entry from its disk before', () => {
    const run = entryAtTheLeader().copy('n1', 'n2').sync('n2').drop('n2', 1).sync('n2').commit('n1', 1);
    expect(run.judge().verdict('committed-is-durable')).toBe('violated');
  });

  it('asks both halves of a joint configuration, and learners not at all', () => {
    const joint = {
      ...EMPTY_CONFIGURATION,
      voters: ['n1', 'n4'],
      outgoing: ['n1', 'n2', 'n3'],
      learners: ['n5'],
    };
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op');
    run.join('n4', EMPTY_CONFIGURATION).join('n5', EMPTY_CONFIGURATION);
    run.create('n1', joint).sync('n1').copy('n1', 'n2').copy('n1', 'n5').sync('n2', 'n5').commit('n1', 2);
    expect(run.judge().finding('committed-is-durable').text).toContain(
      'which 1 of the 2 voters of the incoming half had synced, and 2 make a quorum',
    );
    const sound = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op');
    sound.join('n4', EMPTY_CONFIGURATION).create('n1', joint).sync('n1');
    sound.copy('n1', 'n4').copy('n1', 'n2').sync('n2', 'n4').commit('n1', 2);
    expect(sound.judge().broken).toEqual([]);
  });

  it('does not count a leader that has no vote any more', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op');
    run
      .create('n1', votersOnly(['n2', 'n3']))
      .sync('n1')
      .copy('n1', 'n2')
      .sync('n2')
      .commit('n1', 2);
    expect(run.judge().finding('committed-is-durable').text).toContain('1 of the 2 voters');
  });

  it('is unknown where a quorum hangs on a node whose events are missing', () => {
    const run = entryAtTheLeader().lose('n2').copy('n1', 'n2').commit('n1', 1);
    expect(run.judge().verdict('committed-is-durable')).toBe('unknown');
  });
});
