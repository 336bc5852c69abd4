/** The spools of a small run as its processes would write them: three nodes, two elections, a kill, a restart, a lost tail. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventId } from '../../../src-main/trace/model/events.ts';
import type { EventId, EventPayload } from '../../../src-main/trace/model/events.ts';
import type { RunHeader } from '../../../src-main/trace/protocol.ts';
import { SpoolWriter } from '../../../src-main/trace/spool/writer.ts';

export const MS = 1_000_000;

export function sampleHeader(nodes = ['n1', 'n2', 'n3']): RunHeader {
  return {
    runId: '01890a5d-ac96-774b-bcce-b302099a8057',
    title: 'A sample',
    protocol: 'raft',
    profile: 'raft-paper',
    options: { heartbeatMs: 50 },
    nodes,
    seed: 7,
    startedAt: '2026-01-01T00:00:00.000Z',
    scenario: null,
    versions: { 'quorum-lab': '0.1.0' },
    machine: { os: 'linux', cpu: 'some', cores: 2 },
  };
}

/** Writes events of several sources on one clock that only this class moves. */
export class SampleRun {
  readonly spoolFolder: string;
  readonly originNs = process.hrtime.bigint() - 3_600_000_000_000n;
  nowNs = 0;
  readonly #writers = new Map<string, SpoolWriter>();
  readonly #incarnations = new Map<string, number>();
  #step = 0;

  constructor(folder: string) {
    this.spoolFolder = join(folder, 'spool');
    mkdirSync(this.spoolFolder, { recursive: true });
  }

  at(ms: number): this {
    this.nowNs = Math.round(ms * MS);
    return this;
  }

