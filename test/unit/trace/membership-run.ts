/**
 * The spools of a run in which membership changes: n1 leads n1, n2, n3; its log is compacted; n4 joins as a learner and is sent a
 * snapshot, takes n1's place through a joint configuration, and is handed the leadership; n1 is removed.
 */
import type { Configuration, ProgressState } from '../../../src-main/consensus/replica.ts';
import type { EventId } from '../../../src-main/trace/model/events.ts';
import { MS, SampleRun, replicate } from './sample-run.ts';

const NOBODY: Configuration = {
  voters: [],
  outgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
  storage: {},
};
const FIRST: Configuration = { ...NOBODY, voters: ['n1', 'n2', 'n3'] };
export const WITH_LEARNER: Configuration = { ...FIRST, learners: ['n4'] };
export const JOINT: Configuration = {
  ...NOBODY,
  voters: ['n2', 'n3', 'n4'],
  outgoing: ['n1', 'n2', 'n3'],
  autoLeave: true,
};
export const LAST: Configuration = { ...NOBODY, voters: ['n2', 'n3', 'n4'] };

/** Bytes of the snapshot. */
export const SNAPSHOT_BYTES = 300_000;
/** When things happen, in ms. */
export const TIMES = {
  compacted: 500,
  joined: 600,
  learner: 650,
  installed: 700,
  joint: 900,
  left: 950,
  transfer: 1_100,
  elected: 1_130,
  removed: 1_300,
  ended: 2_000,
} as const;

export function writeMembershipRun(folder: string): SampleRun {
  const run = new SampleRun(folder);
  run.at(0).record('lab', { kind: 'run-started', nodes: ['n1', 'n2', 'n3'] });
  for (const [at, node] of ['n1', 'n2', 'n3'].entries()) start(run.at(10 + 5 * at), node, 1, FIRST);
  electWithPreVote(run.at(150), 'n1', 'n2', 1);
  run.record('n3', { kind: 'leader', term: 1, leader: 'n1' });
  run.record('n1', { kind: 'lease', held: true, forMs: 135, reason: 'a quorum answered round 1' });
  for (let index = 1; index <= 12; index++) replicate(run.at(160 + index * 20), 'n1', ['n2', 'n3'], 1, index);
  compact(run.at(TIMES.compacted));
  join(run);
  replaceMember(run);
  handOver(run);
  for (let index = 16; index <= 20; index++)
    replicate(run.at(1_140 + (index - 15) * 25), 'n4', ['n2', 'n3'], 2, index);
  leave(run);
  run.at(TIMES.ended).record('lab', { kind: 'run-stopped', reason: 'the scenario was over' });
  run.flush();
  return run;
}

function start(run: SampleRun, node: string, of: number, configuration: Configuration): void {
  const pid = 100 * of + Number(node.slice(1));
  run.record('lab', { kind: 'process-spawned', node, pid, port: 20_000, of });
  run.begin(node);
  run.record(node, {
    kind: 'node-started',
    pid,
    term: 0,
    votedFor: null,
    lastIndex: 0,
    applied: 0,
    log: [],
    configuration,
    storageId: `disk-${node}`,
  });
  run.record('lab', { kind: 'process-ready', node, of });
}

/** `leader` asks first whether it could win `term`, 10 ms later stands for it, and wins with the vote of `voter`. */
export function electWithPreVote(run: SampleRun, leader: string, voter: string, term: number): void {
  const startNs = run.nowNs;
  const log = { lastLogIndex: 0, lastLogTerm: 0 };
  const fired = run.record(leader, { kind: 'timer-fired', timer: 'election', lateNs: 300_000 });
  const reason = 'election timeout';
  run.record(leader, { kind: 'role', from: 'follower', to: 'pre-candidate', term: term - 1, reason }, fired);
  run.record(
    leader,
    { kind: 'tally', term, pre: true, voter: leader, granted: true, votes: 1, needed: 2 },
    fired,
  );
  run.message(leader, voter, 'PreVote', term, log, { cause: fired });
  run.nowNs = startNs + 5 * MS;
  run.message(voter, leader, 'PreVoteReply', term, { granted: true });
  run.nowNs = startNs + 10 * MS;
  run.record(leader, { kind: 'tally', term, pre: true, voter, granted: true, votes: 2, needed: 2 });
  const won = 'a quorum would vote for it';
  run.record(leader, { kind: 'term', from: term - 1, to: term, reason: won });
  run.record(leader, { kind: 'role', from: 'pre-candidate', to: 'candidate', term, reason: won });
  run.record(leader, { kind: 'vote', term, candidate: leader, reason: won });
  run.record(leader, { kind: 'tally', term, voter: leader, granted: true, votes: 1, needed: 2 });
  run.message(leader, voter, 'RequestVote', term, log);
  run.nowNs = startNs + 12 * MS;
  run.record(voter, { kind: 'term', from: term - 1, to: term, reason: `RequestVote of ${leader}` });
  run.record(voter, { kind: 'vote', term, candidate: leader, reason: 'log 0@0 not behind 0@0' });
  run.message(voter, leader, 'RequestVoteReply', term, { granted: true });
  run.nowNs = startNs + 15 * MS;
  takeOffice(run, leader, voter, term);
}

