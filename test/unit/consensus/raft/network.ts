/**
 * Several replicas with disks, state machines and a network between them, all in memory and driven one small event at
 * a time, so that a schedule may do its worst: lose, repeat and reorder messages, finish writes late, and crash
 * replicas before their writes are done. Every step is held against the safety properties of Figure 3.
 */
import { votersOnly } from '../../../../src-main/consensus/raft/configuration.ts';
import type { RaftOptionsGiven } from '../../../../src-main/consensus/raft/options.ts';
import { createRaft, type RaftReplica } from '../../../../src-main/consensus/raft/replica.ts';
import type {
  ChainHash,
  Effects,
  Entry,
  Input,
  LogIndex,
  Message,
  NodeId,
  OperationId,
  Persist,
  Row,
  Term,
} from '../../../../src-main/consensus/replica.ts';

/** A write under way and the messages that wait for it. */
interface Write {
  readonly persist: Persist;
  readonly then: Message[];
}

interface Server {
  readonly id: NodeId;
  readonly random: () => number;
  readonly disk: Map<string, Row>;
  /** What its state machine has applied, durably. */
  readonly machine: Entry[];
  /** Absent while it is down. */
  raft: RaftReplica | undefined;
  writes: Write[];
}

export class Network {
  readonly servers: readonly Server[];
  now = 0;
  /** Sent and neither delivered nor lost. */
  inFlight: Message[] = [];
  /** Servers cut off from all others: what they send and what is sent to them is lost. */
  readonly isolated = new Set<NodeId>();
  /** Every operation that a leader appended and that was not called uncertain or redirected. */
  readonly proposed = new Set<OperationId>();
  elections = 0;
  truncations = 0;

  readonly #options: RaftOptionsGiven;
  #lastOperation = 0;
  readonly #leaders = new Map<Term, NodeId>();
  readonly #votes = new Map<string, NodeId>();
  readonly #hashOfEntry = new Map<string, ChainHash>();
  readonly #committed: ChainHash[] = [];
  readonly #appliedEntries: Entry[] = [];

  constructor(size: number, options: RaftOptionsGiven, seed: number) {
    this.#options = options;
    const ids = Array.from({ length: size }, (_, at) => `n${at + 1}`);
    this.servers = ids.map((id, at) => ({
      id,
      random: randomFrom(seed * 31 + at),
      disk: new Map(),
      machine: [],
      raft: undefined,
      writes: [],
    }));
    for (const server of this.servers) this.start(server);
  }

  get committedCount(): number {
    return this.#committed.length;
  }

  get applied(): readonly Entry[] {
    return this.#appliedEntries;
  }

  start(server: Server): void {
    server.raft ??= createRaft({
      id: server.id,
      configuration: votersOnly(this.servers.map(({ id }) => id)),
      options: this.#options,
      rows: [...server.disk.values()],
      applied: server.machine.length,
      random: server.random,
      now: this.now,
    });
  }

  /** The server is gone at once; writes under way and what waits for them never happen. */
  crash(server: Server): void {
    server.raft = undefined;
    server.writes = [];
  }

  /** Lets the server's timer run out, and everybody's time go on with it. */
  fireTimer(server: Server): void {
    const deadline = server.raft?.deadline;
    if (deadline === undefined) return;
    this.now = Math.max(this.now, deadline);
    this.#step(server, { kind: 'timeout' });
  }

  /** Fires the timer that is due next among the servers up. */
  fireNextTimer(): void {
    let next: Server | undefined;
    for (const server of this.servers) {
      const deadline = server.raft?.deadline;
      if (deadline !== undefined && deadline < (next?.raft?.deadline ?? Infinity)) next = server;
    }
    if (next !== undefined) this.fireTimer(next);
  }

  propose(server: Server, count: number): void {
    const proposals = Array.from({ length: count }, () => {
      this.#lastOperation += 1;
      return { id: `c1/${this.#lastOperation}`, data: `value ${this.#lastOperation}` };
    });
    this.#step(server, { kind: 'propose', proposals });
  }

  /** Delivers one message in flight, any of them; a repeated one stays in flight as well. */
  deliver(at: number, repeat: boolean): void {
    const message = this.inFlight[at];
    if (message === undefined) return;
    if (!repeat) this.inFlight.splice(at, 1);
    const server = this.servers.find(({ id }) => id === message.to);
    if (server === undefined || this.isolated.has(message.to) || this.isolated.has(message.from)) return;
    this.#step(server, { kind: 'receive', message });
  }

  lose(at: number): void {
    this.inFlight.splice(at, 1);
  }

  /** The oldest `count` writes reach the disk together; then the server hears of each, and what waited leaves. */
  finishWrites(server: Server, count: number): void {
    const done = server.writes.splice(0, count);
    for (const { persist } of done) write(server.disk, persist);
    for (const { then } of done) this.#send(then);
    for (const { persist } of done) this.#step(server, { kind: 'persisted', id: persist.id });
  }

  /** Delivers and writes everything, in order, for a while: what happens between well-behaved machines. */
  settle(rounds: number): void {
    for (let round = 0; round < rounds; round++) {
      for (let left = this.inFlight.length; left > 0; left--) this.deliver(0, false);
      for (const server of this.servers) this.finishWrites(server, server.writes.length);
    }
  }

