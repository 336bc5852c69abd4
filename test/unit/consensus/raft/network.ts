/**
 * Several servers and a network between them, all in memory and driven one small event at a time, so that a schedule may
 * do its worst: lose, repeat and reorder messages, finish writes late, crash servers before their writes are done, replace
 * disks, change the membership. Every step is held against the safety properties of Figure 3 and against linearizable reads.
 */
import { EMPTY_CONFIGURATION, votersOnly } from '../../../../src-main/consensus/raft/configuration.ts';
import type { RaftOptionsGiven } from '../../../../src-main/consensus/raft/options.ts';
import type { RaftBug } from '../../../../src-main/consensus/raft/planted-bugs.ts';
import type { RaftReplica, RaftStatus } from '../../../../src-main/consensus/raft/replica.ts';
import type {
  ChainHash,
  Effects,
  Entry,
  Input,
  LogIndex,
  Message,
  NodeId,
  OperationId,
  OperatorInput,
  ReadId,
  ReadMode,
  Term,
} from '../../../../src-main/consensus/replica.ts';
import { Server, type World } from './server.ts';

/** An entry that some server knows to be committed. */
interface Committed {
  readonly hash: ChainHash;
  /** The lowest term in which somebody knew it. */
  inTerm: Term;
}

export class Network implements World {
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
  installs = 0;
  changes = 0;
  reads = 0;

  #lastOperation = 0;
  #lastRead = 0;
  readonly #leaders = new Map<Term, NodeId>();
  readonly #votes = new Map<string, NodeId>();
  readonly #hashOfEntry = new Map<string, ChainHash>();
  readonly #committed: Committed[] = [];
  readonly #appliedEntries: Entry[] = [];
  /** What each read must at least see: everything that was known to be committed when it was asked. */
  readonly #readFloor = new Map<ReadId, LogIndex>();

  /** @param spare servers that are up and take no part until a change brings them in */
  constructor(size: number, options: RaftOptionsGiven, seed: number, spare = 0, bug?: RaftBug) {
    const ids = Array.from({ length: size + spare }, (_, at) => `n${at + 1}`);
    const storage = Object.fromEntries(ids.map((id) => [id, `disk of ${id}`]));
    const configuration = votersOnly(ids.slice(0, size), storage);
    this.servers = ids.map(
      (id, at) =>
        new Server(this, {
          id,
          configuration: at < size ? configuration : EMPTY_CONFIGURATION,
          storageId: `disk of ${id}`,
          options,
          random: randomFrom(seed * 31 + at),
          ...(bug === undefined ? undefined : { bug }),
        }),
    );
    for (const server of this.servers) server.start();
  }

  get committedCount(): number {
    return this.#committed.length;
  }

  get applied(): readonly Entry[] {
    return this.#appliedEntries;
  }

  get leader(): Server | undefined {
    return this.servers.find(({ raft }) => raft?.status.role === 'leader');
  }

  /** Lets the server's timer run out, and everybody's time go on with it. */
  fireTimer(server: Server): void {
    const deadline = server.raft?.deadline;
    if (deadline === undefined) return;
    this.now = Math.max(this.now, deadline);
    server.step({ kind: 'timeout' });
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
    server.step({ kind: 'propose', proposals });
  }

  read(server: Server, mode: ReadMode): void {
    this.#lastRead += 1;
    const id = `r${this.#lastRead}`;
    this.#readFloor.set(id, this.committedCount);
    server.step({ kind: 'read', reads: [{ id, mode }] });
  }

  command(server: Server, command: OperatorInput): void {
    server.step({ kind: 'operator', command });
  }

  /** Delivers one message in flight, any of them; a repeated one stays in flight as well. */
  deliver(at: number, repeat: boolean): void {
    const message = this.inFlight[at];
    if (message === undefined) return;
    if (!repeat) this.inFlight.splice(at, 1);
    const server = this.servers.find(({ id }) => id === message.to);
    if (server === undefined || this.isolated.has(message.to) || this.isolated.has(message.from)) return;
    server.step({ kind: 'receive', message });
  }

  lose(at: number): void {
    this.inFlight.splice(at, 1);
  }

  /**
   * `count` small events, drawn from `seed`: messages arrive in any order, some twice, some never; writes end one at a time; servers
   * crash in the middle of it if `crashes`.
   */
  stir(seed: number, count: number, crashes: boolean): void {
    const draw = randomFrom(seed);
    for (let event = 0; event < count; event++) {
      const server = this.servers[Math.floor(draw() * this.servers.length)]!;
      const what = draw();
      const at = Math.floor(draw() * this.inFlight.length);
      if (what < 0.65) this.deliver(at, draw() < 0.15);
      else if (what < 0.7) this.lose(at);
      else if (what < 0.9) server.finishWrites(1);
      else if (what < 0.96) server.finishJobs(1);
      else if (crashes) {
        server.crash();
        server.start();
      } else this.fireTimer(server);
    }
  }