function takeOffice(run: SampleRun, leader: string, voter: string, term: number): void {
  run.record(leader, { kind: 'tally', term, voter, granted: true, votes: 2, needed: 2 });
  const reason = `votes from ${leader}, ${voter}`;
  run.record(leader, { kind: 'role', from: 'candidate', to: 'leader', term, reason });
  run.record(leader, { kind: 'leader', term, leader });
  run.record(voter, { kind: 'leader', term, leader });
  run.flush();
}

function compact(run: SampleRun): void {
  const command = { kind: 'snapshot', node: 'n1' };
  const asked = run.record('lab', { kind: 'operator', command, origin: 'window' });
  const mark = { index: 12, term: 1, hash: 1_201, bytes: SNAPSHOT_BYTES };
  run.record('n1', { kind: 'snapshot', stage: 'saved', ...mark }, asked);
  run.record('n1', { kind: 'compact', to: 10, term: 1 }, asked);
}

function progress(
  run: SampleRun,
  leader: string,
  peer: string,
  match: number,
  state: ProgressState = 'replicate',
): void {
  run.record(leader, { kind: 'progress', peer, match, next: match + 1, state, inFlight: 0 });
}

function change(run: SampleRun, nodes: readonly string[], index: number, configuration: Configuration): void {
  for (const node of nodes) {
    run.record(node, {
      kind: 'append',
      first: index,
      last: index,
      term: 1,
      hash: index * 100 + 1,
      entries: [{ data: JSON.stringify(configuration) }],
    });
    run.record(node, { kind: 'configuration', stage: 'adopted', index, configuration });
  }
}

function commit(run: SampleRun, nodes: readonly string[], index: number, configuration: Configuration): void {
  const hash = index * 100 + 1;
  for (const node of nodes) {
    run.record(node, { kind: 'commit', from: index - 1, to: index, hash });
    run.record(node, { kind: 'configuration', stage: 'committed', index, configuration });
    run.record(node, { kind: 'apply', from: index, to: index, hash });
  }
}

/** n4 comes up knowing nobody, is made a learner by entry 13, and is sent the snapshot in two chunks. */
function join(run: SampleRun): void {
  start(run.at(TIMES.joined), 'n4', 1, NOBODY);
  run.at(TIMES.learner).record('lab', {
    kind: 'operator',
    command: { kind: 'change-membership', changes: [{ kind: 'add-learner', node: 'n4' }] },
    origin: 'window',
  });
  change(run, ['n1', 'n2', 'n3'], 13, WITH_LEARNER);
  progress(run, 'n1', 'n4', 0, 'probe');
  commit(run.at(TIMES.learner + 5), ['n1', 'n2', 'n3'], 13, WITH_LEARNER);
  run.at(TIMES.learner + 10);
  progress(run, 'n1', 'n4', 0, 'snapshot');
  const mark = { index: 12, term: 1, hash: 1_201 };
  run.record('n1', { kind: 'snapshot', stage: 'sending', ...mark, peer: 'n4' });
  const body = {
    lastIndex: 12,
    lastTerm: 1,
    hash: 1_201,
    configuration: FIRST,
    total: SNAPSHOT_BYTES,
    round: 9,
  };
  const first = run.message('n1', 'n4', 'InstallSnapshot', 1, { ...body, offset: 0, data: 200_000 });
  run.at(TIMES.learner + 11).record('n4', { kind: 'term', from: 0, to: 1, reason: 'InstallSnapshot of n1' });
  run.record('n4', { kind: 'leader', term: 1, leader: 'n1' });
  const half = { ...mark, peer: 'n1', bytes: 200_000, total: SNAPSHOT_BYTES };
  run.record('n4', { kind: 'snapshot', stage: 'receiving', ...half }, first);
  run.message('n4', 'n1', 'InstallSnapshotReply', 1, {
    lastIndex: 12,
    next: 200_000,
    installed: false,
    round: 9,
  });
  const rest = run
    .at(TIMES.installed - 5)
    .message('n1', 'n4', 'InstallSnapshot', 1, { ...body, offset: 200_000, data: 100_000 });
  install(run.at(TIMES.installed), rest);
  run.message('n4', 'n1', 'InstallSnapshotReply', 1, {
    lastIndex: 12,
    next: SNAPSHOT_BYTES,
    installed: true,
    round: 9,
  });
  run.at(TIMES.installed + 2).record('n1', { kind: 'snapshot', stage: 'sent', ...mark, peer: 'n4' });
  progress(run, 'n1', 'n4', 12);
  run.at(TIMES.installed + 5);
  change(run, ['n4'], 13, WITH_LEARNER);
  commit(run, ['n4'], 13, WITH_LEARNER);
  progress(run, 'n1', 'n4', 13);
  run.flush();
}

