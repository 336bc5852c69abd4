import { describe, expect, it } from 'vitest';
import type { MessageRow } from '../../../src-main/api/index.ts';
import {
  flightLabel,
  flightsAt,
  flightsOfPlan,
  planFlights,
} from '../../../src-renderer/canvas/topology/flights.ts';
import { layoutTopology, linkLine } from '../../../src-renderer/canvas/topology/layout.ts';
import { LiveVotes } from '../../../src-renderer/canvas/topology/live-votes.ts';
import { parseLine } from '../../../src-renderer/stores/console-line.ts';
import { readPlace, writePlace } from '../../../src-renderer/stores/place.ts';
import { parseSelection } from '../../../src-renderer/stores/selection.ts';
import { defaultSettings, readSettings, writeSettings } from '../../../src-renderer/stores/settings.ts';
import { breakages } from '../../../src-renderer/wording/faults.ts';
import { bytes, milliseconds, seconds, span } from '../../../src-renderer/wording/figures.ts';
import { nodeDetail, nodeSentence } from '../../../src-renderer/wording/nodes.ts';
import { node, RUN } from './fake-lab.ts';

function vote(changes: Partial<MessageRow> = {}): MessageRow {
  return {
    id: 'n1/1/7',
    from: 'n1',
    to: 'n2',
    type: 'RequestVote',
    term: 2,
    sentNs: 1_000_000,
    arrivedNs: 1_090_000,
    deliveredNs: 1_100_000,
    fate: 'delivered',
    reason: null,
    bytes: 71,
    entries: 0,
    granted: null,
    ...changes,
  };
}
const REPLY = vote({
  id: 'n2/1/9',
  from: 'n2',
  to: 'n1',
  type: 'RequestVoteReply',
  sentNs: 1_300_000,
  arrivedNs: 1_390_000,
  deliveredNs: 1_400_000,
  granted: true,
});

describe('messages under way', () => {
  it('are, while time stands, those sent and not yet delivered, both ends included', () => {
    const at = (ns: number): number[] => flightsAt([vote()], ns).map((flight) => flight.progress);
    expect(at(999_999)).toEqual([]);
    expect(at(1_000_000)).toEqual([0]);
    expect(at(1_050_000)).toEqual([0.5]);
    expect(at(1_100_000)).toEqual([1]);
    expect(at(1_100_001)).toEqual([]);
  });

  it('take at least 400 ms of the watcher’s time when they are votes, and an answer waits for its request', () => {
    const plan = planFlights([REPLY, vote()], 1 / 200);
    const least = 400e6 / 200;
    expect(plan.map(({ row, startNs, endNs }) => [row.id, startNs, endNs])).toEqual([
      ['n1/1/7', 1_000_000, 1_000_000 + least],
      ['n2/1/9', 1_000_000 + least, 1_000_000 + 2 * least],
    ]);
    expect(flightsOfPlan(plan, 1_000_000 + least / 2).map((flight) => flight.progress)).toEqual([0.5]);
  });

  it('keep their true length where that can be seen', () => {
    const slow = vote({ deliveredNs: 51_000_000 });
    expect(planFlights([slow], 1 / 200)[0]?.endNs).toBe(51_000_000);
  });

  it('end on the way when they were lost', () => {
    const lost = vote({ fate: 'dropped', deliveredNs: null, arrivedNs: null });
    const [flight] = flightsOfPlan(planFlights([lost], 1 / 200), 1_000_000 + 2_000_000);
    expect(flight).toMatchObject({ lost: true, progress: 0.6 });
  });

  it('are named for what they mean', () => {
    expect(flightLabel(REPLY)).toBe('vote');
    expect(flightLabel({ ...REPLY, granted: false })).toBe('no vote');
    expect(flightLabel(vote({ type: 'AppendEntries', entries: 12 }))).toBe('12 entries');
    expect(flightLabel(vote({ type: 'AppendEntries', entries: 0 }))).toBe('');
  });
});

