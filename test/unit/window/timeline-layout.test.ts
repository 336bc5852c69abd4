import { describe, expect, it } from 'vitest';
import { timeAxis } from '../../../src-renderer/canvas/timeline/axis.ts';
import { hitArrow, messageArrows, styleOf } from '../../../src-renderer/canvas/timeline/arrows.ts';
import { silentStretches } from '../../../src-renderer/canvas/timeline/clients.ts';
import { contrast, legible, mix, parseColour } from '../../../src-renderer/canvas/timeline/colour.ts';
import { commitSteps, stripRects } from '../../../src-renderer/canvas/timeline/commits.ts';
import { hitTest } from '../../../src-renderer/canvas/timeline/hit.ts';
import type { Scene } from '../../../src-renderer/canvas/timeline/hit.ts';
import { layoutTimeline } from '../../../src-renderer/canvas/timeline/layout.ts';
import { placeMarks } from '../../../src-renderer/canvas/timeline/lane-marks.ts';
import { firstShown, pageFrom } from '../../../src-renderer/canvas/timeline/log-window.ts';
import { formOf, labelOf, laneRects } from '../../../src-renderer/canvas/timeline/segments.ts';
import { electionSum, roundParts, stackSpans } from '../../../src-renderer/canvas/timeline/spans.ts';
import { buckets, election, fault, laneMark, message, segment } from './timeline-rows.ts';

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];
const layout = layoutTimeline({ widthPx: 1_124, heightPx: 600, nodes: NODES, faultRows: 1 });
const view = { fromNs: 0, toNs: 1e9 };
const axis = timeAxis(view, layout.plotPx);

describe('the layout', () => {
  it('gives every node a lane, in order and without overlap', () => {
    expect(layout.lanes.map(({ node }) => node)).toEqual(NODES);
    for (const lane of layout.lanes) {
      expect(lane.centerPx - lane.leaderPx / 2).toBeGreaterThanOrEqual(lane.topPx);
      expect(lane.stripPx).toBeGreaterThan(lane.centerPx + lane.leaderPx / 2);
      expect(lane.stripPx).toBeLessThan(lane.topPx + lane.pitchPx);
    }
  });

  it('scrolls rather than squeezing nine lanes into too little height', () => {
    const nodes = Array.from({ length: 9 }, (_, at) => `n${at + 1}`);
    const small = layoutTimeline({ widthPx: 900, heightPx: 320, nodes, faultRows: 3 });
    expect(small.heightPx).toBeGreaterThan(320);
    for (const lane of small.lanes) {
      expect(lane.followerPx).toBeGreaterThanOrEqual(14);
      expect(lane.stripPx).toBeLessThan(lane.topPx + lane.pitchPx);
    }
  });
});

describe('lanes', () => {
  it('tell role and status by form', () => {
    expect(formOf(segment({ role: 'leader' }))).toBe('leader');
    expect(formOf(segment({ role: 'leader', status: 'paused' }))).toBe('paused');
    expect(formOf(segment({ role: 'leader', status: 'killed' }))).toBe('dead');
    expect(formOf(segment({ status: 'starting' }))).toBe('absent');
  });

  it('are labelled with what is unusual and the term', () => {
    expect(labelOf(segment({ term: 4 }))).toBe('term 4');
    expect(labelOf(segment({ term: 4, role: 'candidate' }))).toBe('candidate · term 4');
    expect(labelOf(segment({ status: 'killed' }))).toBe('killed');
  });

  it('are clipped to the view, and a leader is twice as high as a follower', () => {
    const rects = laneRects(
      [
        segment({ fromNs: -5e8, toNs: 5e8, role: 'leader' }),
        segment({ node: 'n2', fromNs: 5e8, toNs: null }),
        segment({ node: 'n3', fromNs: 2e9, toNs: 3e9 }),
      ],
      layout,
      axis,
      2e9,
    );
    expect(rects.map(({ x, width }) => [x, width])).toEqual([
      [0, 500],
      [500, 500],
    ]);
    expect(rects[0]?.startsHere).toBe(false);
    expect(rects[0]?.height).toBe(2 * (rects[1]?.height ?? 0));
  });

  it('stay visible when they last less than a pixel', () => {
    expect(laneRects([segment({ fromNs: 5e8, toNs: 5e8 + 10 })], layout, axis, 1e9)[0]?.width).toBe(1);
  });
});

