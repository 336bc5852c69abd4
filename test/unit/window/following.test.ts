import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type {
  EntryStory,
  EventDetail,
  MessageRow,
  StoryMoment,
  TraceEvent,
} from '../../../src-main/api/index.ts';
import { followingCommands } from '../../../src-renderer/commands/following.ts';
import { useAnnouncer } from '../../../src-renderer/stores/announcer.ts';
import { useCursorStore } from '../../../src-renderer/stores/cursor.ts';
import { formatTarget, parseEntry, parseTarget } from '../../../src-renderer/stores/follow-target.ts';
import { useFollowingStore } from '../../../src-renderer/stores/following.ts';
import { useRunStore } from '../../../src-renderer/stores/run.ts';
import { useSelectionStore } from '../../../src-renderer/stores/selection.ts';
import { openWindow, OTHER_RUN, RUN, settle, snapshotAt, summary } from './fake-lab.ts';
import type { FakeLab } from './fake-lab.ts';

const SENT: MessageRow = {
  id: 'n1/1/3',
  from: 'n1',
  to: 'n2',
  type: 'AppendEntries',
  term: 1,
  sentNs: 1_000,
  arrivedNs: 2_000,
  deliveredNs: 2_000,
  fate: 'delivered',
  reason: null,
  bytes: 100,
  entries: 1,
  granted: null,
};

function moment(where: string, stage: StoryMoment['stage'], atNs: number, seq: number): StoryMoment {
  return {
    where,
    stage,
    atNs,
    event: `${where}/1/${seq}`,
    message: null,
    outcome: null,
    text: `${where} ${stage}`,
  };
}

const ENTRY: EntryStory = {
  index: 7,
  term: 2,
  otherTerms: [],
  command: 'put lamp on',
  operation: 'c1/7',
  moments: [
    moment('n1', 'created', 1_000, 2),
    { ...moment('n2', 'appended', 2_000, 8), message: SENT.id },
    moment('n2', 'durable', 3_000, 9),
    moment('n1', 'committed', 5_000, 11),
  ],
  messages: [SENT],
  replies: [],
  missing: [{ node: 'n3', text: 'never replicated to n3: no message carried it there' }],
};

function detail(source: string, seq: number, atNs: number, payload: object, text: string): EventDetail {
  const event = { source, incarnation: 1, seq, atNs, step: 1, ...payload } as TraceEvent;
  return { id: `${source}/1/${seq}`, event, text };
}
const FIRED = detail('n1', 2, 900, { kind: 'timer-fired', timer: 'heartbeat', lateNs: 5 }, 'a timer fires');
const SEND = detail(
  'n1',
  3,
  1_000,
  { kind: 'send', to: 'n2', type: 'AppendEntries', term: 1, bytes: 1, body: {} },
  'n1 sends',
);
const ARRIVE = detail(
  'n2',
  7,
  2_000,
  { kind: 'arrive', message: SENT.id, from: 'n1', type: 'AppendEntries' },
  'it arrives',
);
const DELIVER = detail(
  'n2',
  8,
  2_001,
  { kind: 'deliver', message: SENT.id, from: 'n1', type: 'AppendEntries', term: 1 },
  'n2 takes it in',
);