describe('votes of a live run', () => {
  it('are drawn once, from when they were first seen, although snapshots repeat them', () => {
    const votes = new LiveVotes();
    expect(votes.take([vote()], 1_200_000, 5_000)).toBe(true);
    expect(votes.flights(5_200).map((flight) => flight.progress)).toEqual([0.5]);
    expect(votes.take([vote()], 1_300_000, 5_210)).toBe(false);
    expect(votes.busy(5_399)).toBe(true);
    expect(votes.busy(5_401)).toBe(false);
    expect(votes.flights(5_401)).toEqual([]);
  });

  it('let an answer of a later snapshot wait until its request was drawn to arrive', () => {
    const votes = new LiveVotes();
    votes.take([vote()], 1_200_000, 5_000);
    votes.take([vote(), REPLY], 1_500_000, 5_033);
    expect(votes.flights(5_350).map((flight) => flight.id)).toEqual(['n1/1/7']);
    expect(votes.flights(5_600).map((flight) => flight.id)).toEqual(['n2/1/9']);
  });

  it('are left out when they are older than the window', () => {
    expect(new LiveVotes().take([vote()], 60e9, 5_000)).toBe(false);
  });
});

describe('the layout of nodes', () => {
  const rooms = [
    { width: 1_000, height: 650, rem: 16 },
    { width: 520, height: 380, rem: 16 },
    { width: 760, height: 520, rem: 24 },
  ];
  it.each(rooms)('keeps 1 to 9 boxes apart and inside $width × $height at $rem px', ({ rem, ...room }) => {
    for (let count = 1; count <= 9; count++) {
      const { box, centres } = layoutTopology(count, room, rem);
      centres.forEach((a, i) => {
        expect(a.x - box.width / 2).toBeGreaterThanOrEqual(0);
        expect(a.y - box.height / 2).toBeGreaterThanOrEqual(0);
        expect(a.x + box.width / 2).toBeLessThanOrEqual(room.width);
        expect(a.y + box.height / 2).toBeLessThanOrEqual(room.height);
        for (const b of centres.slice(i + 1)) {
          expect(Math.abs(a.x - b.x) >= box.width || Math.abs(a.y - b.y) >= box.height).toBe(true);
        }
      });
    }
  });

  it('draws the two directions of a link beside each other, from border to border', () => {
    const box = { width: 100, height: 50 };
    const there = linkLine({ x: 0, y: 0 }, { x: 400, y: 0 }, box, 4, 6);
    const back = linkLine({ x: 400, y: 0 }, { x: 0, y: 0 }, box, 4, 6);
    expect(there).toEqual({ from: { x: 56, y: 4 }, to: { x: 344, y: 4 } });
    expect(back.from.y).toBe(-4);
  });
});

describe('the key-value console', () => {
  const nodes = ['n1', 'n2', 'n3'];
  it('reads commands as people type them', () => {
    expect(parseLine('put greeting hello world', nodes)).toEqual({
      kind: 'command',
      command: { kind: 'put', key: 'greeting', value: 'hello world' },
    });
    expect(parseLine('  get   lamp ', nodes)).toEqual({
      kind: 'command',
      command: { kind: 'get', key: 'lamp' },
    });
    expect(parseLine('get lamp --stale n2', nodes)).toEqual({
      kind: 'command',
      command: { kind: 'get', key: 'lamp', stale: true, node: 'n2' },
    });
    expect(parseLine('cas lamp "off now" ""', nodes)).toEqual({
      kind: 'command',
      command: { kind: 'cas', key: 'lamp', expected: 'off now', value: '' },
    });
    expect(parseLine('delete lamp', nodes)).toEqual({
      kind: 'command',
      command: { kind: 'delete', key: 'lamp' },
    });
  });

  it('says how a command is used when it is not', () => {
    const errors = [
      'put lamp',
      'get',
      'get lamp --slow',
      'get lamp --stale n9',
      'cas a b',
      'fly',
      'put "a b',
    ].map((line) => parseLine(line, nodes));
    expect(errors.map((parsed) => (parsed.kind === 'error' ? parsed.text : parsed.kind))).toEqual([
      'Usage: put KEY VALUE',
      'Usage: get KEY [--log | --read-index | --lease | --stale [NODE]]',
      '“--slow” is not known; a read may be --log, --read-index, --lease, --stale.',
      'There is no node n9; this cluster has n1, n2, n3.',
      'Usage: cas KEY EXPECTED VALUE',
      '“fly” is not a command. Known: put, get, delete, cas, help, clear.',
      'A quotation mark is not closed.',
    ]);
  });
});