describe('messages', () => {
  it('run from the moment of sending to the moment of delivery', () => {
    const [arrow] = messageArrows(
      [message({ sentNs: 1e8, arrivedNs: 1.5e8, deliveredNs: 2e8 })],
      layout,
      axis,
    );
    expect(arrow).toMatchObject({ x1: 100, x2: 200, end: 'arrow', style: 'vote' });
    expect(arrow?.y2).toBeGreaterThan(arrow?.y1 ?? Infinity);
  });

  it('end in a cross where they were not taken in: on the way when lost, at the receiver when they arrived', () => {
    const [lost, arrived] = messageArrows(
      [
        message({ fate: 'lost', arrivedNs: null, deliveredNs: null }),
        message({ id: 'n1/1/2', fate: 'arrived', deliveredNs: null }),
      ],
      layout,
      axis,
    );
    expect(lost?.end).toBe('cross');
    expect(arrived?.end).toBe('cross');
    expect(lost?.y2).toBeLessThan(arrived?.y2 ?? 0);
  });

  it('are told apart by type', () => {
    expect(styleOf(message({ type: 'AppendEntries', entries: 3 }))).toBe('entries');
    expect(styleOf(message({ type: 'AppendEntries' }))).toBe('heartbeat');
    expect(styleOf(message({ type: 'RequestVoteReply' }))).toBe('vote-reply');
  });

  it('are found under the pointer, the nearest first, and not from afar', () => {
    const arrows = messageArrows(
      [
        message({ id: 'near', sentNs: 1e8, deliveredNs: 1e8 }),
        message({ id: 'far', sentNs: 1.2e8, deliveredNs: 1.2e8 }),
      ],
      layout,
      axis,
    );
    const y = ((arrows[0]?.y1 ?? 0) + (arrows[0]?.y2 ?? 0)) / 2;
    expect(hitArrow(arrows, 102, y)?.row.id).toBe('near');
    expect(hitArrow(arrows, 60, y)).toBeUndefined();
  });
});

describe('the pointer', () => {
  const scene: Scene = {
    layout,
    axis,
    arrows: messageArrows([message({ sentNs: 1e8, deliveredNs: 1e8 })], layout, axis),
    marks: placeMarks([laneMark({ node: 'n4', atNs: 25e7 })], layout, axis),
    faults: [{ item: fault({ fromNs: 5e8 }), row: 0 }],
    data: {
      segments: [segment({ node: 'n4', fromNs: 0, toNs: 5e8, term: 7 })],
      elections: [election({ startedNs: 2e8, electedNs: 3e8, firstCommitNs: 4e8 })],
      findings: [{ rule: 'log matching', atNs: 9e8, event: 'n1/1/9', text: 'n1 and n2 differ at 7' }],
      operations: null,
    },
  };

  it('meets ruler, elections, faults, bars and clients where they are drawn', () => {
    expect(hitTest(scene, 500, 10)?.kind).toBe('ruler');
    expect(hitTest(scene, 300, layout.electionsPx + 5)?.kind).toBe('election');
    expect(hitTest(scene, 600, layout.electionsPx + 5)).toBeUndefined();
    expect(hitTest(scene, 900, layout.faultsPx + 5)?.kind).toBe('fault');
    const lane = layout.lanes[3];
    expect(hitTest(scene, 400, lane?.centerPx ?? 0)).toMatchObject({ kind: 'segment', segment: { term: 7 } });
    expect(hitTest(scene, 400, layout.clients.topPx + 10)?.kind).toBe('clients');
    expect(hitTest(scene, 250, lane?.stripPx ?? 0)).toMatchObject({
      kind: 'mark',
      placed: { mark: { kind: 'configuration-adopted' } },
    });
    expect(hitTest(scene, 900, layout.lanesPx)?.kind).toBe('finding');
    expect(hitTest(scene, -5, 100)).toBeUndefined();
  });
});

describe('spans', () => {
  it('add up: parts are rounded so that their sum is the rounded total', () => {
    expect(roundParts([231.4, 254.4, 7.4], 0)).toEqual([232, 254, 7]);
    expect(roundParts([0.26, 0.26, 0.26], 1).reduce((sum, part) => sum + part, 0)).toBeCloseTo(0.8);
  });

  it('say how an election came together', () => {
    expect(electionSum(election({}))).toBe('493 ms = 231 detect + 255 campaign + 7 commit');
    expect(electionSum(election({ splitVotes: 1 }))).toBe(
      '493 ms = 231 detect + 255 campaign, 1 split + 7 commit',
    );
    expect(electionSum(election({ firstCommitMs: null, firstCommitNs: null }))).toBe(
      '486 ms = 231 detect + 255 campaign, no commit',
    );
  });

  it('take the first free row', () => {
    const spans = [
      [0, 10],
      [5, 8],
      [9, 12],
      [10, 11],
    ] as const;
    const rows = stackSpans(
      spans,
      ([from]) => from,
      ([, to]) => to,
    ).map(({ row }) => row);
    expect(rows).toEqual([0, 1, 1, 0]);
  });
});

