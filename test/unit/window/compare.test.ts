import { describe, expect, it } from 'vitest';
import { effectScope, nextTick, reactive, ref, shallowRef } from 'vue';
import type { ElectionRow, FaultRow, RunFigures } from '../../../src-main/api/index.ts';
import { formatLink, parseLink } from '../../../src-main/api/links.ts';
import type { Viewport } from '../../../src-renderer/canvas/timeline/viewport.ts';
import {
  alignedAt,
  alignmentChoices,
  choiceText,
  usualAlignment,
} from '../../../src-renderer/compare/alignment.ts';
import type { AlignableRun } from '../../../src-renderer/compare/alignment.ts';
import {
  differenceText,
  figuresTable,
  figureText,
  ratioText,
} from '../../../src-renderer/compare/figures-table.ts';
import type { FiguresRow, RunInFigures } from '../../../src-renderer/compare/figures-table.ts';
import { linkSides } from '../../../src-renderer/compare/linked-sides.ts';
import type { Side } from '../../../src-renderer/compare/linked-sides.ts';
import { useCompareStore } from '../../../src-renderer/stores/compare.ts';
import { readPlace, usePlaceStore, writePlace } from '../../../src-renderer/stores/place.ts';
import { useRunStore } from '../../../src-renderer/stores/run.ts';
import { useViewStore } from '../../../src-renderer/stores/view.ts';
import { openWindow, OTHER_RUN, RUN, settle, summary } from './fake-lab.ts';

function election(number: number, changes: Partial<ElectionRow> = {}): ElectionRow {
  return {
    number,
    term: number,
    leader: 'n1',
    previousLeader: null,
    lostNs: null,
    startedNs: number * 1e9,
    firstCandidacyNs: number * 1e9,
    electedNs: number * 1e9 + 2e8,
    firstCommitNs: null,
    detectionMs: 100,
    campaignMs: 20,
    firstCommitMs: null,
    downtimeMs: null,
    splitVotes: 0,
    candidates: ['n1'],
    voters: ['n1', 'n2'],
    event: 'n1/1/9',
    ...changes,
  };
}
function fault(id: string, type: string, target: string, fromNs: number): FaultRow {
  return { id, type, targets: [target], fromNs, toNs: null, parameters: {}, event: 'lab/1/3' };
}

describe('the moments that runs are aligned at', () => {
  const killed = {
    elections: [election(1), election(2, { leader: 'n2', previousLeader: 'n1', lostNs: 2.05e9 })],
    faults: [fault('f1', 'kill', 'n3', 1.5e9), fault('f2', 'kill', 'n1', 2e9)],
    bookmarks: [],
  };

  it('are by themselves the first fault that took the leader away, in each', () => {
    const a = alignmentChoices(killed);
    const b = alignmentChoices({ ...killed, faults: [fault('f1', 'kill', 'n1', 2e9)] });
    expect(usualAlignment(a, b)).toEqual({ a: 'fault:f2', b: 'fault:f1' });
    expect(a.map(choiceText)).toContain('kill n1, the leader – 2.0000 s');
  });

  it('are of the same kind in both: a fault where none took a leader, the first leader, else the start', () => {
    const quiet = { ...killed, faults: [] };
    const follower = { ...killed, faults: [fault('f1', 'kill', 'n3', 1.5e9)] };
    const none = { elections: [], faults: [], bookmarks: [] };
    const usual = (a: AlignableRun, b: AlignableRun) =>
      usualAlignment(alignmentChoices(a), alignmentChoices(b));
    expect(usual(killed, follower)).toEqual({ a: 'fault:f1', b: 'fault:f1' });
    expect(usual(killed, quiet)).toEqual({ a: 'leader', b: 'leader' });
    expect(usual(killed, none)).toEqual({ a: 'start', b: 'start' });
  });

  it('are found by their key, a free moment too; one that is gone is the start', () => {
    const choices = alignmentChoices(killed);
    expect(alignedAt(choices, 'election:2')).toBe(2e9);
    expect(alignedAt(choices, 'at:1234')).toBe(1_234);
    expect(alignedAt(choices, 'bookmark:gone')).toBe(0);
  });
});

