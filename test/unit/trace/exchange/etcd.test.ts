import { afterAll, describe, expect, it } from 'vitest';
import { createChecks } from '../../../../src-main/checks/model/checks.ts';
import { drawSchedule } from '../../../../src-main/simulation/schedule/draw.ts';
import { writeTrace } from '../../../../src-main/simulation/write-trace.ts';
import { sampleHeader } from '../sample-run.ts';
import { Folder, reading } from './exchanged.ts';

const folder = new Folder();
afterAll(() => folder.remove());

interface Line {
  name: string;
  nid: string;
  term?: number;
  vote?: string;
  commit?: number;
  role?: string;
  log?: number;
  msg?: object;
  prop?: object;
}

const MEMBERS = ['1', '2', '10'];

function line(
  { name, nid, term = 1, vote = '0', commit = 0, role = 'Follower', log = 0, msg, prop }: Line,
  ts?: number,
) {
  const event = {
    name,
    nid,
    state: { term, vote, commit },
    role: `State${role}`,
    log,
    conf: [MEMBERS, []],
    ...(msg && { msg }),
    ...(prop && { prop }),
  };
  return JSON.stringify(
    ts === undefined ? { event } : { level: 'debug', ts, msg: 'trace', tag: 'trace', event },
  );
}

function message(type: string, from: string, to: string, more: object = {}): object {
  const none = { entries: 0, logTerm: 0, index: 0, commit: 0, vote: '0', reject: false, rejectHint: 0 };
  return { type, term: 2, from, to, ...none, ...more };
}

const VOTE = message('MsgVote', '2', '10');
const GRANTED = message('MsgVoteResp', '10', '2');
const APPEND = message('MsgApp', '2', '10', { entries: 1 });
const candidate = { nid: '2', term: 2, vote: '2', role: 'Candidate' };
const leader = { nid: '2', term: 2, vote: '2', role: 'Leader', log: 1 };

/** Node 2 wins term 2 with the vote of node 10 and gets an entry through; node 1 hears of nothing. */
const STORY: Line[] = [
  ...MEMBERS.map((nid) => ({ name: 'InitState', nid })),
  { name: 'BecomeCandidate', ...candidate },
  { name: 'SendRequestVoteRequest', ...candidate, msg: message('MsgVote', '2', '1') },
  { name: 'SendRequestVoteRequest', ...candidate, msg: VOTE },
  { name: 'ReceiveRequestVoteResponse', ...candidate, msg: message('MsgVoteResp', '2', '2') },
  { name: 'ReceiveRequestVoteRequest', nid: '10', msg: VOTE },
  { name: 'SendRequestVoteResponse', nid: '10', term: 2, vote: '2', msg: GRANTED },
  { name: 'ReceiveRequestVoteResponse', ...candidate, msg: GRANTED },
  { name: 'BecomeLeader', ...leader, log: 0 },
  { name: 'Replicate', ...leader },
  { name: 'SendAppendEntriesRequest', ...leader, msg: APPEND },
  { name: 'ReceiveAppendEntriesRequest', nid: '10', term: 2, vote: '2', msg: APPEND },
  { name: 'Ready', nid: '10', term: 2, vote: '2', log: 1 },
  { name: 'ChangeConf', ...leader, prop: { cc: { changes: [{ nid: '3', action: 'AddLearner' }] } } },
  { name: 'Commit', ...leader, commit: 1 },
  { name: 'ApplyConfChange', ...leader, commit: 1, prop: { cc: { newconf: ['2', '10'] } } },
];
const timed = (): string => STORY.map((said, at) => line(said, 1_700_000_000.25 + at / 1_000)).join('\n');

