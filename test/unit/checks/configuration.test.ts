import { describe, expect, it } from 'vitest';
import { EMPTY_CONFIGURATION, votersOnly } from '../../../src-main/consensus/raft/configuration.ts';
import type { Configuration } from '../../../src-main/consensus/replica.ts';
import { History } from './history.ts';

const joint = (outgoing: string[], voters: string[]): Configuration => ({
  ...EMPTY_CONFIGURATION,
  voters,
  outgoing,
});

/** n1 leads n2 and n3 and has committed an entry of its term. */
function leader(): History {
  return new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').write('n1', ['n2'], 'no-op');
}

describe('Configuration', () => {
  it('holds when servers come and go one at a time, each change committed before the next', () => {
    const run = leader().write('n1', ['n2', 'n3'], votersOnly(['n1', 'n2', 'n3', 'n4']));
    run.write('n1', ['n2', 'n3'], votersOnly(['n1', 'n2', 'n3', 'n4', 'n5']));
    run.write('n1', ['n2', 'n3'], votersOnly(['n1', 'n2', 'n3', 'n4']));
    const judged = run.judge();
    expect(judged.broken).toEqual([]);
    expect(judged.of('configuration').checked).toBe(6);
  });

  it('holds when a joint configuration replaces everybody, and is left once it is committed', () => {
    const run = leader().join('n4', EMPTY_CONFIGURATION).join('n5', EMPTY_CONFIGURATION);
    run.write('n1', ['n2', 'n4', 'n5'], joint(['n1', 'n2', 'n3'], ['n4', 'n5']));
    run.write('n1', ['n4', 'n5'], votersOnly(['n4', 'n5']));
    expect(run.judge().broken).toEqual([]);
  });

  it('holds when the leave comes in the step that commits the joint configuration', () => {
    const run = leader()
      .create('n1', joint(['n1', 'n2', 'n3'], ['n1', 'n2']))
      .sync('n1')
      .copy('n1', 'n2')
      .sync('n2');
    run.atOnce(() => run.commit('n1', 2).create('n1', votersOnly(['n1', 'n2'])));
    expect(run.judge().broken).toEqual([]);
  });

  it('holds when a follower takes over many configurations at once, or none before the first', () => {
    const run = leader()
      .write('n1', ['n2'], votersOnly(['n1', 'n2']))
      .write('n1', ['n2'], votersOnly(['n1', 'n2', 'n4']));
    run.copy('n1', 'n3').adopt('n3', 3, votersOnly(['n1', 'n2', 'n4']));
    run
      .join('n4', EMPTY_CONFIGURATION)
      .copy('n1', 'n4')
      .adopt('n4', 2, votersOnly(['n1', 'n2']));
    expect(run.judge().broken).toEqual([]);
  });

  it('holds when a leader changes what its predecessor left, after an entry of its own term', () => {
    const run = leader()
      .create('n1', votersOnly(['n1', 'n2', 'n3', 'n4']))
      .sync('n1')
      .copy('n1', 'n2')
      .sync('n2');
    run
      .adopt('n2', 2, votersOnly(['n1', 'n2', 'n3', 'n4']))
      .stepDown('n1')
      .elect('n2', 2, 'n3', 'n1');
    run
      .copy('n2', 'n3')
      .write('n2', ['n1', 'n3'], 'no-op')
      .create('n2', votersOnly(['n1', 'n2', 'n3']));
    expect(run.judge().broken).toEqual([]);
  });

  it('is broken by a second change while the first is not committed', () => {
    const run = leader()
      .create('n1', votersOnly(['n1', 'n2', 'n3', 'n4']))
      .create('n1', votersOnly(['n1', 'n2', 'n3']));
    const finding = run.judge().finding('configuration');
    expect(finding.text).toBe(
      'n1, the leader of term 1, proposed the configuration of entry 3 when that of entry 2 was not committed yet, but only entry 1 (Raft dissertation §4).',
    );
    expect(finding.events).toHaveLength(2);
  });

  it('is broken by a second change even when the first has not been adopted', () => {
    const change = (voters: string[]) => ({ data: JSON.stringify(votersOnly(voters)) });
    const run = leader();
    run.record('n1', {
      kind: 'append',
      first: 2,
      last: 2,
      term: 1,
      hash: 2,
      entries: [change(['n1', 'n2'])],
    });
    run.record('n1', {
      kind: 'append',
      first: 3,
      last: 3,
      term: 1,
      hash: 3,
      entries: [change(['n1', 'n3'])],
    });
    expect(run.judge().verdict('configuration')).toBe('violated');
  });

  it('is broken by a change before an entry of the own term is committed', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').create('n1', votersOnly(['n1', 'n2']));
    expect(run.judge().finding('configuration').text).toBe(
      'n1, the leader of term 1, proposed the configuration of entry 1 when it had committed no entry, and so none of its own term (Raft dissertation §4).',
    );
    const next = leader()
      .stepDown('n1')
      .elect('n1', 2, 'n2')
      .create('n1', votersOnly(['n1', 'n2']));
    expect(next.judge().finding('configuration').text).toContain('no entry after 1 of term 1');
  });

  it('is broken by two servers that join at once', () => {
    const run = leader().create('n1', votersOnly(['n1', 'n2', 'n3', 'n4', 'n5']));
    expect(run.judge().finding('configuration').text).toBe(
      'n1, the leader of term 1, went from the voters n1 n2 n3 to n1 n2 n3 n4 n5 at entry 2, and quorums of the two need not overlap (Raft dissertation §4).',
    );
  });

  it('is broken by a joint configuration whose outgoing half is not the one in force', () => {
    const run = leader().create('n1', joint(['n2', 'n3'], ['n4', 'n5']));
    expect(run.judge().verdict('configuration')).toBe('violated');
  });

  it('is broken by a joint configuration that is left for another than its incoming half', () => {
    const run = leader()
      .write('n1', ['n2'], joint(['n1', 'n2', 'n3'], ['n1', 'n2']))
      .create('n1', votersOnly(['n1', 'n3']));
    expect(run.judge().verdict('configuration')).toBe('violated');
  });
});