describe("the clients' row", () => {
  it("tells of a silence with the election's own measure of it", () => {
    const row = election({ startedNs: 200e6, electedNs: 500e6, firstCommitNs: 510e6 });
    const [stretch] = silentStretches(buckets([5, 6, 5, 0, 0, 0, 0, 0, 0, 0, 0, 6, 5]), [row]);
    expect(stretch).toEqual({ fromNs: 150e6, toNs: 550e6, text: 'nothing acknowledged for 506 ms' });
  });

  it('says "about" where only the buckets know', () => {
    const [stretch] = silentStretches(buckets([5, 0, 0, 0, 0, 5]), []);
    expect(stretch?.text).toBe('nothing acknowledged for about 200 ms');
  });

  it('is silent about a silence in which nobody asked, and about the time before the first answer', () => {
    expect(silentStretches(buckets([5, 0, 0, 0, 0, 0], 0), [])).toEqual([]);
    expect(silentStretches(buckets([0, 0, 0, 0, 5]), [])).toEqual([]);
  });
});

describe('the commit strip', () => {
  it('joins neighbouring buckets and clips them to the view', () => {
    const steps = commitSteps([null, 4, 9, null, 11], { fromNs: 0, toNs: 500, buckets: 5 });
    expect(steps).toEqual([
      { fromNs: 100, toNs: 300, index: 9 },
      { fromNs: 400, toNs: 500, index: 11 },
    ]);
    expect(stripRects(steps, 'n1', timeAxis({ fromNs: 200, toNs: 450 }, 250))).toEqual([
      { x: 0, width: 100 },
      { x: 200, width: 50 },
    ]);
  });
});

describe('the logs', () => {
  it('show their ends with room behind, and keep still while a few entries come', () => {
    expect(firstShown(3, 20)).toBe(1);
    const first = firstShown(1_353, 20);
    expect(1_353).toBeLessThan(first + 20);
    expect(1_353 - first).toBeGreaterThan(8);
    const steps = new Set(Array.from({ length: 5 }, (_, more) => firstShown(1_353 + more, 20)));
    expect(steps.size).toBeLessThanOrEqual(2);
  });

  it('page within the log', () => {
    expect(pageFrom(100, 20, -1, 500)).toBe(82);
    expect(pageFrom(5, 20, -1, 500)).toBe(1);
    expect(pageFrom(495, 20, 1, 500)).toBe(500);
  });
});

describe('colours', () => {
  const terms = {
    dark: ['#4f9fe8', '#d9a441', '#3fb69f', '#8f88ea', '#c9a97a', '#9dbb4b'],
    light: ['#2c77c4', '#9f6905', '#128471', '#6b5fd0', '#916e39', '#627e15'],
  };

  it.each([
    ['dark', '#0f1318', '#e9eef4', '#0f1318'],
    ['light', '#f3f5f8', '#17202b', '#ffffff'],
  ] as const)('carry readable text on every term in the %s theme', (theme, ground, text, onTerm) => {
    const [s0, t1, ink] = [parseColour(ground), parseColour(text), parseColour(onTerm)];
    if (!s0 || !t1 || !ink) throw new Error('a token is no colour');
    for (const hue of terms[theme]) {
      const colour = parseColour(hue);
      if (!colour) throw new Error(`${hue} is no colour`);
      const solid = legible(colour, [ink, t1]);
      expect(contrast(solid.fill, solid.ink)).toBeGreaterThanOrEqual(4.5);
      const tint = legible(mix(colour, s0, 0.44), [t1]);
      expect(contrast(tint.fill, tint.ink)).toBeGreaterThanOrEqual(4.5);
    }
  });

  it('are read from hex and rgb() and nothing else', () => {
    expect(parseColour('#0f6')).toEqual([0, 255, 102]);
    expect(parseColour(' rgb(1, 2, 3) ')).toEqual([1, 2, 3]);
    expect(parseColour('teal')).toBeUndefined();
  });
});
