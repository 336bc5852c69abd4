import { describe, expect, it } from 'vitest';
import { History } from './history.ts';

/** c1/1 is committed as entry 2 and its client told so. */
function acknowledged(): History {
  const run = new History('n1', 'n2', 'n3').elect('n1', 1, 'n2').invoke('c1/1', 'put');
  run.write('n1', ['n2'], 'no-op', 'c1/1 put x a').answer('n1', 'c1/1', 2);
  return run.complete('c1/1', 2);
}

describe('Acknowledged never lost', () => {
  it('holds when the write stands where the client was told, compacted or not', () => {
    const run = acknowledged()
      .compact('n1', 2)
      .sync('n1')
      .decide(2, 'n2')
      .compact('n2', 2)
      .sync('n2')
      .restart('n2');
    expect(run.judge().of('acknowledged-never-lost')).toMatchObject({ verdict: 'holds', checked: 1 });
    expect(run.judge().broken).toEqual([]);
  });

  it('holds when the write is acknowledged as its retry, which was skipped', () => {
    const run = acknowledged()
      .create('n1', 'c1/1 put x a')
      .sync('n1')
      .copy('n1', 'n2')
      .sync('n2')
      .commit('n1', 3);
    run.apply('n1', 3, 3).answer('n1', 'c1/1', 3).complete('c1/1', 3);
    expect(run.judge().broken).toEqual([]);
  });

  it('asks nothing of reads, failures and operations without an answer', () => {
    const run = acknowledged()
      .invoke('c2/1', 'get')
      .answer('n2', 'c2/1', 1)
      .complete('c2/1', 2, { read: 'read-index' });
    run.invoke('c2/2', 'put').complete('c2/2', 7, { outcome: 'fail' }).invoke('c2/3', 'put');
    run.record('load', { kind: 'complete', operation: 'c2/3', outcome: 'unknown', attempts: 1 });
    expect(run.judge().of('acknowledged-never-lost')).toMatchObject({ verdict: 'holds', checked: 1 });
  });

  it('is broken by a write that nobody ever committed', () => {
    const run = acknowledged().answer('n1', 'c1/2', 9);
    expect(run.judge().finding('acknowledged-never-lost').text).toBe(
      'operation c1/2 was acknowledged as entry 9, but no entry after 2 was ever committed (Raft §8).',
    );
  });

  it('is broken when another operation stands there', () => {
    const run = acknowledged().write('n1', ['n2'], 'c1/2 put x b').complete('c1/3', 3);
    expect(run.judge().finding('acknowledged-never-lost').text).toBe(
      'operation c1/3 was acknowledged as entry 3, where operation c1/2 of term 1 is committed (Raft §8).',
    );
  });

  it('is broken when another entry is committed in its place later', () => {
    const run = acknowledged().elect('n3', 2).write('n3', ['n2'], 'no-op', 'c2/1 put x b');
    const finding = run.judge().finding('acknowledged-never-lost');
    expect(finding.text).toBe(
      'operation c1/1 was acknowledged as entry 2, where n3 committed another entry, of term 2 and not 1 (Raft §8).',
    );
    expect(finding.event.startsWith('n3/')).toBe(true);
  });

  it('is broken when two operations are acknowledged as one entry', () => {
    expect(acknowledged().complete('c1/2', 2).judge().verdict('acknowledged-never-lost')).toBe('violated');
  });

  it('is broken when no node holds the entry in the end', () => {
    const run = new History('n1', 'n2')
      .elect('n1', 1, 'n2')
      .create('n1', 'c1/1 put x a')
      .copy('n1', 'n2')
      .decide(1, 'n1');
    run.answer('n1', 'c1/1', 1).restart('n1').restart('n2');
    expect(run.judge().finding('acknowledged-never-lost').text).toContain('which no node holds at the end');
  });

  it('is unknown where nobody saw the nodes start, and so what they committed', () => {
    const run = new History();
    run.record('n1', { kind: 'commit', from: 0, to: 1, hash: 5 });
    expect(run.complete('c1/1', 1).judge().verdict('acknowledged-never-lost')).toBe('unknown');
  });

  it('is unknown when the events that would show it are missing', () => {
    const run = acknowledged().lose('n1', 4).answer('n1', 'c1/2', 9);
    expect(run.judge().verdict('acknowledged-never-lost')).toBe('unknown');
    expect(acknowledged().lose('load').judge().unknown).toEqual([
      'acknowledged-never-lost',
      'lease-and-read-index',
    ]);
  });
});