function install(run: SampleRun, cause: EventId): void {
  const mark = { index: 12, term: 1, hash: 1_201, peer: 'n1' };
  run.record('n4', { kind: 'snapshot', stage: 'installed', ...mark, bytes: SNAPSHOT_BYTES }, cause);
  run.record('n4', { kind: 'configuration', stage: 'restored', index: 12, configuration: FIRST }, cause);
  run.record('n4', { kind: 'restore', index: 12, bytes: SNAPSHOT_BYTES }, cause);
}

const EVERYBODY = ['n1', 'n2', 'n3', 'n4'];

/** n4 takes n1's place: entry 14 is the joint configuration, entry 15 leaves it. */
function replaceMember(run: SampleRun): void {
  run.at(TIMES.joint).record('lab', {
    kind: 'operator',
    command: {
      kind: 'change-membership',
      changes: [
        { kind: 'add-voter', node: 'n4' },
        { kind: 'remove', node: 'n1' },
      ],
      transition: 'joint',
    },
    origin: 'window',
  });
  change(run, EVERYBODY, 14, JOINT);
  run.record('n4', {
    kind: 'role',
    from: 'learner',
    to: 'follower',
    term: 1,
    reason: 'the configuration of entry 14',
  });
  for (const peer of ['n2', 'n3', 'n4']) progress(run.at(TIMES.joint + 3), 'n1', peer, 14);
  commit(run.at(TIMES.joint + 5), EVERYBODY, 14, JOINT);
  change(run.at(TIMES.left), EVERYBODY, 15, LAST);
  run.flush();
}

/** Entry 15 commits when n4 has taken over. */
function handOver(run: SampleRun): void {
  run.at(TIMES.transfer).record('lab', {
    kind: 'operator',
    command: { kind: 'transfer', node: 'n4' },
    origin: 'window',
  });
  run.record('n1', { kind: 'transfer', stage: 'started', to: 'n4', reason: 'an operator asked for it' });
  run.record('n1', { kind: 'lease', held: false, forMs: 0, reason: 'handing over to n4' });
  run.at(TIMES.transfer + 10).record('n1', {
    kind: 'transfer',
    stage: 'timeout-now',
    to: 'n4',
    reason: 'n4 holds the log up to 15',
  });
  const handed = run.message('n1', 'n4', 'TimeoutNow', 1, {});
  run.at(TIMES.elected - 10).record('n4', { kind: 'term', from: 1, to: 2, reason: 'n1 hands over' }, handed);
  const reason = 'n1 hands over';
  run.record('n4', { kind: 'role', from: 'follower', to: 'candidate', term: 2, reason }, handed);
  run.record('n4', { kind: 'vote', term: 2, candidate: 'n4', reason }, handed);
  run.record('n4', { kind: 'tally', term: 2, voter: 'n4', granted: true, votes: 1, needed: 2 }, handed);
  const asks = { lastLogIndex: 15, lastLogTerm: 1, transfer: true };
  run.message('n4', 'n2', 'RequestVote', 2, asks, { cause: handed });
  run.message('n4', 'n3', 'RequestVote', 2, asks, { cause: handed });
  run.at(TIMES.elected - 7);
  for (const voter of ['n2', 'n3']) {
    run.record(voter, { kind: 'term', from: 1, to: 2, reason: 'RequestVote of n4' });
    run.record(voter, { kind: 'vote', term: 2, candidate: 'n4', reason: 'log 15@1 not behind 15@1' });
    run.message(voter, 'n4', 'RequestVoteReply', 2, { granted: true });
  }
  takeOffice(run.at(TIMES.elected), 'n4', 'n2', 2);
  run.record('n3', { kind: 'leader', term: 2, leader: 'n4' });
  run.record('n1', { kind: 'transfer', stage: 'ended', to: 'n4', reason: 'n1 leads no more' });
  run.record('n1', { kind: 'term', from: 1, to: 2, reason: 'AppendEntries of n4' });
  run.record('n1', { kind: 'role', from: 'leader', to: 'learner', term: 2, reason: 'term 2 is ahead' });
  for (const peer of ['n2', 'n3']) progress(run, 'n4', peer, 15);
  commit(run.at(TIMES.elected + 5), ['n4', 'n2', 'n3'], 15, LAST);
  run.flush();
}

function leave(run: SampleRun): void {
  run.at(TIMES.removed).record('n1', { kind: 'node-stopped', reason: 'asked to' });
  run.record('lab', { kind: 'process-exited', node: 'n1', of: 1, reason: 'stopped', code: 0, signal: null });
}
