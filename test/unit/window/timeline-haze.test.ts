import { describe, expect, it } from 'vitest';
import type { HazeLink } from '../../../src-main/api/index.ts';
import { timeAxis } from '../../../src-renderer/canvas/timeline/axis.ts';
import { buildHaze } from '../../../src-renderer/canvas/timeline/haze.ts';
import { layoutTimeline } from '../../../src-renderer/canvas/timeline/layout.ts';
import { laneRects } from '../../../src-renderer/canvas/timeline/segments.ts';
import { segment } from './timeline-rows.ts';

const NODES = ['n1', 'n2', 'n3', 'n4'];
const WINDOW = { fromNs: 0, toNs: 1_000, buckets: 10 };

function link(given: Partial<HazeLink>): HazeLink {
  return { from: 'n1', to: 'n2', class: 'entries', buckets: [0], counts: [1], lost: [0], ...given };
}
const cellsOf = (haze: HazeLink[], of: string) =>
  buildHaze({ haze }, NODES, WINDOW)
    .groups.filter((group) => group.class === of)
    .flatMap(({ columns, gaps, level }) => [...columns].map((column, at) => [column, gaps[at], level]));

describe('the density of messages', () => {
  it('fills every gap that a message crosses, in its column', () => {
    expect(cellsOf([link({ from: 'n4', to: 'n2', buckets: [3] })], 'entries')).toEqual([
      [3, 1, 5],
      [3, 2, 5],
    ]);
  });

  it('is the denser the more went over a gap, on a logarithmic scale of five', () => {
    const cells = cellsOf([link({ buckets: [0, 1, 2], counts: [1, 30, 1_000] })], 'entries');
    const levels = new Map(cells.map(([column, , level]) => [column, level]));
    expect(levels.get(2)).toBe(5);
    expect(levels.get(1)).toBeLessThan(5);
    expect(levels.get(0)).toBe(1);
  });

  it('tells classes apart, and marks what was lost beside the lane that it never reached', () => {
    const haze = [link({}), link({ class: 'elections', from: 'n1', to: 'n3', lost: [1] })];
    expect(cellsOf(haze, 'entries')).toHaveLength(1);
    expect(cellsOf(haze, 'elections')).toHaveLength(2);
    expect(cellsOf(haze, 'lost').map(([column, gap]) => [column, gap])).toEqual([[0, 1]]);
  });

  it('is empty for a cluster of one and for links to nodes without a lane', () => {
    expect(buildHaze({ haze: [link({})] }, ['n1'], WINDOW).groups).toEqual([]);
    expect(cellsOf([link({ to: 'n9' })], 'entries')).toEqual([]);
  });
});

describe('lanes of a long run', () => {
  it('draw no more bars than there are pixels, and of those in one pixel the most telling', () => {
    const layout = layoutTimeline({ widthPx: 624, heightPx: 400, nodes: ['n1'], faultRows: 1 });
    const many = Array.from({ length: 20_000 }, (_, at) =>
      segment({
        fromNs: at * 50,
        toNs: (at + 1) * 50,
        role: at % 100 === 7 ? 'leader' : 'follower',
        term: at,
      }),
    );
    const rects = laneRects(many, layout, timeAxis({ fromNs: 0, toNs: 1e6 }, layout.plotPx), 1e6);
    expect(rects.length).toBeLessThanOrEqual(layout.plotPx + 1);
    expect(rects.filter(({ form }) => form === 'leader').length).toBeGreaterThanOrEqual(190);
  });
});