  /** Opens a new incarnation of the source. */
  begin(source: string): SpoolWriter {
    const incarnation = (this.#incarnations.get(source) ?? 0) + 1;
    this.#incarnations.set(source, incarnation);
    this.#writers.get(source)?.close();
    const { spoolFolder: folder, originNs } = this;
    const writer = new SpoolWriter({ folder, source, incarnation, originNs });
    this.#writers.set(source, writer);
    return writer;
  }

  writer(source: string): SpoolWriter {
    return this.#writers.get(source) ?? this.begin(source);
  }

  record(source: string, payload: EventPayload, cause?: EventId): EventId {
    return eventId(this.writer(source).record(payload, ++this.#step, cause, this.nowNs));
  }

  /** Sends a message and, unless it is to be lost, has it arrive and taken in. */
  message(
    from: string,
    to: string,
    type: string,
    term: number,
    body: object,
    options: MessageOptions = {},
  ): EventId {
    const id = this.record(from, { kind: 'send', to, type, term, bytes: 100, body }, options.cause);
    this.writer(from).flush();
    if (options.lost === true) return id;
    const sentNs = this.nowNs;
    this.nowNs = sentNs + 0.1 * MS;
    this.record(to, { kind: 'arrive', message: id, from, type });
    if (options.undelivered !== true) {
      this.nowNs = sentNs + 0.15 * MS;
      this.record(to, { kind: 'deliver', message: id, from, type, term }, id);
    }
    this.nowNs = sentNs;
    return id;
  }

  flush(): void {
    for (const writer of this.#writers.values()) writer.flush();
  }

  close(): void {
    for (const writer of this.#writers.values()) writer.close();
  }
}

interface MessageOptions {
  cause?: EventId;
  lost?: boolean;
  undelivered?: boolean;
}

/** One operation that the leader replicates to `followers` and that is acknowledged 2 ms later. */
export function replicate(
  run: SampleRun,
  leader: string,
  followers: readonly string[],
  term: number,
  index: number,
): void {
  const startNs = run.nowNs;
  const operation = `c1/${index}`;
  const data = JSON.stringify({ op: 'put', key: 'lamp', value: `v${index}` });
  const invoke = run.record('load', {
    kind: 'invoke',
    operation,
    client: 'c1',
    call: 'put',
    key: 'lamp',
    value: `v${index}`,
  });
  run.writer('load').flush();
  run.nowNs = startNs + 0.2 * MS;
  const request = run.record(leader, { kind: 'request', operation }, invoke);
  run.record(
    leader,
    {
      kind: 'append',
      first: index,
      last: index,
      term,
      hash: index * 100 + term,
      entries: [{ id: operation, data }],
    },
    request,
  );
  const entries = { count: 1, first: index, last: index, terms: [{ first: index, last: index, term }] };
  for (const follower of followers) {
    run.nowNs = startNs + 0.3 * MS;
    const body = { prevLogIndex: index - 1, prevLogTerm: term, entries, leaderCommit: index - 1 };
    run.message(leader, follower, 'AppendEntries', term, body, { cause: request });
    run.nowNs = startNs + 0.6 * MS;
    run.record(follower, { kind: 'append', first: index, last: index, term, hash: index * 100 + term });
    const begun = run.record(follower, { kind: 'persist-begun', ids: [index], rows: 1 });
    run.nowNs = startNs + 0.8 * MS;
    run.record(
      follower,
      { kind: 'persist-completed', ids: [index], tookNs: 200_000, lastIndex: index, term, votedFor: leader },
      begun,
    );
    run.message(follower, leader, 'AppendEntriesReply', term, {
      success: true,
      prevLogIndex: index - 1,
      matchIndex: index,
    });
    run.nowNs = startNs + 1 * MS;
    run.record(leader, {
      kind: 'progress',
      peer: follower,
      match: index,
      next: index + 1,
      state: 'replicate',
      inFlight: 0,
    });
  }
  run.record(leader, { kind: 'commit', from: index - 1, to: index, hash: index * 100 + term });
  run.record(leader, { kind: 'apply', from: index, to: index, hash: index * 100 + term });
  run.nowNs = startNs + 1.5 * MS;
  run.record(leader, { kind: 'answer', operation, outcome: 'ok', index });
  run.nowNs = startNs + 2 * MS;
  run.record(
    'load',
    { kind: 'complete', operation, outcome: 'ok', value: `v${index}`, index, node: leader, attempts: 1 },
    invoke,
  );
  run.flush();
}

/** A node takes its first steps: found on its disk is a log of one term up to `lastIndex`, applied up to `applied`. */
export function startNode(
  run: SampleRun,
  node: string,
  of: number,
  term = 0,
  lastIndex = 0,
  applied = 0,
): void {
  run.record('lab', {
    kind: 'process-spawned',
    node,
    pid: 100 * of + Number(node.slice(1)),
    port: 20_000,
    of,
  });
  run.begin(node);
  const log = lastIndex === 0 ? [] : [{ first: 1, last: lastIndex, term }];
  run.record(node, {
    kind: 'node-started',
    pid: 100 * of + Number(node.slice(1)),
    term,
    votedFor: null,
    lastIndex,
    applied,
    log,
  });
  run.record('lab', { kind: 'process-ready', node, of });
}

/** `leader` stands for election 5 ms after the timer fired and wins with the vote of `voter`. */
export function elect(run: SampleRun, leader: string, voter: string, term: number, oldTerm: number): EventId {
  const startNs = run.nowNs;
  const fired = run.record(leader, { kind: 'timer-fired', timer: 'election', lateNs: 400_000 });
  run.record(leader, { kind: 'term', from: oldTerm, to: term, reason: 'election timeout' }, fired);
  run.record(
    leader,
    { kind: 'role', from: 'follower', to: 'candidate', term, reason: 'election timeout' },
    fired,
  );
  run.record(leader, { kind: 'vote', term, candidate: leader, reason: 'election timeout' }, fired);
  run.record(leader, { kind: 'tally', term, voter: leader, granted: true, votes: 1, needed: 2 }, fired);
  run.nowNs = startNs + 1 * MS;
  run.message(leader, voter, 'RequestVote', term, { lastLogIndex: 0, lastLogTerm: 0 }, { cause: fired });
  run.nowNs = startNs + 2 * MS;
  run.record(voter, { kind: 'term', from: oldTerm, to: term, reason: `RequestVote of ${leader}` });
  run.record(voter, { kind: 'vote', term, candidate: leader, reason: 'log 0@0 not behind 0@0' });
  run.message(voter, leader, 'RequestVoteReply', term, { granted: true });
  run.nowNs = startNs + 5 * MS;
  run.record(leader, { kind: 'tally', term, voter, granted: true, votes: 2, needed: 2 });
  const won = run.record(leader, {
    kind: 'role',
    from: 'candidate',
    to: 'leader',
    term,
    reason: `votes from ${leader}, ${voter}`,
  });
  run.record(leader, { kind: 'leader', term, leader });
  run.record(voter, { kind: 'leader', term, leader });
  run.flush();
  return won;
}

/**
 * The whole run: n1 leads term 1, writes entries 1 to 5, appends 6 which nobody gets, is killed at 300 ms; n3 stands in term 2
 * without success, n2 wins term 3 at 505 ms and writes 6 to 8; n1 comes back at 700 ms and has its entry 6 overwritten.
 */
export function writeSampleRun(folder: string): SampleRun {
  const run = new SampleRun(folder);
  run.at(0).record('lab', { kind: 'run-started', nodes: ['n1', 'n2', 'n3'] });
  for (const node of ['n1', 'n2', 'n3']) startNode(run.at(10 + Number(node.slice(1))), node, 1);
  run.record('lab', { kind: 'operator', command: { kind: 'workload', clients: 1 }, origin: 'scenario' });
  elect(run.at(150), 'n1', 'n2', 1, 0);
  run.record('n3', { kind: 'leader', term: 1, leader: 'n1' });
  for (let index = 1; index <= 5; index++) replicate(run.at(160 + index * 20), 'n1', ['n2', 'n3'], 1, index);
  const beat = {
    prevLogIndex: 5,
    prevLogTerm: 1,
    entries: { count: 0, first: null, last: null, terms: [] },
    leaderCommit: 5,
  };
  run.at(290).message('n1', 'n2', 'AppendEntries', 1, beat);
  run.at(291).message('n2', 'n1', 'AppendEntriesReply', 1, { success: true, prevLogIndex: 5, matchIndex: 5 });
  run.at(295).record('n1', {
    kind: 'append',
    first: 6,
    last: 6,
    term: 1,
    hash: 601,
    entries: [{ data: '{"op":"put","key":"lamp","value":"gone"}' }],
  });
  run.at(298).message('n1', 'n3', 'AppendEntries', 1, beat, { undelivered: true });
  const killed = run
    .at(299)
    .record('lab', { kind: 'operator', command: { kind: 'kill', node: 'n1' }, origin: 'window' });
  run.record(
    'lab',
    { kind: 'fault-started', fault: 'f1', type: 'kill', targets: ['n1'], parameters: {} },
    killed,
  );
  run
    .at(300)
    .record(
      'lab',
      { kind: 'process-exited', node: 'n1', of: 1, reason: 'killed', code: null, signal: 'SIGKILL' },
      killed,
    );
  const timeout = run.at(400).record('n3', { kind: 'timer-fired', timer: 'election', lateNs: 900_000 });
  run.record('n3', { kind: 'term', from: 1, to: 2, reason: 'election timeout' }, timeout);
  run.record(
    'n3',
    { kind: 'role', from: 'follower', to: 'candidate', term: 2, reason: 'election timeout' },
    timeout,
  );
  run
    .at(401)
    .message(
      'n3',
      'n1',
      'RequestVote',
      2,
      { lastLogIndex: 5, lastLogTerm: 1 },
      { lost: true, cause: timeout },
    );
  const toN2 = run.message(
    'n3',
    'n2',
    'RequestVote',
    2,
    { lastLogIndex: 5, lastLogTerm: 1 },
    { lost: true, cause: timeout },
  );
  run.at(402).record('n3', { kind: 'drop', message: toN2, reason: 'cut' }, toN2);
  elect(run.at(500), 'n2', 'n3', 3, 2);
  for (let index = 6; index <= 8; index++) replicate(run.at(400 + index * 20), 'n2', ['n3'], 3, index);
  startNode(run.at(700), 'n1', 2, 1, 6, 5);
  run.record('lab', { kind: 'fault-ended', fault: 'f1' });
  run.at(720).record('n1', { kind: 'term', from: 1, to: 3, reason: 'AppendEntries of n2' });
  run.record('n1', { kind: 'truncate', first: 6, last: 6, reason: 'term 1 where n2 has 3' });
  run.record('n1', { kind: 'append', first: 6, last: 8, term: 3, hash: 803 });
  run.record('n1', { kind: 'leader', term: 3, leader: 'n2' });
  run.at(800).record('lab', { kind: 'run-stopped', reason: 'the scenario was over' });
  run.flush();
  return run;
}
