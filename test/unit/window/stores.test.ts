import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useAnnouncer } from '../../../src-renderer/stores/announcer.ts';
import { announceElections } from '../../../src-renderer/stores/elections.ts';
import { useClusterState } from '../../../src-renderer/stores/clusterState.ts';
import { useControlStore } from '../../../src-renderer/stores/control.ts';
import { useCursorStore } from '../../../src-renderer/stores/cursor.ts';
import { useHistoryStore } from '../../../src-renderer/stores/history.ts';
import { useLibraryStore } from '../../../src-renderer/stores/library.ts';
import { useRunStore } from '../../../src-renderer/stores/run.ts';
import { useSelectionStore } from '../../../src-renderer/stores/selection.ts';
import { useSteppingStore } from '../../../src-renderer/stores/stepping.ts';
import { useViewStore } from '../../../src-renderer/stores/view.ts';
import { clusterState, node, openWindow, OTHER_RUN, RUN, settle, snapshotAt, summary } from './fake-lab.ts';
import type { FakeLab } from './fake-lab.ts';

let lab: FakeLab;
beforeEach(() => {
  ({ lab } = openWindow());
  useCursorStore();
  useClusterState();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function openLive(): Promise<void> {
  lab.setRuns(summary({ status: 'live', durationNs: 0 }));
  await useRunStore().open(RUN);
  lab.push(snapshotAt(2e9));
  await settle();
}

async function openSaved(): Promise<void> {
  lab.setRuns(summary());
  await useRunStore().open(RUN);
  await settle();
}

const ELECTION = {
  number: 1,
  term: 3,
  leader: 'n2',
  previousLeader: 'n1',
  lostNs: 1e9,
  startedNs: 1e9,
  firstCandidacyNs: 1.2e9,
  electedNs: 1.25e9,
  firstCommitNs: 1.26e9,
  detectionMs: 200,
  campaignMs: 50,
  firstCommitMs: 10,
  downtimeMs: null,
  splitVotes: 0,
  candidates: ['n2'],
  voters: ['n2', 'n3'],
  event: 'n2/1/40',
};

describe('the run', () => {
  it('watches a live run, and lets go of it once it has stopped', async () => {
    await openLive();
    const run = useRunStore();
    expect(run.live).toBe(true);
    expect(run.endNs).toBe(2e9);
    lab.setRuns(summary({ status: 'complete', durationNs: 3e9 }));
    await settle();
    expect(run.live).toBe(false);
    expect(run.snapshot).toBeNull();
    expect(lab.isWatched(RUN)).toBe(false);
    expect(run.endNs).toBe(3e9);
    expect(run.info?.status).toBe('complete');
  });

  it('starts to watch when the list of runs says only later that it lives', async () => {
    lab.setRuns(summary({ status: 'recording' }));
    await useRunStore().open(RUN);
    expect(useRunStore().live).toBe(false);
    lab.setRuns(summary({ status: 'live' }));
    lab.push(snapshotAt(1e9));
    expect(useRunStore().live).toBe(true);
    expect(useRunStore().endNs).toBe(1e9);
  });

  it('says why a run cannot be opened', async () => {
    lab.setRuns();
    await useRunStore().open(RUN);
    expect(useRunStore().error).toBe('There is no run of this id.');
  });

  it('drops the answer of a run that was left meanwhile', async () => {
    lab.setRuns(summary(), summary({ runId: OTHER_RUN, title: 'Another' }));
    const run = useRunStore();
    const first = run.open(RUN);
    await run.open(OTHER_RUN);
    await first;
    expect(run.info?.title).toBe('Another');
  });
});

describe('the state at the cursor', () => {
  it('is the snapshot at the live edge, without asking', async () => {
    await openLive();
    lab.calls.length = 0;
    lab.push(snapshotAt(3e9));
    await settle();
    expect(useClusterState().state?.atNs).toBe(3e9);
    expect(lab.calls.filter(({ params }) => 'query' in params && params.query === 'stateAt')).toEqual([]);
  });

  it('is asked of the trace anywhere else', async () => {
    await openSaved();
    useCursorStore().seek(1.5e9);
    await settle();
    expect(useClusterState().state?.atNs).toBe(1.5e9);
  });

  it('asks one question at a time and skips moments that the cursor has left', async () => {
    await openSaved();
    const asked: number[] = [];
    const answers: (() => void)[] = [];
    lab.onQuery('stateAt', ({ atNs }: { atNs: number }) => {
      asked.push(atNs);
      return new Promise((resolve) => answers.push(() => resolve(clusterState(atNs))));
    });
    const cursor = useCursorStore();
    for (const ns of [1e9, 2e9, 3e9]) {
      cursor.seek(ns);
      await settle();
    }
    expect(asked).toEqual([1e9]);
    answers.shift()?.();
    await settle();
    expect(asked).toEqual([1e9, 3e9]);
    answers.shift()?.();
    await settle();
    expect(useClusterState().state?.atNs).toBe(3e9);
  });

  it('knows the running leader of the highest term', async () => {
    await openLive();
    const nodes = [
      node('n1', { role: 'leader', term: 4 }),
      node('n2', { role: 'leader', term: 5 }),
      node('n3', { role: 'leader', term: 6, status: 'killed' }),
    ];
    lab.push(snapshotAt(3e9, { state: clusterState(3e9, nodes) }));
    expect(useClusterState().leader?.id).toBe('n2');
  });
});

describe('control of the cluster', () => {
  it('is given at the live edge', async () => {
    await openLive();
    lab.on('execute', () => ({ text: 'n1 was killed.' }));
    expect(useControlStore().ready).toBe(true);
    await useControlStore().execute({ kind: 'kill', node: 'n1' });
    expect(useAnnouncer().text).toBe('n1 was killed.');
    expect(lab.calls.at(-1)?.params).toEqual({ runId: RUN, command: { kind: 'kill', node: 'n1' } });
  });

  it('is refused in the past, with the reason and the way back', async () => {
    await openLive();
    useCursorStore().seek(0.5e9);
    expect(useControlStore().ready).toBe('you are viewing 1.5 s ago; End returns to the present.');
    await expect(useControlStore().execute({ kind: 'heal' })).rejects.toThrow('viewing 1.5 s ago');
  });

  it('is refused for saved traces and while the lab is out of reach', async () => {
    await openSaved();
    expect(useControlStore().ready).toBe('this is a saved trace; its cluster no longer runs.');
    lab.lose();
    expect(useControlStore().ready).toBe('the connection to the lab is lost.');
  });

  it('keeps the lab’s own words of a failure', async () => {
    await openLive();
    lab.on('execute', () => {
      throw new Error('n1 is not running.');
    });
    await expect(useControlStore().execute({ kind: 'pause', node: 'n1' })).rejects.toThrow();
    expect(useControlStore().error).toBe('n1 is not running.');
  });
});

describe('stepping', () => {
  it('moves the cursor, selects what was met and says it', async () => {
    await openSaved();
    lab.onQuery('step', () => ({ atNs: 2.460112e9, id: 'n3/1/12', text: 'n3 leader of term 5' }));
    await useSteppingStore().step('event', 'next');
    expect(useCursorStore().atNs).toBe(2.460112e9);
    expect(useSelectionStore().item).toEqual({ kind: 'event', id: 'n3/1/12' });
    expect(useAnnouncer().text).toBe('2.460112 s: n3 leader of term 5');
  });

  it('goes on from the event it stands on, among several of one moment', async () => {
    await openSaved();
    const asked: object[] = [];
    lab.onQuery('step', (params: object) => {
      asked.push(params);
      return { atNs: 2e9, id: `n1/1/${asked.length}`, text: 'x' };
    });
    await useSteppingStore().step('event', 'next');
    await useSteppingStore().step('event', 'next');
    expect(asked[1]).toEqual({ atNs: 2e9, direction: 'next', kind: 'event', id: 'n1/1/1' });
  });

  it('selects an election by its number, because a step answers with its event', async () => {
    lab.onQuery('elections', () => ({ elections: [ELECTION] }));
    await openSaved();
    useHistoryStore();
    await settle();
    lab.onQuery('step', () => ({ atNs: ELECTION.electedNs, id: ELECTION.event, text: 'n2 leads' }));
    await useSteppingStore().step('election', 'next');
    expect(useSelectionStore().item).toEqual({ kind: 'election', id: '1' });
  });

  it('says that there is nothing further', async () => {
    await openSaved();
    lab.onQuery('step', () => null);
    await useSteppingStore().step('election', 'previous');
    expect(useAnnouncer().text).toBe('There is no election before 0.000000 s.');
  });
});

describe('the library of runs', () => {
  it('shows the cluster of a run it started', async () => {
    lab.setRuns(summary({ status: 'live' }));
    lab.on('startRun', () => ({ runId: RUN }));
    await useLibraryStore().start({ nodes: 5, profile: 'workshop' });
    expect(useRunStore().runId).toBe(RUN);
    expect(useViewStore().name).toBe('cluster');
  });

  it('stays on Home with the reason when a run fails to start', async () => {
    lab.on('startRun', () => {
      throw new Error('Port 20001 is taken.');
    });
    await useLibraryStore().start({ nodes: 5, profile: 'workshop' });
    expect(useLibraryStore().error).toEqual({ task: 'start', text: 'Port 20001 is taken.' });
    expect(useViewStore().name).toBe('home');
    expect(useLibraryStore().busy).toBeNull();
  });

  it('does not open a trace that the lab refused', async () => {
    lab.setRuns(summary({ status: 'refused', error: 'No trace.' }));
    useRunStore();
    await useLibraryStore().open(RUN);
    expect(useRunStore().runId).toBeNull();
  });

  it('lets go of the run it deleted', async () => {
    await openSaved();
    lab.on('deleteRun', () => ({}));
    await useLibraryStore().remove(RUN);
    expect(useRunStore().runId).toBeNull();
  });
});

describe('the announcement of elections', () => {
  it('says each new election once, and none of those before the window opened', async () => {
    const stop = announceElections();
    await openLive();
    lab.push(snapshotAt(3e9, { elections: [ELECTION] }));
    await settle();
    expect(useAnnouncer().text).toBe('n2 elected in 250 ms, leader of term 3.');
    useAnnouncer().announce('');
    lab.push(snapshotAt(4e9, { elections: [ELECTION] }));
    await settle();
    expect(useAnnouncer().text).toBe('');
    stop();
  });
});
