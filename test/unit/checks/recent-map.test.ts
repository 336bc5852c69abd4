import { describe, expect, it } from 'vitest';
import { RecentMap } from '../../../src-main/checks/model/recent-map.ts';

describe('a map of what came last', () => {
  it('remembers as many as it promises, and tells of everything it drops once', () => {
    const dropped: number[] = [];
    const map = new RecentMap<number, number>((value) => dropped.push(value), 10);
    for (let key = 1; key <= 100; key++) {
      map.set(key, -key);
      for (let back = 0; back < Math.min(10, key); back++) expect(map.get(key - back)).toBe(back - key);
    }
    const kept = [...map.values()];
    expect(kept.length).toBeLessThanOrEqual(20);
    expect([...dropped, ...kept]).toEqual(Array.from({ length: 100 }, (_, at) => -1 - at));
  });

  it('keeps the newest value of a key that is set again', () => {
    const dropped: string[] = [];
    const map = new RecentMap<string, string>((value) => dropped.push(value), 2);
    map.set('a', 'old');
    map.set('b', 'b');
    map.set('c', 'c');
    map.set('a', 'new');
    expect([map.get('a'), [...map.values()]]).toEqual(['new', ['b', 'c', 'new']]);
    map.set('d', 'd');
    expect(dropped).toEqual(['b']);
  });
});