describe('figures side by side', () => {
  const run = (elections: ElectionRow[], figures: Partial<RunFigures> = {}): RunInFigures => ({
    info: {
      durationNs: 4e9,
      nodes: ['n1', 'n2'],
      faults: 1,
      findings: 0,
      gaps: 0,
    } as unknown as RunInFigures['info'],
    elections,
    figures: { termMax: 3, messages: [], operations: [], ...figures },
  });
  const rows = (a: RunInFigures, b: RunInFigures, title: RegExp): Record<string, FiguresRow> =>
    Object.fromEntries(
      figuresTable(a, b)
        .filter((group) => title.test(group.title))
        .flatMap((group) => group.rows.map((row) => [row.name, row])),
    );

  it('pairs elections by their order, and a missing one has no figures', () => {
    const a = run([election(1), election(2, { detectionMs: 150, downtimeMs: 400, previousLeader: 'n1' })]);
    const b = run([election(1, { detectionMs: 80 })]);
    expect(rows(a, b, /^Election 1/)['detection']).toMatchObject({ a: 100, b: 80 });
    expect(rows(a, b, /^Election 2: n1 in term 2 \/ none/)['downtime']).toMatchObject({ a: 400, b: null });
    expect(rows(a, b, /^Elections$/)['median detection']).toMatchObject({ a: 150, b: null });
  });

  it('lists the types of messages of either run', () => {
    const message = (type: string, sent: number) => ({ type, sent, delivered: sent, bytes: 1 });
    const found = rows(
      run([], { messages: [message('AppendEntries', 10)] }),
      run([], { messages: [message('AppendEntries', 4), message('PreVote', 2)] }),
      /^Messages/,
    );
    expect(Object.keys(found)).toEqual(['all', 'AppendEntries', 'PreVote']);
    expect(found['all']).toMatchObject({ a: 10, b: 6 });
    expect(found['PreVote']).toMatchObject({ a: 0, b: 2 });
  });

  it('says difference and ratio only where there are any', () => {
    const row = (a: number | null, b: number | null, unit: FiguresRow['unit'] = 'ms'): FiguresRow => ({
      name: '',
      a,
      b,
      unit,
    });
    const texts = (given: FiguresRow) => [differenceText(given), ratioText(given)];
    expect(texts(row(100, 125))).toEqual(['+25.0', '×1.25']);
    expect(texts(row(100, 50, 'count'))).toEqual(['−50', '×0.5']);
    expect(texts(row(0, 5, 'count'))).toEqual(['+5', '']);
    expect(texts(row(7, 7))).toEqual(['same', '']);
    expect(texts(row(null, 7))).toEqual(['–', '']);
    expect([figureText(0.163, 'ms'), figureText(1_204.4, 'ms'), figureText(9.1384, 's')]).toEqual([
      '0.16',
      '1,204',
      '9.138',
    ]);
  });
});

describe('two timelines that are linked', () => {
  function sides() {
    const side = (endNs: number) => {
      const view = shallowRef<Viewport>({ fromNs: 0, toNs: 100 });
      const atNs = ref(0);
      return {
        timeline: reactive({ view, follow: 'none' }) as { view: Viewport; follow: string },
        cursor: reactive({ atNs, seek: (ns: number) => (atNs.value = Math.min(Math.max(ns, 0), endNs)) }),
      };
    };
    return { a: side(1_000), b: side(500) };
  }

  it('keep their views and cursors at the same distance from what they are aligned at', async () => {
    const both = sides();
    const active = ref<Side>('a');
    const alignNs = shallowRef({ a: 300, b: 100 });
    const scope = effectScope();
    scope.run(() => linkSides(both, { now: () => ({ active: active.value, alignNs: alignNs.value }) }));
    both.a.timeline.view = { fromNs: 250, toNs: 350 };
    both.a.cursor.seek(310);
    expect(both.b.timeline.view).toEqual({ fromNs: 50, toNs: 150 });
    expect(both.b.cursor.atNs).toBe(110);

    // The other does not pull the leading one back where its own run is over.
    both.a.cursor.seek(900);
    both.b.timeline.view = { fromNs: 0, toNs: 100 };
    expect(both.b.cursor.atNs).toBe(500);
    expect(both.a.cursor.atNs).toBe(900);
    expect(both.b.timeline.view).toEqual({ fromNs: 50, toNs: 150 });

    active.value = 'b';
    both.b.cursor.seek(120);
    both.b.timeline.view = { fromNs: 100, toNs: 200 };
    expect(both.a.cursor.atNs).toBe(320);
    expect(both.a.timeline.view).toEqual({ fromNs: 300, toNs: 400 });

    alignNs.value = { a: 400, b: 100 };
    expect(both.a.timeline.view).toEqual({ fromNs: 400, toNs: 500 });
    scope.stop();
    both.b.cursor.seek(0);
    await nextTick();
    expect(both.a.cursor.atNs).toBe(420);
  });
});

describe('a comparison in the address', () => {
  it('names both runs and what they are aligned at', () => {
    const link = {
      runId: RUN,
      view: 'compare',
      with: OTHER_RUN,
      alignA: 'fault:f1',
      alignB: 'at:12',
    } as const;
    expect(parseLink(formatLink(link))).toEqual(link);
    expect(readPlace(writePlace(link))).toEqual(link);
    expect(parseLink(formatLink({ ...link, with: 'no run' }))).not.toHaveProperty('with');
  });

  it('is obeyed, and written from what the window shows', async () => {
    const { lab } = openWindow();
    lab.setRuns(summary(), summary({ runId: OTHER_RUN, title: 'Another' }));
    lab.onQuery('bookmarks', () => ({ bookmarks: [] }));
    const [place, compare, view] = [usePlaceStore(), useCompareStore(), useViewStore()];
    await place.goToLink(formatLink({ runId: RUN, view: 'compare', with: OTHER_RUN, alignB: 'at:12' }));
    await settle();
    expect(view.name).toBe('compare');
    expect(compare.otherId).toBe(OTHER_RUN);
    expect(compare.wanted).toEqual({ a: null, b: 'at:12' });
    expect(place.here).toMatchObject({ runId: RUN, view: 'compare', with: OTHER_RUN, alignB: 'at:12' });

    // Another run is opened: the comparison was of the one before.
    await useRunStore().open(OTHER_RUN);
    expect(compare.otherId).toBeNull();
  });

  it('is made of two different runs', async () => {
    openWindow().lab.setRuns(summary());
    const compare = useCompareStore();
    await expect(compare.start(RUN, RUN)).rejects.toThrow('with itself');
    for (const id of ['one', 'two', 'three']) compare.choose(id, true);
    expect(compare.chosen).toEqual(['two', 'three']);
    compare.choose('two', false);
    expect(compare.chosen).toEqual(['three']);
  });
});
