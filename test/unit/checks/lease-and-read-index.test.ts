import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

/** x holds a from entry 1 on and b from entry 2 on; c1 has been told of both. */
function written(): History {
  const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').invoke('c1/1', 'put');
  run.write('n1', ['n2'], 'c1/1 put x a').complete('c1/1', 1).invoke('c1/2', 'put');
  return run.write('n1', ['n2'], 'c1/2 put x b').complete('c1/2', 2).decide(2, 'n2');
}

describe('Lease and ReadIndex', () => {
  it('holds when a read is served at the newest entry acknowledged, or a later one', () => {
    const run = written().invoke('c2/1', 'get').complete('c2/1', 2, { read: 'read-index', value: 'b' });
    run.invoke('c2/2', 'get', 'y').complete('c2/2', 2, { read: 'lease', value: null });
    run.invoke('c2/3', 'get').write('n1', ['n2'], 'c2/3 get x').complete('c2/3', 3, { value: 'b' });
    expect(run.judge().of('lease-and-read-index')).toMatchObject({ verdict: 'holds', checked: 3 });
  });

  it('holds when what was acknowledged while the read was under way is not in it', () => {
    const run = new History('n1', 'n2', 'n3')
      .elect('n1', 1, 'n2')
      .write('n1', ['n2'], 'c1/1 put x a')
      .complete('c1/1', 1);
    run.invoke('c2/1', 'get').write('n1', ['n2'], 'c1/2 put x b').complete('c1/2', 2);
    run.complete('c2/1', 1, { read: 'read-index', value: 'a' });
    expect(run.judge().broken).toEqual([]);
  });

  it('asks nothing of stale reads, and takes none for a promise to others', () => {
    const run = written().write('n1', ['n2'], 'c1/3 put x c').invoke('c2/1', 'get', 'x', { stale: true });
    run
      .complete('c2/1', 1, { read: 'stale', value: 'a' })
      .invoke('c2/2', 'get', 'x', { stale: true })
      .complete('c2/2', 3);
    run.invoke('c2/3', 'get').complete('c2/3', 2, { read: 'lease', value: 'b' });
    expect(run.judge().of('lease-and-read-index')).toMatchObject({ verdict: 'holds', checked: 1 });
  });

  it('holds when a retried read through the log gives what it gave the first time', () => {
    const run = written().invoke('c2/1', 'get').write('n1', ['n2'], 'c2/1 get x', 'c1/3 put x c');
    run.create('n1', 'c2/1 get x').sync('n1').copy('n1', 'n2').sync('n2').commit('n1', 5).apply('n1', 5, 5);
    expect(run.complete('c2/1', 5, { value: 'b' }).judge().broken).toEqual([]);
  });

  it('holds when whoever applied a retry died before saying that it skipped it', () => {
    const run = written().create('n1', 'c1/1 put x a').sync('n1').copy('n1', 'n2').sync('n2').commit('n1', 3);
    run.invoke('c2/1', 'get').complete('c2/1', 3, { read: 'read-index', value: 'b' });
    expect(run.judge().broken).toEqual([]);
  });

  it('holds where what the key held is not known', () => {
    const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2');
    run.record('n1', { kind: 'append', first: 1, last: 1, term: 1, hash: 5 });
    run.record('n1', { kind: 'commit', from: 0, to: 1, hash: 5 });
    run.invoke('c2/1', 'get').complete('c2/1', 1, { read: 'lease', value: 'z' });
    expect(run.judge().findings('lease-and-read-index')).toEqual([]);
  });

  it('is broken by a read of a state older than a write acknowledged before', () => {
    const run = written()
      .invoke('c2/1', 'get')
      .complete('c2/1', 1, { read: 'read-index', value: 'a', node: 'n3' });
    const finding = run.judge().finding('lease-and-read-index');
    expect(finding.text).toBe(
      'read c2/1 of x by ReadIndex at n3 returned the state of entry 1, though entry 2 had been acknowledged before it was invoked (Raft dissertation §6.4).',
    );
    expect(finding.events).toHaveLength(3);
  });

  it('is broken by a read of a state older than one that was read before', () => {
    const run = written().write('n1', ['n2'], 'c1/3 put x c').invoke('c2/1', 'get');
    run
      .complete('c2/1', 3, { read: 'lease', value: 'c' })
      .invoke('c3/1', 'get')
      .complete('c3/1', 2, { read: 'lease', value: 'b' });
    expect(run.judge().verdict('lease-and-read-index')).toBe('violated');
  });

  it('is broken by a value that the committed sequence does not have there', () => {
    const run = written().invoke('c2/1', 'get').complete('c2/1', 2, { read: 'lease', value: 'a' });
    expect(run.judge().finding('lease-and-read-index').text).toBe(
      'read c2/1 of x by lease returned "a" at entry 2, where the committed sequence has "b" (Raft dissertation §6.4).',
    );
  });

  it('follows compare-and-set, deletion and entries of earlier terms', () => {
    const run = written();
    const cas = (expected: string, value: string) => JSON.stringify({ op: 'cas', key: 'x', expected, value });
    const entries = [
      { id: 'c1/3', data: cas('a', 'wrong') },
      { id: 'c1/4', data: cas('b', 'right') },
      { id: 'c1/5', data: JSON.stringify({ op: 'delete', key: 'y' }) },
    ];
    run.record('n1', { kind: 'append', first: 3, last: 5, term: 1, hash: 55, entries });
    run.record('n1', { kind: 'commit', from: 2, to: 5, hash: 55 });
    run.invoke('c2/1', 'get').complete('c2/1', 5, { read: 'lease', value: 'right' });
    run.invoke('c2/2', 'get', 'y').complete('c2/2', 5, { read: 'lease', value: 'there' });
    expect(run.judge().finding('lease-and-read-index').text).toContain(
      'read c2/2 of y by lease returned "there"',
    );
  });
});
