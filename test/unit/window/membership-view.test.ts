/** What the window says of members, snapshots, leases, transfers and reads. */
import { timeAxis } from '../../../src-renderer/canvas/timeline/axis.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSSRApp } from 'vue';
import type { Component } from 'vue';
import { renderToString } from 'vue/server-renderer';
import type { Configuration, ConfigurationInForce, MessageDetail } from '../../../src-main/api/index.ts';
import { isQuorum } from '../../../src-main/api/index.ts';
import { parseCall } from '../../../src-main/api/schemas.ts';
import { styleOf } from '../../../src-renderer/canvas/timeline/arrows.ts';
import { hitMark, placeMarks } from '../../../src-renderer/canvas/timeline/lane-marks.ts';
import { layoutTimeline } from '../../../src-renderer/canvas/timeline/layout.ts';
import { snapshotBlock } from '../../../src-renderer/canvas/timeline/log-window.ts';
import { formOf, labelOf } from '../../../src-renderer/canvas/timeline/segments.ts';
import { tooltipText } from '../../../src-renderer/canvas/timeline/tooltip.ts';
import { flightLabel, isVote } from '../../../src-renderer/canvas/topology/flights.ts';
import { clusterCommands } from '../../../src-renderer/commands/cluster.ts';
import { commandState, defineCommands, runCommand } from '../../../src-renderer/commands/registry.ts';
import NodeBox from '../../../src-renderer/components/cluster/NodeBox.vue';
import FollowerTable from '../../../src-renderer/components/inspector/FollowerTable.vue';
import MemberList from '../../../src-renderer/components/inspector/MemberList.vue';
import { bodyFacts, explainMessage } from '../../../src-renderer/components/inspector/message-words.ts';
import RoleGlyph from '../../../src-renderer/components/RoleGlyph.vue';
import { useClusterState } from '../../../src-renderer/stores/clusterState.ts';
import { useConsoleStore } from '../../../src-renderer/stores/console.ts';
import { parseLine } from '../../../src-renderer/stores/console-line.ts';
import { useCursorStore } from '../../../src-renderer/stores/cursor.ts';
import { useRunStore } from '../../../src-renderer/stores/run.ts';
import { useSelectionStore } from '../../../src-renderer/stores/selection.ts';
import { configurationOf, originWords, standingWord } from '../../../src-renderer/wording/membership.ts';
import { nodeFacts } from '../../../src-renderer/wording/node-facts.ts';
import { targetWords } from '../../../src-renderer/wording/targets.ts';
import { nodeDetail } from '../../../src-renderer/wording/nodes.ts';
import { clusterState, node, openWindow, RUN, settle, snapshotAt, summary } from './fake-lab.ts';
import type { FakeLab } from './fake-lab.ts';
import { laneMark, message, segment } from './timeline-rows.ts';

const NOBODY: Configuration = {
  voters: [],
  outgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
  storage: {},
};
const JOINT: Configuration = {
  ...NOBODY,
  voters: ['n2', 'n3', 'n4'],
  outgoing: ['n1', 'n2', 'n3'],
  learners: ['n5'],
  autoLeave: true,
};

function inForce(configuration: Configuration, index = 9, committed = true): ConfigurationInForce {
  return { configuration, index, committed };
}

