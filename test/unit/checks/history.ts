/** Writes down a run by hand, as its nodes and clients would record it, and lets the checks judge it. */
import { chainHash } from '../../../src-main/consensus/raft/chain-hash.ts';
import { votersOnly } from '../../../src-main/consensus/raft/configuration.ts';
import type { Configuration } from '../../../src-main/consensus/replica.ts';
import { createChecks } from '../../../src-main/checks/model/checks.ts';
import type { Checks, RuleReport, Verdict } from '../../../src-main/checks/model/checks.ts';
import type { Finding } from '../../../src-main/checks/model/finding.ts';
import type { StablePhase } from '../../../src-main/checks/model/raft/liveness.ts';
import type { RuleId } from '../../../src-main/checks/model/rule-book.ts';
import { eventId } from '../../../src-main/trace/model/events.ts';
import type { EventId, EventPayload, TraceEvent } from '../../../src-main/trace/model/events.ts';

export const MS = 1_000_000;

interface LogEntry {
  readonly term: number;
  readonly data: string;
  readonly id?: string;
  readonly hash: number;
}

interface Disk {
  entries: LogEntry[];
  start: number;
  term: number;
  votedFor: string | null;
}

interface Node extends Disk {
  incarnation: number;
  commit: number;
  applied: number;
  disk: Disk;
  storageId: string;
  configuration: Configuration;
}

/** Entries are written `c1/1 put x a` (an operation and its command), `no-op`, or given as a configuration. */
export type Written = string | Configuration;

/** Every event comes a millisecond after the one before, unless several are said to share one. */
export class History {
  readonly events: TraceEvent[] = [];
  phase: StablePhase | undefined;
  #nowMs = 0;
  #still = false;
  readonly #nodes = new Map<string, Node>();
  readonly #seqs = new Map<string, number>();
  #persists = 0;

  /** A cluster of these voters, all of them up. */
  constructor(...voters: string[]) {
    this.record('lab', { kind: 'run-started', nodes: voters });
    const storage = Object.fromEntries(voters.map((id) => [id, `${id}-disk`]));
    for (const id of voters) this.join(id, votersOnly(voters, storage));
  }

  get nowNs(): number {
    return this.#nowMs * MS;
  }

  /** What is recorded within happens at one moment. */
  atOnce(happen: () => void): this {
    this.#nowMs++;
    this.#still = true;
    happen();
    this.#still = false;
    return this;
  }

  wait(ms: number): this {
    this.#nowMs += ms;
    return this;
  }