describe('what is broken', () => {
  const kill = { id: 'f1', type: 'kill', targets: ['n1'], startedNs: 0 };
  it('is said once, with the command that mends it', () => {
    expect(breakages([node('n1', { status: 'killed' }), node('n2', { status: 'paused' })], [kill])).toEqual([
      {
        key: 'n1',
        text: 'n1 killed',
        remedy: { title: 'Restart n1', command: { kind: 'restart', node: 'n1' } },
      },
      {
        key: 'n2',
        text: 'n2 paused',
        remedy: { title: 'Resume n2', command: { kind: 'resume', node: 'n2' } },
      },
    ]);
  });
  it('is not a node that was stopped in order', () => {
    expect(breakages([node('n1', { status: 'stopped' })], [])).toEqual([]);
  });
  it('is also a fault of a kind that this window does not know', () => {
    expect(breakages([], [{ id: 'f2', type: 'delay', targets: ['n1>n2'], startedNs: 0 }])).toEqual([
      { key: 'f2', text: 'n1 → n2 delay', remedy: null },
    ]);
  });
});

describe('words and figures', () => {
  it('carry units and as many digits as they need', () => {
    expect([0.16, 4.3, 493, 1_204].map(milliseconds)).toEqual(['0.16 ms', '4.3 ms', '493 ms', '1,204 ms']);
    expect([412, 4_100, 400_000, 12.3e6, 2.5e9].map(bytes)).toEqual([
      '412 B',
      '4.1 kB',
      '0.4 MB',
      '12.3 MB',
      '2.50 GB',
    ]);
    expect([0.4e9, 200e9, 7_500e9].map(span)).toEqual(['0.4 s', '3 min 20 s', '2 h 5 min']);
    expect(seconds(2.460112e9, 6)).toBe('2.460112 s');
  });
  it('say what matters most about a node', () => {
    expect(nodeDetail(node('n1', { votedFor: 'n3', lastIndex: 10 }), 10, 0)).toBe('vote n3');
    expect(nodeDetail(node('n1', { lastIndex: 1_152 }), 1_366, 0)).toBe('214 entries behind');
    expect(nodeDetail(node('n1', { status: 'killed', statusSinceNs: 1e9 }), 0, 1.9e9)).toBe('0.9 s ago');
    expect(nodeSentence(node('n1', { role: 'leader', term: 5, roleSinceNs: 1e9 }), 1.4e9)).toBe(
      'leader of term 5 for 0.4 s',
    );
  });
});

describe('the window’s address', () => {
  it('says run, view, moment and selection, and reads them back', () => {
    const place = { runId: RUN, view: 'timeline', atNs: 2_460_112_000, select: 'node:n3' };
    expect(readPlace(writePlace(place))).toEqual(place);
    expect(writePlace({ runId: null, view: 'home' })).toBe('');
  });
  it('ignores a moment or a selection that is none', () => {
    expect(readPlace('?run=x&at=-5').atNs).toBeUndefined();
    expect(parseSelection('node:n3')).toEqual({ kind: 'node', id: 'n3' });
    expect(parseSelection('planet:mars')).toBeNull();
  });
});

describe('settings', () => {
  it('come back as they were kept', () => {
    const settings = {
      ...defaultSettings(),
      theme: 'light',
      sizes: { inspector: 25 },
      keys: { a: ['Y'] },
    } as const;
    expect(readSettings(writeSettings({ ...settings, keys: { a: ['Y'] } }))).toEqual(settings);
  });
  it('take what is sound of a damaged text and the default for the rest', () => {
    expect(readSettings('{')).toEqual(defaultSettings());
    expect(
      readSettings(JSON.stringify({ format: 'quorum-lab-settings', version: 9, theme: 'light' })),
    ).toEqual(defaultSettings());
    const damaged = {
      format: 'quorum-lab-settings',
      version: 1,
      theme: 'pink',
      density: 'projector',
      sizes: { a: -1 },
      keys: { b: 'x' },
    };
    expect(readSettings(JSON.stringify(damaged))).toEqual({ ...defaultSettings(), density: 'projector' });
  });
});