let lab: FakeLab;
beforeEach(async () => {
  ({ lab } = openWindow());
  lab.setRuns(summary(), summary({ runId: OTHER_RUN }));
  useCursorStore();
  await useRunStore().open(RUN);
  await settle();
  lab.onQuery('entryStory', ({ index }: { index: number }) => (index === 7 ? ENTRY : null));
  lab.onQuery('chain', () => ({ causes: [FIRED, SEND], effects: [ARRIVE, DELIVER], messages: [SENT] }));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function command(id: string): { state: boolean | string; run: () => unknown } {
  const found = followingCommands().find((candidate) => candidate.id === id);
  if (!found) throw new Error(`there is no command ${id}`);
  return { state: found.when?.() ?? true, run: found.run };
}

describe('an entry that is followed', () => {
  it('gives the drawing its messages and marked moments, and the list what is missing', async () => {
    const following = useFollowingStore();
    await following.follow({ kind: 'entry', index: 7, term: null });
    expect(following.followed).toMatchObject({
      kind: 'entry',
      title: 'Entry 7 of term 2',
      note: 'put lamp on',
    });
    expect(following.followed?.messages).toEqual(new Set([SENT.id]));
    expect(following.followed?.moments.map(({ node, label, tone }) => [node, label, tone])).toEqual([
      ['n1', 'created', 'begun'],
      ['n2', 'appended', 'plain'],
      ['n2', 'durable', 'plain'],
      ['n1', 'committed', 'ok'],
    ]);
    expect(following.followed?.missing).toHaveLength(1);
    expect(following.isFollowed({ kind: 'entry', index: 7, term: 2 })).toBe(true);
    expect(useAnnouncer().text).toBe('Following: Entry 7 of term 2.');
  });

  it('is walked step by step both ways, and stays followed meanwhile', async () => {
    const following = useFollowingStore();
    const cursor = useCursorStore();
    await following.follow({ kind: 'entry', index: 7, term: 2 });
    const seen: number[] = [];
    for (const direction of ['next', 'next', 'next', 'next', 'next', 'previous', 'previous'] as const) {
      following.step(direction);
      seen.push(cursor.atNs);
    }
    expect(seen).toEqual([1_000, 2_000, 3_000, 5_000, 5_000, 3_000, 2_000]);
    expect(useSelectionStore().item).toEqual({ kind: 'event', id: 'n2/1/8' });
    expect(following.followed?.title).toBe('Entry 7 of term 2');
  });

  it('goes back to the moment before the cursor where it stands between two', async () => {
    const following = useFollowingStore();
    await following.follow({ kind: 'entry', index: 7, term: 2 });
    useCursorStore().seek(2_500);
    following.step('previous');
    expect(useCursorStore().atNs).toBe(2_000);
    useCursorStore().seek(2_500);
    following.step('next');
    expect(useCursorStore().atNs).toBe(3_000);
  });

  it('that nobody held says so', async () => {
    const following = useFollowingStore();
    await following.follow({ kind: 'entry', index: 99, term: 3 });
    expect(following.followed).toBeNull();
    expect(following.error).toBe('Entry 99 of term 3 is not in this trace.');
  });

  it('is let go of with its run', async () => {
    await useFollowingStore().follow({ kind: 'entry', index: 7, term: 2 });
    await useRunStore().open(OTHER_RUN);
    expect(useFollowingStore().target).toBeNull();
    expect(useFollowingStore().followed).toBeNull();
  });

  it('is looked at again while its run goes on', async () => {
    await useFollowingStore().follow({ kind: 'entry', index: 7, term: 2 });
    lab.setRuns(summary({ status: 'live', durationNs: 0 }));
    lab.onQuery('entryStory', () => ({ ...ENTRY, missing: [] }));
    lab.push(snapshotAt(9e9));
    await settle();
    expect(useFollowingStore().followed?.missing).toEqual([]);
    lab.onQuery('entryStory', () => {
      throw new Error('The reader has ended.');
    });
    lab.push(snapshotAt(11e9));
    await settle();
    expect(useFollowingStore().followed?.title).toBe('Entry 7 of term 2');
  });
});

describe('cause and effects', () => {
  it('are pinned by C and let go of by C', async () => {
    const following = useFollowingStore();
    expect(command('follow.pin').state).toBe('select a message, an event or an operation first.');
    useSelectionStore().select('message', SENT.id);
    expect(command('follow.pin').state).toBe(true);
    await command('follow.pin').run();
    expect(following.followed).toMatchObject({ kind: 'message', title: 'n1 sends' });
    expect(following.followed?.messages).toEqual(new Set([SENT.id]));
    expect(following.followed?.moments.map(({ label }) => label)).toEqual([
      'timer fired',
      'sends AppendEntries to n2',
      'takes in AppendEntries',
    ]);
    useSelectionStore().select('node', 'n2');
    await command('follow.pin').run();
    expect(following.followed).toBeNull();
  });

  it('are walked to from whatever is selected: the cause, and what is taken in rather than that it arrived', async () => {
    const following = useFollowingStore();
    useSelectionStore().select('message', SENT.id);
    await following.walk('effect');
    expect(useSelectionStore().item).toEqual({ kind: 'event', id: DELIVER.id });
    expect(useCursorStore().atNs).toBe(2_001);
    useSelectionStore().select('message', SENT.id);
    await following.walk('cause');
    expect(useSelectionStore().item).toEqual({ kind: 'event', id: FIRED.id });
  });

  it('say when there is nothing further', async () => {
    lab.onQuery('chain', () => ({ causes: [FIRED], effects: [], messages: [] }));
    useSelectionStore().select('event', FIRED.id);
    await useFollowingStore().walk('cause');
    expect(useAnnouncer().text).toBe('Nothing recorded led to it.');
    await useFollowingStore().walk('effect');
    expect(useAnnouncer().text).toBe('Nothing recorded came of it.');
  });
});

describe('what is followed, in words', () => {
  it('is read back from how links name it', () => {
    for (const text of ['entry:1353@5', 'entry:7', 'operation:c1/7', 'message:n3/1/204']) {
      const target = parseTarget(text);
      expect(target && formatTarget(target)).toBe(text);
    }
    expect(parseTarget('entry:0')).toBeNull();
    expect(parseTarget('planet:mars')).toBeNull();
    expect(parseEntry('1,353@5')).toEqual({ kind: 'entry', index: 1_353, term: 5 });
    expect(parseEntry('five')).toBeNull();
  });
});