  record(source: string, payload: EventPayload): EventId {
    if (!this.#still) this.#nowMs++;
    const incarnation = this.#nodes.get(source)?.incarnation ?? 1;
    const key = `${source} ${incarnation}`;
    const seq = (this.#seqs.get(key) ?? 0) + 1;
    this.#seqs.set(key, seq);
    const event = { source, incarnation, seq, atNs: this.#nowMs * MS, step: 0, ...payload } as TraceEvent;
    this.events.push(event);
    return eventId(event);
  }

  /** Events that `source` numbered and nobody has. */
  lose(source: string, count = 1): this {
    const incarnation = this.#nodes.get(source)?.incarnation ?? 1;
    const key = `${source} ${incarnation}`;
    const fromSeq = (this.#seqs.get(key) ?? 0) + 1;
    const toSeq = fromSeq + count - 1;
    this.#seqs.set(key, toSeq);
    this.record('recorder', { kind: 'gap', of: source, ofIncarnation: incarnation, fromSeq, toSeq });
    return this;
  }

  join(id: string, configuration: Configuration): this {
    const node = {
      incarnation: 0,
      commit: 0,
      applied: 0,
      storageId: `${id}-disk`,
      configuration,
      disk: emptyDisk(),
      ...emptyDisk(),
    };
    this.#nodes.set(id, node);
    return this.restart(id);
  }

  /** Comes up with what its disk holds. */
  restart(id: string): this {
    const node = this.#node(id);
    Object.assign(node, copyOf(node.disk));
    node.incarnation++;
    node.commit = Math.max(node.applied, node.start);
    const { term, votedFor, applied, start, entries, configuration, storageId } = node;
    const snapshot = entries[start - 1];
    this.record(id, {
      kind: 'node-started',
      pid: node.incarnation,
      term,
      votedFor,
      lastIndex: entries.length,
      applied,
      log: runsOf(entries, start),
      ...(snapshot === undefined
        ? undefined
        : { snapshot: { index: start, term: snapshot.term, hash: snapshot.hash } }),
      configuration,
      storageId,
    });
    return this;
  }

  /** Comes up with an empty disk, under another name of the disk unless told otherwise. */
  wipe(id: string, storageId = `${id}-disk-2`): this {
    const node = this.#node(id);
    node.disk = emptyDisk();
    node.applied = 0;
    node.storageId = storageId;
    return this.restart(id);
  }

  /** Comes up without what it had applied: the machine's state was not on its disk yet. */
  forgetApplied(id: string): this {
    this.#node(id).applied = 0;
    return this;
  }

  /** Votes and has the vote on its disk. */
  vote(id: string, term: number, candidate: string): this {
    const node = this.#node(id);
    node.term = term;
    node.votedFor = candidate;
    return this.sync(id);
  }

  /** Sends its vote, whatever is on its disk. */
  grant(id: string, term: number, candidate: string): this {
    const body = { granted: true };
    this.record(id, { kind: 'send', to: candidate, type: 'RequestVoteReply', term, bytes: 1, body });
    return this;
  }

  /** Stands for election and wins it by the votes of these. */
  elect(id: string, term: number, ...voters: string[]): this {
    this.vote(id, term, id);
    for (const voter of voters) this.vote(voter, term, id).grant(voter, term, id);
    return this.lead(id, term);
  }

  /** Becomes leader, whoever voted for it. */
  lead(id: string, term: number): this {
    this.#node(id).term = term;
    this.record(id, { kind: 'role', from: 'candidate', to: 'leader', term, reason: '' });
    return this;
  }

  stepDown(id: string): this {
    const { term } = this.#node(id);
    this.record(id, { kind: 'role', from: 'leader', to: 'follower', term, reason: '' });
    return this;
  }

  /** As the leader that it is, creates entries. A configuration is adopted at once. */
  create(id: string, ...written: Written[]): this {
    const node = this.#node(id);
    const first = node.entries.length + 1;
    for (const each of written) node.entries.push(entryOf(node, each));
    const created = node.entries.slice(first - 1);
    const entries = created.map(({ id: operation, data }) =>
      operation === undefined ? { data } : { id: operation, data },
    );
    this.#recordAppend(id, first, entries);
    written.forEach((each, at) => {
      if (typeof each !== 'string') this.adopt(id, first + at, each);
    });
    return this;
  }

  adopt(id: string, index: number, configuration: Configuration): this {
    this.#node(id).configuration = configuration;
    this.record(id, { kind: 'configuration', stage: 'adopted', index, configuration });
    return this;
  }

  /** Takes over the log of `from`, up to an entry: what conflicts is removed, what is new appended a term at a time. */
  copy(from: string, to: string, upTo = this.#node(from).entries.length): this {
    const wanted = this.#node(from).entries.slice(0, upTo);
    const node = this.#node(to);
    let same = node.start;
    while (same < wanted.length && node.entries[same]?.hash === wanted[same]?.hash) same++;
    if (same < node.entries.length && same < wanted.length) this.truncate(to, same + 1);
    while (node.entries.length < wanted.length) {
      const first = node.entries.length + 1;
      const { term } = wanted[first - 1]!;
      for (let at = first - 1; wanted[at]?.term === term; at++) node.entries.push(wanted[at]!);
      this.#recordAppend(to, first);
    }
    return this;
  }

  truncate(id: string, first: number): this {
    const node = this.#node(id);
    const last = node.entries.length;
    node.entries.length = first - 1;
    this.record(id, { kind: 'truncate', first, last, reason: '' });
    return this;
  }

  /** Loses the end of its log without a word. */
  drop(id: string, first: number): this {
    this.#node(id).entries.length = first - 1;
    return this;
  }

  /** What these have in memory goes to their disks. */
  sync(...ids: string[]): this {
    for (const id of ids) {
      const node = this.#node(id);
      const persists = [++this.#persists];
      this.record(id, { kind: 'persist-begun', ids: persists, rows: 1 });
      node.disk = copyOf(node);
      const { term, votedFor, entries } = node;
      const lastIndex = entries.length;
      this.record(id, { kind: 'persist-completed', ids: persists, tookNs: 1, lastIndex, term, votedFor });
    }
    return this;
  }

  commit(id: string, to: number): this {
    const node = this.#node(id);
    this.record(id, { kind: 'commit', from: node.commit, to, hash: node.entries[to - 1]!.hash });
    node.commit = to;
    return this;
  }

  apply(id: string, to: number, ...skipped: number[]): this {
    const node = this.#node(id);
    const from = node.applied + 1;
    const { hash } = node.entries[to - 1]!;
    this.record(id, { kind: 'apply', from, to, hash, ...(skipped.length === 0 ? undefined : { skipped }) });
    node.applied = to;
    return this;
  }

  /** Commits and applies at each of these. */
  decide(to: number, ...ids: string[]): this {
    for (const id of ids) this.commit(id, to).apply(id, to);
    return this;
  }

  /** The leader creates entries, everybody has them on the disk, and the leader commits and applies them. */
  write(leader: string, followers: readonly string[], ...written: Written[]): this {
    this.create(leader, ...written).sync(leader);
    for (const follower of followers) this.copy(leader, follower).sync(follower);
    return this.decide(this.#node(leader).entries.length, leader);
  }

  /** Saves a snapshot and lets go of everything before it. */
  compact(id: string, to: number): this {
    const node = this.#node(id);
    const { term, hash } = node.entries[to - 1]!;
    this.record(id, { kind: 'snapshot', stage: 'saved', index: to, term, hash });
    this.record(id, { kind: 'compact', to, term });
    node.start = to;
    return this;
  }

  /** Installs a snapshot of `from`, which the log of `to` gives way to. */
  install(from: string, to: string, index: number): this {
    const node = this.#node(to);
    const { term, hash } = this.#node(from).entries[index - 1]!;
    node.entries = this.#node(from).entries.slice(0, index);
    node.start = index;
    node.commit = index;
    this.record(to, { kind: 'snapshot', stage: 'installed', index, term, hash, peer: from });
    return this;
  }

  restore(id: string, index: number): this {
    this.#node(id).applied = index;
    this.record(id, { kind: 'restore', index, bytes: 1 });
    return this;
  }

  invoke(operation: string, call: 'put' | 'get', key = 'x', how: { stale?: true } = {}): this {
    this.record('load', { kind: 'invoke', operation, client: operation.split('/')[0]!, call, key, ...how });
    return this;
  }

  /** The client is told, by `node`. */
  complete(
    operation: string,
    index: number,
    more: Partial<Extract<EventPayload, { kind: 'complete' }>> = {},
  ): this {
    this.record('load', { kind: 'complete', operation, outcome: 'ok', index, attempts: 1, ...more });
    return this;
  }

  answer(id: string, operation: string, index: number): this {
    this.record(id, { kind: 'answer', operation, outcome: 'ok', index });
    return this;
  }

  /** Feeds everything to the checks, in the order of a trace. */
  judge(clientSessions = true): Judgement {
    const checks = createChecks({ facts: { clientSessions } });
    if (this.phase !== undefined) checks.stablePhase(this.phase);
    for (const event of [...this.events].sort(inTraceOrder)) {
      if (checks.wants(event)) checks.feed(event);
    }
    checks.finish(this.nowNs);
    return new Judgement(checks);
  }

  #recordAppend(
    id: string,
    first: number,
    entries?: readonly { readonly id?: string; readonly data: string }[],
  ): void {
    const log = this.#node(id).entries;
    const { term, hash } = log[log.length - 1]!;
    const made = entries === undefined ? undefined : { entries };
    this.record(id, { kind: 'append', first, last: log.length, term, hash, ...made });
  }

  #node(id: string): Node {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`${id} is no node of this history`);
    return node;
  }
}

export class Judgement {
  readonly #checks: Checks;

  constructor(checks: Checks) {
    this.#checks = checks;
  }

  /** The rules that were broken, in the order of the book. */
  get broken(): RuleId[] {
    return this.#checks.reports.filter(({ verdict }) => verdict === 'violated').map(({ rule }) => rule);
  }

  get unknown(): RuleId[] {
    return this.#checks.reports.filter(({ verdict }) => verdict === 'unknown').map(({ rule }) => rule);
  }

  get rules(): RuleId[] {
    return this.#checks.reports.map(({ rule }) => rule);
  }

  of(rule: RuleId): RuleReport {
    const report = this.#checks.reports.find((each) => each.rule === rule);
    if (report === undefined) throw new Error(`${rule} is not in play`);
    return report;
  }

  verdict(rule: RuleId): Verdict {
    return this.of(rule).verdict;
  }

  findings(rule: RuleId): Finding[] {
    return this.#checks.findings.filter((finding) => finding.rule === rule);
  }

  /** The only finding of the rule. */
  finding(rule: RuleId): Finding {
    const [finding, ...more] = this.findings(rule);
    if (finding === undefined || more.length > 0)
      throw new Error(`${more.length + (finding ? 1 : 0)} findings of ${rule}`);
    return finding;
  }
}

function inTraceOrder(left: TraceEvent, right: TraceEvent): number {
  if (left.atNs !== right.atNs) return left.atNs - right.atNs;
  if (left.source !== right.source) return left.source < right.source ? -1 : 1;
  return left.incarnation - right.incarnation || left.seq - right.seq;
}

function emptyDisk(): Disk {
  return { entries: [], start: 0, term: 0, votedFor: null };
}

function copyOf({ entries, start, term, votedFor }: Disk): Disk {
  return { entries: [...entries], start, term, votedFor };
}

function entryOf({ entries, term }: Node, written: Written): LogEntry {
  const previous = entries[entries.length - 1]?.hash ?? 0;
  if (typeof written !== 'string') {
    const data = JSON.stringify(written);
    return { term, data, hash: chainHash(previous, { term, kind: 'configuration', data }) };
  }
  if (written === 'no-op')
    return { term, data: '', hash: chainHash(previous, { term, kind: 'no-op', data: '' }) };
  const [id = '', op, key, value] = written.split(' ');
  const data = JSON.stringify({ op, key, ...(value === undefined ? undefined : { value }) });
  return { term, data, id, hash: chainHash(previous, { term, kind: 'command', data, id }) };
}

function runsOf(
  entries: readonly LogEntry[],
  start: number,
): { first: number; last: number; term: number }[] {
  const runs: { first: number; last: number; term: number }[] = [];
  entries.forEach(({ term }, at) => {
    const index = at + 1;
    const run = runs[runs.length - 1];
    if (index <= start) return;
    if (run?.term === term) run.last = index;
    else runs.push({ first: index, last: index, term });
  });
  return runs;
}