describe('a trace of etcd-io/raft', () => {
  it('becomes a timeline: leader, term, votes, logs, membership and messages', async () => {
    const { out, format } = await folder.imported(folder.write('ndjson', timed()));
    expect(format).toBe('etcd-ndjson');
    reading(out, (trace) => {
      const info = trace.query('info', {});
      expect(info).toMatchObject({
        nodes: ['n1', 'n2', 'n10'],
        protocol: 'raft',
        startedAt: '2023-11-14T22:13:20.250Z',
      });
      const { nodes } = trace.query('stateAt', { atNs: info.durationNs });
      expect(nodes.find(({ id }) => id === 'n2')).toMatchObject({
        role: 'leader',
        term: 2,
        commit: 1,
        lastIndex: 1,
      });
      expect(nodes.find(({ id }) => id === 'n10')).toMatchObject({
        leader: 'n2',
        log: [{ first: 1, last: 1, term: 2 }],
      });
      expect(nodes.find(({ id }) => id === 'n1')).toMatchObject({ role: 'follower', term: 1, leader: null });
      expect(nodes[1]?.configuration?.configuration.voters).toEqual(['n2', 'n10']);
      expect(trace.query('elections', {}).elections).toMatchObject([
        { term: 2, leader: 'n2', voters: ['n10', 'n2'] },
      ]);
      const { rows } = trace.query('messages', { fromNs: 0, toNs: 1e12, limit: 10, heartbeats: true });
      expect(rows.map(({ from, to, type, fate }) => [from, to, type, fate])).toEqual([
        ['n2', 'n1', 'RequestVote', 'lost'],
        ['n2', 'n10', 'RequestVote', 'delivered'],
        ['n10', 'n2', 'RequestVoteReply', 'delivered'],
        ['n2', 'n10', 'AppendEntries', 'delivered'],
      ]);
      const asked = trace.query('events', {
        fromNs: 0,
        toNs: 1e12,
        limit: 5,
        filter: { kinds: ['operator'] },
      });
      expect(asked.events[0]?.text).toContain('add-learner n3');
    });
  });

  it('keeps the order of its lines and says that there were no times when they carry none', async () => {
    const { out } = await folder.imported(folder.write('ndjson', STORY.map((said) => line(said)).join('\n')));
    reading(out, (trace) => {
      const { options, durationNs } = trace.query('info', {});
      expect(JSON.stringify(options)).toContain('stand 1 ms apart');
      expect(durationNs).toBeGreaterThanOrEqual((STORY.length - 1) * 1e6);
      expect(trace.query('elections', {}).elections).toMatchObject([{ term: 2, leader: 'n2' }]);
    });
  });

  it('starts a node again where it begins once more', async () => {
    const again = [...STORY, { name: 'InitState', nid: '10', term: 2, vote: '2', log: 1 }];
    const { out } = await folder.imported(folder.write('ndjson', again.map((said) => line(said)).join('\n')));
    reading(out, (trace) => {
      const { nodes } = trace.query('stateAt', { atNs: 1e12 });
      expect(nodes.at(-1)).toMatchObject({
        id: 'n10',
        incarnation: 2,
        lastIndex: 1,
        log: [{ first: 1, last: 1, term: 2 }],
      });
    });
  });

  it.each([
    [
      'an event has no name that is known',
      { ...STORY[3], name: 'Guess' } as Line,
      /line 2: event\.name is not as in a trace/,
    ],
    ['a node is no number', { ...STORY[3], nid: 'x' } as Line, /line 2: event\.nid/],
    ['a term is no term', { ...STORY[3], term: -1 } as Line, /line 2: event\.state\.term/],
  ])('is refused where %s', async (_what, wrong, refusal) => {
    const file = folder.write('ndjson', [line(STORY[0] ?? wrong), line(wrong)].join('\n'));
    await expect(folder.imported(file)).rejects.toThrow(refusal);
  });
});

describe('a trace of ours in the shape of etcd-io/raft’s', () => {
  it('comes back with the same leaders and terms', async () => {
    const file = folder.file('qlab');
    await writeTrace(drawSchedule(7), file, sampleHeader());
    const { out } = await folder.imported(folder.exportedFile(file, 'etcd-ndjson'));
    const elections = [file, out].map((trace) =>
      reading(trace, (open) =>
        open.query('elections', {}).elections.map(({ term, leader, voters }) => ({ term, leader, voters })),
      ),
    );
    expect(elections[0]?.length).toBeGreaterThan(0);
    expect(elections[1]).toEqual(elections[0]);
  });

  it('shows no rule broken that was not broken before', async () => {
    const { out } = await folder.imported(folder.write('ndjson', timed()));
    const checks = createChecks({ facts: { clientSessions: false } });
    reading(out, (trace) => {
      for (const { event } of trace.query('events', { fromNs: 0, toNs: 1e12, limit: 1_000 }).events)
        checks.feed(event);
    });
    checks.finish();
    expect(checks.findings).toEqual([]);
  });
});
