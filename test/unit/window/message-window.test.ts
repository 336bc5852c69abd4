import { effectScope } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageRow } from '../../../src-main/api/index.ts';
import { useMessageWindow } from '../../../src-renderer/components/cluster/message-window.ts';
import { useCursorStore } from '../../../src-renderer/stores/cursor.ts';
import { useRunStore } from '../../../src-renderer/stores/run.ts';
import { openWindow, RUN, settle, summary } from './fake-lab.ts';
import type { FakeLab, Frames } from './fake-lab.ts';

const MS = 1e6;

function vote(number: number, sentNs: number): MessageRow {
  return {
    id: `n1/1/${number}`,
    from: 'n1',
    to: 'n2',
    type: 'RequestVote',
    term: 1,
    sentNs,
    arrivedNs: sentNs + 100_000,
    deliveredNs: sentNs + 100_000,
    fate: 'delivered',
    reason: null,
    bytes: 50,
    entries: 0,
    granted: null,
  };
}

let lab: FakeLab;
let frames: Frames;
beforeEach(async () => {
  ({ lab, frames } = openWindow());
  lab.setRuns(summary());
  useCursorStore();
  await useRunStore().open(RUN);
  const all = Array.from({ length: 400 }, (_, at) => vote(at + 1, at * 20 * MS));
  lab.onQuery('messages', ({ fromNs, toNs }: { fromNs: number; toNs: number }) => {
    const rows = all.filter(({ sentNs }) => sentNs >= fromNs && sentNs < toNs);
    return { rows, total: rows.length };
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('messages under way while a saved trace plays', () => {
  it.each([
    [1, 1],
    [1, -1],
    [1 / 10, 1],
    [1 / 10, -1],
    [1 / 1_000, 1],
    [1 / 1_000, -1],
    [10, 1],
    [10, -1],
  ] as const)('are seen at %f times its speed, direction %i, in every frame', async (rate, direction) => {
    const scope = effectScope();
    const messages = scope.run(useMessageWindow);
    const cursor = useCursorStore();
    cursor.setRate(rate);
    // Early in a message's flight forwards, late in it backwards: 400 ms of the watcher's time.
    cursor.seek(4_000 * MS + 400 * MS * rate * (direction > 0 ? 0.05 : 0.95));
    cursor.play(direction);
    await settle();
    const seen: number[] = [];
    for (let frame = 0; frame < 10; frame++) {
      frames.pass(30);
      await settle();
      seen.push(messages?.flights().length ?? 0);
    }
    expect(seen.filter((count) => count > 0)).toHaveLength(10);
    scope.stop();
  });

  it('move towards their receiver forwards, and back to their sender backwards', async () => {
    const scope = effectScope();
    const messages = scope.run(useMessageWindow);
    const cursor = useCursorStore();
    cursor.setRate(1 / 200);
    cursor.seek(4_000 * MS);
    const progress = async (): Promise<number> => {
      frames.pass(60);
      await settle();
      return messages?.flights().find(({ id }) => id === 'n1/1/201')?.progress ?? NaN;
    };
    cursor.play(1);
    const first = await progress();
    const second = await progress();
    expect(second).toBeGreaterThan(first);
    cursor.play(-1);
    expect(await progress()).toBeCloseTo(first, 5);
    scope.stop();
  });
});
