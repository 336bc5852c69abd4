/** One node of an etcd trace: what its lines say of it, told as what changed from line to line. */
import type { Configuration, NodeId, Role } from '../../consensus/replica.ts';
import type { EventPayload } from '../model/events.ts';
import type { LogRun } from '../model/state.ts';
import { ETCD_NONE, ROLES_OF_ETCD, nodeOfEtcd } from './etcd-words.ts';
import type { EtcdLine } from './etcd-words.ts';

/** Longer logs than this are shown without their terms by entry. */
const RUNS_MAX = 100_000;

export class EtcdNode {
  readonly id: NodeId;
  term = 0;
  #role: Role = 'follower';
  #votedFor: NodeId | null = null;
  #commit = 0;
  #last = 0;
  #leader: NodeId | null = null;
  #voters = '';
  #members: readonly string[] = [];
  #votes = new Set<NodeId>();
  #log: LogRun[] = [];
  /** Who sent it entries in which term, before it has entered that term. */
  #ledBy: { term: number; leader: NodeId } | undefined;

  constructor(id: NodeId) {
    this.id = id;
  }

  /** It begins, or begins again, with what it has on its disk. */
  start(line: EtcdLine): EventPayload {
    this.#cut(line.log + 1);
    this.#role = 'follower';
    this.#leader = null;
    this.#ledBy = undefined;
    this.term = line.state.term;
    this.#votedFor = voteOf(line);
    this.#commit = line.state.commit;
    this.#last = line.log;
    return {
      kind: 'node-started',
      pid: 0,
      term: this.term,
      votedFor: this.#votedFor,
      lastIndex: line.log,
      applied: line.state.commit,
      log: this.#log.map((run) => ({ ...run })),
    };
  }

  termAt(index: number): number | undefined {
    for (let at = this.#log.length - 1; at >= 0; at--) {
      const run = this.#log[at];
      if (run !== undefined && index >= run.first) return index <= run.last ? run.term : undefined;
    }
    return undefined;
  }

  /** Entries came from this leader; it is followed once its term is entered. */
  ledBy(leader: NodeId, term: number): void {
    if (leader !== this.id) this.#ledBy = { term, leader };
  }

  /** Who sent it entries last. */
  get follows(): NodeId | undefined {
    return this.#ledBy?.leader;
  }

  /** A candidate hears of a vote; undefined: the answer is not of the term that it stands in. */
  tally(voter: NodeId, term: number, granted: boolean): EventPayload | undefined {
    if (this.#role !== 'candidate' || term !== this.term) return undefined;
    if (granted) this.#votes.add(voter);
    const needed = Math.floor(this.#members.length / 2) + 1;
    return { kind: 'tally', term, voter, granted, votes: this.#votes.size, needed };
  }

  /** What this line says that the one before did not. `termAt`: of an entry that was appended, where others know it. */
  changes(line: EtcdLine, termAt: (index: number) => number | undefined): EventPayload[] {
    const reason = line.name;
    const events: EventPayload[] = [];
    const { term, commit } = line.state;
    if (term !== this.term) {
      events.push({ kind: 'term', from: this.term, to: term, reason });
      this.term = term;
      this.#votedFor = null;
      this.#leader = null;
    }
    const votedFor = voteOf(line);
    if (votedFor !== null && votedFor !== this.#votedFor)
      events.push({ kind: 'vote', term, candidate: votedFor, reason });
    this.#votedFor = votedFor;
    this.#changeRole(line, events);
    this.#changeLog(line, termAt, events);
    if (commit > this.#commit) events.push({ kind: 'commit', from: this.#commit, to: commit, hash: 0 });
    this.#commit = Math.max(this.#commit, commit);
    this.#changeMembers(line, events);
    const led = this.#ledBy;
    if (led?.term === term && this.#role !== 'leader' && this.#leader !== led.leader) {
      this.#leader = led.leader;
      events.push({ kind: 'leader', term, leader: led.leader });
    }
    return events;
  }

  #changeRole(line: EtcdLine, events: EventPayload[]): void {
    const { term } = line.state;
    const role = ROLES_OF_ETCD[line.role] ?? 'follower';
    // A candidate that stands again says so, though its role is the same.
    const again = line.name === 'BecomeCandidate' && role === 'candidate';
    if (role === this.#role && !again) return;
    events.push({ kind: 'role', from: this.#role, to: role, term, reason: line.name });
    this.#role = role;
    if (role === 'candidate') this.#votes = new Set();
    if (role !== 'leader') return;
    this.#leader = this.id;
    events.push({ kind: 'leader', term, leader: this.id });
  }

  #changeLog(line: EtcdLine, termAt: (index: number) => number | undefined, events: EventPayload[]): void {
    const { log } = line;
    if (log < this.#last) {
      events.push({ kind: 'truncate', first: log + 1, last: this.#last, reason: line.name });
      this.#cut(log + 1);
    } else if (log > this.#last) this.#append(this.#last + 1, log, termAt, events);
    this.#last = log;
  }

  #append(
    first: number,
    last: number,
    termAt: (index: number) => number | undefined,
    events: EventPayload[],
  ): void {
    // What a leader appends is of its term; what others do came from one, who knows.
    const termOf = (index: number): number =>
      (this.#role === 'leader' ? undefined : termAt(index)) ?? this.term;
    for (let from = first; from <= last;) {
      const term = termOf(from);
      let to = last;
      if (last - first < RUNS_MAX) for (to = from; to < last && termOf(to + 1) === term; to++);
      events.push({ kind: 'append', first: from, last: to, term, hash: 0 });
      const run = this.#log[this.#log.length - 1];
      if (run?.term === term && run.last === from - 1) run.last = to;
      else this.#log.push({ first: from, last: to, term });
      from = to + 1;
    }
  }

  #cut(first: number): void {
    for (let run = this.#log.at(-1); run !== undefined && run.last >= first; run = this.#log.at(-1)) {
      if (run.first < first) run.last = first - 1;
      else this.#log.pop();
    }
  }

  /** etcd goes by a configuration once it is applied, hence committed. Which entry it was, the line does not say. */
  #changeMembers(line: EtcdLine, events: EventPayload[]): void {
    const applied = line.name === 'ApplyConfChange' ? newConfOf(line) : undefined;
    const [voters, outgoing] = applied === undefined ? line.conf : [applied, []];
    const members = JSON.stringify([voters, outgoing]);
    if (voters.length === 0 || members === this.#voters) return;
    this.#voters = members;
    this.#members = voters;
    const configuration: Configuration = {
      voters: voters.map(nodeOfEtcd),
      outgoing: outgoing.map(nodeOfEtcd),
      learners: [],
      learnersNext: [],
      autoLeave: false,
      storage: {},
    };
    events.push({ kind: 'configuration', stage: 'committed', index: line.state.commit, configuration });
  }
}

function voteOf({ state }: EtcdLine): NodeId | null {
  return state.vote === ETCD_NONE ? null : nodeOfEtcd(state.vote);
}

function newConfOf({ prop }: EtcdLine): string[] | undefined {
  const { newconf } = (prop?.['cc'] ?? {}) as { newconf?: unknown };
  if (!Array.isArray(newconf)) return undefined;
  return newconf.filter((id) => typeof id === 'string' && /^\d{1,20}$/.test(id)) as string[];
}