let lab: FakeLab;
beforeEach(() => {
  ({ lab } = openWindow());
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function sent(): unknown {
  return lab.calls.findLast(({ method }) => method === 'execute')?.params;
}

function render(component: Component, props: Record<string, unknown>): Promise<string> {
  return renderToString(createSSRApp(component, props));
}

/** What a reader would see of it. */
function textOf(html: string): string {
  return html
    .replace(/<!--.*?-->/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

describe('who takes part', () => {
  it('is what the leader of the highest term goes by, else the newest that is known committed', () => {
    const old = node('n1', { role: 'leader', term: 3, configuration: inForce(NOBODY) });
    const first = inForce({ ...NOBODY, voters: ['n1', 'n2'] }, 0);
    const next = inForce({ ...NOBODY, voters: ['n1', 'n2', 'n3'] }, 7, false);
    const leader = node('n2', { role: 'leader', term: 4, configuration: next });
    expect(configurationOf([old, leader, node('n3', { configuration: first })])).toBe(next);
    const [a, b] = [node('n1', { configuration: first }), node('n2', { configuration: next })];
    expect(configurationOf([a, b])).toBe(first);
    expect(configurationOf([node('n1')])).toBeNull();
  });

  it('is told of each node where its role does not tell it', () => {
    const joint = inForce(JOINT);
    const words = ['n1', 'n2', 'n4', 'n5', 'n6'].map((id) => standingWord(node(id), joint));
    expect(words).toEqual(['leaving', null, 'joining', null, 'no member']);
    expect(standingWord(node('n6', { lastIndex: 3 }), joint)).toBe('left');
  });

  it('decides what a quorum is: a majority of both halves while joint', () => {
    const with_ = (...there: string[]): boolean => isQuorum(JOINT, (id) => there.includes(id));
    expect(with_('n2', 'n3')).toBe(true);
    expect(with_('n1', 'n2', 'n5')).toBe(false);
    expect(with_('n1', 'n2', 'n4')).toBe(true);
  });

  it('is shown with both halves, the learners and where it comes from', async () => {
    const shown = textOf(await render(MemberList, { inForce: inForce(JOINT, 14, false) }));
    expect(shown).toContain('old voters n1 n2 n3 new voters n2 n3 n4 learners n5');
    expect(shown).toContain('entry 14, not committed yet');
    expect(shown).toContain('a majority of the old voters and one of the new');
    expect(originWords(inForce(JOINT, 0))).toBe('as the cluster began');
  });
});

describe('a node', () => {
  it('has a form of its own as a learner, a pre-candidate and a candidate', async () => {
    const forms = await Promise.all(
      ['learner', 'pre-candidate', 'candidate', 'follower', 'leader'].map((role) =>
        render(RoleGlyph, { node: { role, status: 'running' } }),
      ),
    );
    expect(new Set(forms).size).toBe(5);
  });

  it('says in its box that it learns, leaves, hands over or receives a snapshot', async () => {
    const box = async (changes: Parameters<typeof node>[1]): Promise<string> =>
      textOf(
        await render(NodeBox, {
          node: node('n1', changes),
          number: 1,
          configuration: inForce(JOINT),
          form: 'full',
          highestIndex: 10,
          atNs: 1e9,
          selected: false,
        }),
      );
    expect(await box({ lastIndex: 10, votedFor: 'n2' })).toContain('follower · leaving');
    expect(
      await box({ role: 'leader', lastIndex: 10, commit: 9, lease: { sinceNs: 0, forMs: 90 } }),
    ).toContain('commit 9 · lease');
    const transfer = { to: 'n2', sinceNs: 0, asked: false };
    expect(await box({ role: 'leader', lastIndex: 10, transfer })).toContain('hands over to n2');
    const incoming = { from: 'n2', index: 9, bytes: 64, total: 100 };
    expect(await box({ role: 'learner', incoming })).toContain('snapshot 64 %');
    expect(nodeDetail(node('n5', { role: 'learner', leader: 'n2' }), 0, 0)).toBe('hears n2');
    expect(nodeDetail(node('n5', { role: 'pre-candidate', votes: ['n5'] }), 0, 0)).toBe('1 promise');
  });

  it('tells its log, its snapshot and its lease in the inspector', () => {
    const facts = new Map(
      nodeFacts(
        node('n1', {
          role: 'leader',
          lastIndex: 1_366,
          compacted: 840,
          snapshot: { index: 860, term: 4 },
          lease: { sinceNs: 1e9, forMs: 812 },
        }),
        3e9,
        false,
      ),
    );
    expect(facts.get('log')).toBe('841 – 1,366, before that a snapshot');
    expect(facts.get('snapshot')).toBe('of entry 860 @ term 4');
    expect(facts.get('lease')).toBe('held for 2.0 s, 812 ms each');
  });

  it('shows as a leader how it sends to each of the others', async () => {
    const leader = node('n1', {
      role: 'leader',
      lastIndex: 900,
      configuration: inForce({ ...NOBODY, voters: ['n1', 'n2'], learners: ['n4'] }),
      progress: {
        n2: { match: 900, next: 901, state: 'replicate', inFlight: 2, sending: null },
        n3: { match: 0, next: 899, state: 'probe', inFlight: 0, sending: null },
        n4: { match: 0, next: 1, state: 'snapshot', inFlight: 0, sending: { index: 840, sinceNs: 0 } },
      },
    });
    const shown = textOf(await render(FollowerTable, { leader }));
    expect(shown).toContain('n2 replicate 900 901 2 0');
    expect(shown).toContain('n3 probe 0 899 – 900');
    expect(shown).toContain('n4 L snapshot 0 – of 840 900');
  });
});

describe('the timeline', () => {
  it('tells a pre-candidacy from a candidacy by its form', () => {
    const asks = segment({ role: 'pre-candidate', term: 4 });
    expect([formOf(asks), labelOf(asks)]).toEqual(['pre-candidate', 'pre-candidate · term 4']);
    expect(labelOf(segment({ role: 'learner', term: 4 }))).toBe('learner · term 4');
  });

  it('marks changes of members on the lane where they happened, and says how many fall together', () => {
    const layout = layoutTimeline({ widthPx: 1_124, heightPx: 400, nodes: ['n1', 'n2'], faultRows: 1 });
    const view = { fromNs: 0, toNs: 1e9 };
    const marks = [
      laneMark({ node: 'n2', atNs: 5e8, count: 3 }),
      laneMark({ node: 'n2', atNs: 2e9 }),
      laneMark({ node: 'n7', atNs: 5e8 }),
    ];
    const placed = placeMarks(marks, layout, timeAxis(view, layout.plotPx));
    expect(placed.map(({ x }) => x)).toEqual([500]);
    const hit = hitMark(placed, 503, layout.lanes[1]?.stripPx ?? 0);
    expect(hit).toBe(placed[0]);
    if (!hit) throw new Error('nothing was hit');
    expect(tooltipText({ kind: 'mark', placed: hit }, [])).toEqual({
      title: 'n2: configuration adopted',
      lines: ['at 0.5000 s', 'n1 adopts the configuration of entry 13: n1 n2 n3', 'and 2 more here: zoom in'],
    });
    expect(hitMark(placed, 520, layout.lanes[1]?.stripPx ?? 0)).toBeUndefined();
  });

  it('shows what a snapshot holds as one block in the logs', () => {
    const indexes = [836, 837, 838, 839, 840, 841, 842];
    const row = { node: 'n4', compacted: 841, snapshot: 860 };
    expect(snapshotBlock(row, indexes)).toEqual({
      columns: 6,
      text: '1–841 in a snapshot',
      title: 'n4: entries 1 to 841 are in the log no more; its snapshot of entry 860 holds what they led to',
    });
    expect(snapshotBlock({ ...row, compacted: 0, snapshot: null }, indexes)).toBeUndefined();
  });
});

describe('the messages beyond Figure 2', () => {
  function detail(type: string, body: object, given: Partial<MessageDetail> = {}): MessageDetail {
    return { ...message({ from: 'n1', to: 'n4', type, term: 5 }), body, ...given };
  }

  it('are drawn each in a style of its own', () => {
    const types = ['PreVote', 'TimeoutNow', 'InstallSnapshot', 'ReadIndex', 'AppendEntries'];
    expect(types.map((type) => styleOf(message({ type })))).toEqual([
      'pre-vote',
      'hand-over',
      'snapshot',
      'read',
      'heartbeat',
    ]);
    expect(isVote(message({ type: 'TimeoutNow' }))).toBe(true);
  });

  it('are named on their way for what they mean', () => {
    const label = (type: string, granted: boolean | null): string => flightLabel(message({ type, granted }));
    expect(label('PreVoteReply', true)).toBe('promise');
    expect(label('PreVoteReply', false)).toBe('no promise');
    expect(label('InstallSnapshotReply', null)).toBe('chunk');
    expect(label('InstallSnapshotReply', true)).toBe('installed');
    expect(label('ReadIndexReply', true)).toBe('read index');
  });

  it('explain themselves, with the section that they come from', () => {
    const chunk = detail('InstallSnapshot', {
      lastIndex: 840,
      lastTerm: 4,
      hash: 1,
      configuration: { ...NOBODY, voters: ['n1', 'n2'] },
      offset: 262_144,
      data: 100_000,
      total: 400_000,
      round: 7,
    });
    expect(bodyFacts(chunk)).toEqual([
      { name: 'snapshot of', value: '840 @ term 4' },
      { name: 'bytes', value: '262,144 – 362,144 of 400,000' },
      { name: 'members', value: 'n1 n2' },
      { name: 'round', value: '7' },
    ]);
    expect(explainMessage(chunk, [])).toMatchObject({ sections: ['7'], dissertation: ['5.1'] });
    expect(explainMessage(detail('TimeoutNow', {}), [])).toMatchObject({ dissertation: ['3.10'] });
    const promise = explainMessage(detail('PreVoteReply', { granted: true }), []);
    expect(promise.text).toContain('a promise binds nobody');
    const refused = explainMessage(
      detail('ReadIndexReply', { context: 3, index: null, reason: 'n1 does not lead' }),
      [],
    );
    expect(refused).toMatchObject({ title: 'Why it was refused', dissertation: ['6.4'] });
    expect(
      bodyFacts(detail('RequestVote', { lastLogIndex: 9, lastLogTerm: 2, transfer: true })),
    ).toContainEqual({ name: 'transfer', value: 'the leader asked for this election' });
  });
});

describe('commands', () => {
  const disposers: (() => void)[] = [];
  afterEach(() => {
    for (const dispose of disposers.splice(0)) dispose();
  });

  async function openLive(): Promise<void> {
    lab.setRuns(summary({ status: 'live', durationNs: 0 }));
    useCursorStore();
    useClusterState();
    await useRunStore().open(RUN);
    const voters = inForce({ ...NOBODY, voters: ['n1', 'n2'], learners: ['n3'] });
    lab.push(
      snapshotAt(1e9, {
        state: clusterState(1e9, [
          node('n1', { role: 'leader', configuration: voters, applied: 9 }),
          node('n2', { configuration: voters, applied: 9, snapshot: { index: 9, term: 1 } }),
          node('n3', { role: 'learner', configuration: voters }),
        ]),
      }),
    );
    await settle();
    lab.on('execute', () => ({ text: 'done' }));
    disposers.push(defineCommands(clusterCommands()));
  }

  it('hand the leadership to a voter, and say why not to others', async () => {
    await openLive();
    const selection = useSelectionStore();
    selection.select('node', 'n2');
    expect(runCommand('cluster.transfer')).toBe(true);
    await settle();
    expect(sent()).toMatchObject({ command: { kind: 'transfer', node: 'n2' } });
    selection.select('node', 'n3');
    expect(commandState('cluster.transfer')).toBe('n3 has no vote.');
    expect(commandState('cluster.campaign')).toBe('n3 has no vote, so it cannot stand for election.');
    selection.select('node', 'n1');
    expect(commandState('cluster.transfer')).toBe('n1 leads already.');
  });

  it('take a snapshot where something was applied since the last', async () => {
    await openLive();
    const selection = useSelectionStore();
    selection.select('node', 'n1');
    expect(runCommand('cluster.snapshot')).toBe(true);
    await settle();
    expect(sent()).toMatchObject({ command: { kind: 'snapshot', node: 'n1' } });
    selection.select('node', 'n2');
    expect(commandState('cluster.snapshot')).toBe('n2 has applied nothing since its snapshot of entry 9.');
  });

  it('pass the door of the lab', () => {
    const execute = (command: object): unknown => parseCall('execute', { runId: RUN, command }).params;
    const changes = [{ kind: 'add-learner', node: 'n4' }];
    for (const command of [
      { kind: 'transfer', node: 'n2' },
      { kind: 'snapshot', node: 'n2' },
      { kind: 'change-membership', changes, transition: 'joint-explicit' },
      { kind: 'leave-joint' },
      { kind: 'get', key: 'lamp', read: 'read-index' },
    ])
      expect(execute(command)).toEqual({ runId: RUN, command });
    expect(() => execute({ kind: 'change-membership', changes: [] })).toThrow('changes');
  });
});

describe('a fault on links', () => {
  it('is named by what its links are together, however many', () => {
    expect(targetWords(['n1', 'n2'])).toBe('n1, n2');
    expect(targetWords(['n1>n2'])).toBe('n1 → n2');
    expect(targetWords(['n2>n1', 'n1>n2'])).toBe('n1 ⇄ n2');
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5'];
    const links = nodes.flatMap((a) => nodes.filter((b) => b !== a).map((b) => `${a}>${b}`));
    expect(targetWords(links)).toBe('all links');
    expect(targetWords(links.slice(1))).toBe('n1 ⇄ n3, n1 ⇄ n4 and 8 more links');
  });
});

describe('a read in the console', () => {
  it('says how it is to be made', () => {
    const read = (line: string): unknown => parseLine(line, ['n1', 'n2']);
    expect(read('get lamp --read-index')).toEqual({
      kind: 'command',
      command: { kind: 'get', key: 'lamp', read: 'read-index' },
    });
    expect(read('get lamp --lease n1')).toMatchObject({ kind: 'error' });
    expect(read('get lamp --fast')).toMatchObject({ kind: 'error' });
  });

  it('follows what was chosen, and its answer is labelled', async () => {
    lab.setRuns(summary({ status: 'live', durationNs: 0 }));
    useCursorStore();
    useClusterState();
    await useRunStore().open(RUN);
    lab.push(snapshotAt(1e9));
    await settle();
    const operation = {
      id: 'k/1',
      outcome: 'ok',
      value: 'on',
      index: 9,
      node: 'n2',
      tookMs: 1.5,
      error: null,
    };
    lab.on('execute', () => ({ text: 'ok', operation }));
    const console_ = useConsoleStore();
    console_.reads = 'lease';
    await console_.enter('get lamp');
    expect(sent()).toMatchObject({ command: { kind: 'get', key: 'lamp', read: 'lease' } });
    expect(console_.lines.at(-1)).toMatchObject({ lead: 'on', text: 'index 9 · 1.5 ms · n2 · by the lease' });
    console_.reads = 'stale';
    useSelectionStore().select('node', 'n3');
    await console_.enter('get lamp');
    expect(sent()).toMatchObject({ command: { kind: 'get', stale: true, node: 'n3' } });
    await console_.enter('get lamp --log');
    expect(sent()).toMatchObject({ command: { kind: 'get', read: 'log' } });
  });
});