  /** Delivers and writes everything, in order, for a while: what happens between well-behaved machines. */
  settle(rounds: number): void {
    for (let round = 0; round < rounds; round++) {
      for (let left = this.inFlight.length; left > 0; left--) this.deliver(0, false);
      for (const server of this.servers) {
        server.finishWrites(server.writes.length);
        server.finishJobs(server.jobs.length);
      }
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

  // World

  send(message: Message): void {
    this.#checkVote(message);
    this.inFlight.push(message);
  }

  stepped(server: Server, _input: Input, before: RaftStatus, effects: Effects): void {
    const { raft } = server;
    if (raft !== undefined) this.#checkStep(server, raft, before, effects);
  }

  durable(): void {
    // Nothing to check: what a write is good for shows in the answers that it lets go.
  }

  /** State Machine Safety: no two servers apply different entries at one index; none applies out of order or twice. */
  applying(server: Server, entry: Entry): void {
    require(entry.index ===
      server.machine.applied +
        1, `${server.id} applies entry ${entry.index} after ${server.machine.applied}`);
    const other = this.#appliedEntries[entry.index - 1];
    if (other === undefined) this.#appliedEntries.push(entry);
    else
      require(other.term === entry.term &&
        other.data === entry.data &&
        other.id === entry.id, `State Machine Safety: ${server.id} applies another entry ${entry.index}`);
    require(server.disk.has(
      `log/${entry.index}`,
    ), `${server.id} applies entry ${entry.index}, which is not on its disk`);
  }

  /** The state in a snapshot is that of the entries it stands for. */
  restored(server: Server, index: LogIndex): void {
    this.installs += 1;
    const { applied, commands } = server.machine;
    const expected = this.#appliedEntries.slice(0, index).filter(({ kind }) => kind === 'command');
    require(applied === index &&
      commands.length === expected.length &&
      commands.every(
        (data, at) => data === expected[at]?.data,
      ), `State Machine Safety: the snapshot of ${index} at ${server.id} holds another state`);
  }

  /** Dissertation §6.4: a read sees everything that was committed when it was asked. */
  served(server: Server, id: ReadId): void {
    this.reads += 1;
    const floor = this.#readFloor.get(id) ?? 0;
    require(server.machine.applied >=
      floor, `stale read: ${server.id} serves ${id} at ${server.machine.applied}, ${floor} was committed before`);
  }

  /** Of one server's disk in one term, only one candidate ever gets a vote, crashes or not. */
  #checkVote({ type, from, to, term, body }: Message): void {
    if (type !== 'RequestVoteReply' || !(body as { granted: boolean }).granted) return;
    const disk = this.servers.find(({ id }) => id === from)?.storageId ?? from;
    const voter = `${disk} in term ${term}`;
    const candidate = this.#votes.get(voter) ?? to;
    require(candidate === to, `${voter} voted for ${candidate} and for ${to}`);
    this.#votes.set(voter, to);
  }

  #checkStep(server: Server, raft: RaftReplica, before: RaftStatus, effects: Effects): void {
    const { status, log } = raft;
    require(status.term >= before.term, `the term of ${server.id} fell`);
    require(status.commitIndex >= before.commitIndex, `the commit index of ${server.id} fell`);
    for (const each of effects.transitions) {
      if (each.kind === 'role' && each.to === 'leader') this.#checkLeader(server, raft);
      if (each.kind === 'append') {
        for (let index = each.first; index <= each.last; index++) this.#checkEntry(log, index);
      }
      if (each.kind === 'truncate') this.truncations += 1;
      if (each.kind === 'commit') {
        for (let index = each.from + 1; index <= each.to; index++)
          this.#checkCommit(server, index, log.hashAt(index), status.term);
      }
      if (each.kind === 'snapshot' && each.stage === 'installed')
        this.#checkCommit(server, each.index, each.hash, status.term);
      if (each.kind === 'configuration' && each.stage === 'committed') this.changes += 1;
    }
    for (const reply of effects.replies) this.proposed.delete(reply.id);
    if (status.role === 'leader') {
      for (let index = before.lastIndex + 1; index <= status.lastIndex; index++) {
        const { id } = log.entryAt(index);
        if (id !== undefined) this.proposed.add(id);
      }
    }
  }

  /**
   * Election Safety and Leader Completeness: the leader of a term holds what was committed in lower ones. (It may rightly be
   * elected after a later term has committed more.)
   */
  #checkLeader(server: Server, { status, log }: RaftReplica): void {
    this.elections += 1;
    const other = this.#leaders.get(status.term) ?? server.id;
    require(other === server.id, `Election Safety: ${other} and ${server.id} both lead term ${status.term}`);
    this.#leaders.set(status.term, server.id);
    for (let index = Math.max(1, log.start.index); index <= this.#committed.length; index++) {
      const committed = this.#committed[index - 1];
      if (committed === undefined || committed.inTerm >= status.term) continue;
      require(index <= status.lastIndex &&
        log.hashAt(index) ===
          committed.hash, `Leader Completeness: ${server.id} lacks entry ${index}, committed in term ${committed.inTerm}`);
    }
  }

  /** Log Matching: an index and a term name one entry with one past, in all logs, for ever. */
  #checkEntry(log: RaftReplica['log'], index: LogIndex): void {
    const name = `${index}@${log.termAt(index)}`;
    const hash = this.#hashOfEntry.get(name) ?? log.hashAt(index);
    require(hash === log.hashAt(index), `Log Matching: two different logs end with ${name}`);
    this.#hashOfEntry.set(name, hash);
  }

  #checkCommit(server: Server, index: LogIndex, hash: ChainHash, term: Term): void {
    const known = this.#committed[index - 1];
    require(known === undefined || known.hash === hash, `${server.id} commits another entry ${index}`);
    if (known === undefined) {
      require(index === this.#committed.length + 1, `entry ${index} commits before the one before it`);
      this.#committed.push({ hash, inTerm: term });
    } else known.inTerm = Math.min(known.inTerm, term);
  }
}

export class SafetyViolated extends Error {}

function require(condition: boolean, sentence: string): void {
  if (!condition) throw new SafetyViolated(sentence);
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