  /** As `settle`, but only servers whose bit is set in `mask` hear each other; what the others are sent is lost. */
  settleAmong(mask: number, rounds: number): void {
    const before = new Set(this.isolated);
    this.servers.forEach(({ id }, at) => {
      if (((mask >> at) & 1) === 0) this.isolated.add(id);
    });
    this.settle(rounds);
    this.isolated.clear();
    for (const id of before) this.isolated.add(id);
  }

  #step(server: Server, input: Input): void {
    const { raft } = server;
    if (raft === undefined) return;
    const before = raft.status;
    const effects = raft.step(input, this.now);
    this.#checkStep(server, raft, before, effects);
    this.#obey(server, effects);
  }

  #obey(server: Server, effects: Effects): void {
    this.#send(effects.send);
    if (effects.persist !== undefined) server.writes.push({ persist: effects.persist, then: [] });
    const last = server.writes.at(-1);
    if (last === undefined) this.#send(effects.sendAfterPersist);
    else last.then.push(...effects.sendAfterPersist);
    for (const entry of effects.apply) this.#apply(server, entry);
    if (effects.apply.length > 0) this.#step(server, { kind: 'applied', index: server.machine.length });
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#checkVote(message);
      this.inFlight.push(message);
    }
  }

  /** State Machine Safety: no two servers apply different entries at one index; none applies out of order or twice. */
  #apply(server: Server, entry: Entry): void {
    require(entry.index ===
      server.machine.length + 1, `${server.id} applies entry ${entry.index} after ${server.machine.length}`);
    const other = this.#appliedEntries[entry.index - 1];
    if (other === undefined) this.#appliedEntries.push(entry);
    else
      require(other.term === entry.term &&
        other.data === entry.data &&
        other.id === entry.id, `State Machine Safety: ${server.id} applies another entry ${entry.index}`);
    require(server.disk.has(
      `log/${entry.index}`,
    ), `${server.id} applies entry ${entry.index}, which is not on its disk`);
    server.machine.push(entry);
  }

  /** Of one server in one term, only one candidate ever gets a vote, crashes or not. */
  #checkVote({ type, from, to, term, body }: Message): void {
    if (type !== 'RequestVoteReply' || !(body as { granted: boolean }).granted) return;
    const voter = `${from} in term ${term}`;
    const candidate = this.#votes.get(voter) ?? to;
    require(candidate === to, `${voter} voted for ${candidate} and for ${to}`);
    this.#votes.set(voter, to);
  }

  #checkStep(server: Server, raft: RaftReplica, before: RaftReplica['status'], effects: Effects): void {
    const { status, log } = raft;
    require(status.term >= before.term, `the term of ${server.id} fell`);
    require(status.commitIndex >= before.commitIndex, `the commit index of ${server.id} fell`);
    for (const transition of effects.transitions) {
      if (transition.kind === 'role' && transition.to === 'leader') this.#checkLeader(server, raft);
      if (transition.kind === 'append') {
        for (let index = transition.first; index <= transition.last; index++) this.#checkEntry(log, index);
      }
      if (transition.kind === 'truncate') this.truncations += 1;
      if (transition.kind === 'commit') this.#checkCommit(server, log, transition.from, transition.to);
    }
    for (const reply of effects.replies) this.proposed.delete(reply.id);
    if (status.role === 'leader') {
      for (let index = before.lastIndex + 1; index <= status.lastIndex; index++) {
        const { id } = log.entryAt(index);
        if (id !== undefined) this.proposed.add(id);
      }
    }
  }

  /** Election Safety and Leader Completeness. */
  #checkLeader(server: Server, { status, log }: RaftReplica): void {
    this.elections += 1;
    const other = this.#leaders.get(status.term) ?? server.id;
    require(other === server.id, `Election Safety: ${other} and ${server.id} both lead term ${status.term}`);
    this.#leaders.set(status.term, server.id);
    const committed = this.#committed.length;
    require(status.lastIndex >= committed, `Leader Completeness: ${server.id} lacks committed entries`);
    for (let index = 1; index <= committed; index++) {
      require(log.hashAt(index) ===
        this.#committed[index - 1], `Leader Completeness: ${server.id} lacks committed entry ${index}`);
    }
  }

  /** Log Matching: an index and a term name one entry with one past, in all logs, for ever. */
  #checkEntry(log: RaftReplica['log'], index: LogIndex): void {
    const name = `${index}@${log.termAt(index)}`;
    const hash = this.#hashOfEntry.get(name) ?? log.hashAt(index);
    require(hash === log.hashAt(index), `Log Matching: two different logs end with ${name}`);
    this.#hashOfEntry.set(name, hash);
  }

  #checkCommit(server: Server, log: RaftReplica['log'], from: LogIndex, to: LogIndex): void {
    for (let index = from + 1; index <= to; index++) {
      const known = this.#committed[index - 1];
      require(known === undefined ||
        known === log.hashAt(index), `${server.id} commits another entry ${index}`);
      this.#committed[index - 1] = log.hashAt(index);
    }
  }
}

export class SafetyViolated extends Error {}

function require(condition: boolean, sentence: string): void {
  if (!condition) throw new SafetyViolated(sentence);
}

function write(disk: Map<string, Row>, persist: Persist): void {
  for (const { space, from, to } of persist.deletes) {
    for (let key = from; key <= to; key++) disk.delete(`${space}/${key}`);
  }
  for (const row of persist.puts) disk.set(`${row.space}/${row.key}`, row);
}

/** A small seeded generator, uniform in [0, 1): a Weyl sequence with mixing. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000;
  };
}
