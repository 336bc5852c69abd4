/** The cluster of a golden transcript: servers, messages under way, cut links, one clock; and what happens, in lines. */
import { InvariantBroken } from '../../src-main/consensus/invariant.ts';
import { chainHash } from '../../src-main/consensus/raft/chain-hash.ts';
import { EMPTY_CONFIGURATION, votersOnly } from '../../src-main/consensus/raft/configuration.ts';
import type { RaftOptionsGiven } from '../../src-main/consensus/raft/options.ts';
import type { RaftBug } from '../../src-main/consensus/raft/planted-bugs.ts';
import type { RaftReplica, RaftStatus } from '../../src-main/consensus/raft/replica.ts';
import type { Effects, Input, Message, NodeId, Reply, Row, Term } from '../../src-main/consensus/replica.ts';
import { Server, type World, type Write } from '../unit/consensus/raft/server.ts';
import { entryText, messageText, persistText, transitionTexts } from './raft-lines.ts';

export interface ClusterSetup {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly options: RaftOptionsGiven;
  /** Each server's disk has a name of its own, which the configuration knows. */
  readonly disks: boolean;
  readonly bug: RaftBug | undefined;
}

interface Line {
  readonly depth: number;
  readonly text: string;
  /** False once a line that says the same more fully has come. */
  shown: boolean;
}

interface UnderWay {
  readonly message: Message;
  readonly line: Line;
}

const DELIVERIES_MAX = 2000;

export class GoldenCluster implements World {
  now = 0;
  readonly servers = new Map<NodeId, Server>();
  underWay: UnderWay[] = [];
  delivered = 0;

  readonly #setup: ClusterSetup;
  readonly #group = new Map<NodeId, number>();
  #lines: Line[] = [];
  #depth = 0;
  /** Whom a line speaks of unless it names somebody. */
  #subject: NodeId | undefined;
  readonly #writes = new WeakMap<Write['persist'], string>();

  constructor(setup: ClusterSetup) {
    this.#setup = setup;
    const members = [...setup.voters, ...setup.learners];
    const storage = Object.fromEntries(members.map((id) => [id, diskOf(id, 0)]));
    const configuration = {
      ...votersOnly(setup.voters, setup.disks ? storage : {}),
      learners: setup.learners,
    };
    for (const id of members) this.#add(id, configuration).start();
  }

  /** A server that knows nobody. */
  join(id: NodeId): Server {
    return this.#add(id, EMPTY_CONFIGURATION);
  }

  #add(id: NodeId, configuration: typeof EMPTY_CONFIGURATION): Server {
    const { options, disks, bug } = this.#setup;
    const draw = (Number(id.slice(1)) % 10) / 10;
    const server = new Server(this, {
      id,
      configuration,
      options,
      random: () => draw,
      ...(disks ? { storageId: diskOf(id, 0) } : undefined),
      ...(bug === undefined ? undefined : { bug }),
    });
    server.prompt = true;
    this.servers.set(id, server);
    return server;
  }

  get options(): RaftOptionsGiven {
    return this.#setup.options;
  }

  server(id: NodeId): Server {
    const server = this.servers.get(id);
    if (server === undefined) throw new Error(`There is no server ${id}`);
    return server;
  }

  raft(id: NodeId): RaftReplica {
    const { raft } = this.server(id);
    if (raft === undefined) throw new Error(`${id} is down`);
    return raft;
  }

  takeLines(): string[] {
    const lines = this.#lines.filter(({ shown }) => shown);
    this.#lines = [];
    this.delivered = 0;
    return lines.map(({ depth, text }) => `${'  '.repeat(depth + 1)}${text}`);
  }

  say(text: string): void {
    this.#line(text);
  }

  /** What `act` does is told of `id`, without naming it. */
  as(id: NodeId, act: () => void): void {
    const before = this.#subject;
    this.#subject = id;
    act();
    this.#subject = before;
  }

  step(id: NodeId, input: Input): void {
    this.raft(id);
    this.as(id, () => {
      try {
        this.server(id).step(input);
      } catch (error) {
        if (!(error instanceof InvariantBroken)) throw error;
        this.say(`stops for good. ${error.message}`);
        this.server(id).crash();
      }
    });
  }

  partition(groups: readonly (readonly NodeId[])[]): void {
    this.#group.clear();
    groups.forEach((group, at) => group.forEach((id) => this.#group.set(id, at)));
    this.drop(({ from, to }) => this.#isCut(from, to));
  }

  heal(): void {
    this.#group.clear();
  }

  /** Delivers what is under way now and fits, in the order it was sent; what comes of it stays under way. */
  deliver(fits: (message: Message) => boolean, which: 'all' | 'first' | 'last'): void {
    const fitting = this.underWay.filter(({ message }) => fits(message));
    const chosen = which === 'all' ? fitting : fitting.slice(...(which === 'first' ? [0, 1] : [-1]));
    if (chosen.length === 0) throw new Error('No such message is under way');
    for (const each of chosen) this.#deliver(each);
  }

  /** Delivers until nothing is under way among these servers. */
  stabilize(among: (id: NodeId) => boolean): void {
    for (let count = 0; ; count++) {
      const next = this.underWay.find(({ message: { from, to } }) => among(from) && among(to));
      if (next === undefined) break;
      if (count > DELIVERIES_MAX) throw new Error(`Still no end after ${DELIVERIES_MAX} messages`);
      this.#deliver(next);
    }
    if (this.delivered === 0) this.say('nothing is under way');
  }

  drop(fits: (message: Message) => boolean): number {
    const dropped = this.underWay.filter(({ message }) => fits(message));
    this.underWay = this.underWay.filter((each) => !dropped.includes(each));
    for (const { message, line } of dropped) {
      line.shown = false;
      this.#line(`lost: ${headOf(message)}`);
    }
    return dropped.length;
  }

  repeat(fits: (message: Message) => boolean): void {
    for (const { message } of this.underWay.filter((each) => fits(each.message))) this.send(message);
  }

  /** The server comes up with a disk that holds entries of these terms. */
  history(id: NodeId, terms: readonly Term[], term: Term, votedFor: NodeId | null): void {
    const server = this.server(id);
    server.crash();
    server.disk.clear();
    for (const row of rowsOf(terms, term, votedFor)) server.disk.set(`${row.space}/${row.key}`, row);
    server.start();
  }

  wipe(id: NodeId): void {
    const server = this.server(id);
    const count = Number(server.storageId?.split('-')[1] ?? 0) + 1;
    server.wipe(this.#setup.disks ? diskOf(id, count) : undefined);
  }

  // World

  stepped(server: Server, input: Input, before: RaftStatus, effects: Effects): void {
    this.#about(server, () => {
      const { raft, prompt } = server;
      if (raft === undefined) return;
      for (const text of transitionTexts(effects, raft)) {
        // The answer that was just delivered has said it.
        if (input.kind === 'receive' && text.startsWith('refuses AppendEntries of ') && isReply(input))
          continue;
        this.#line(text);
      }
      this.#sayProgress(before, raft.status);
      for (const reply of effects.replies) this.#line(replyText(reply));
      if (effects.apply.length > 0) this.#line(`applies ${effects.apply.map(entryText).join(', ')}`);
      const { persist } = effects;
      if (persist === undefined) return;
      const text = persistText(persist, raft.log);
      this.#writes.set(persist, text);
      if (!prompt) this.#line(`begins write ${persist.id}: ${text}`);
    });
  }

  send(message: Message): void {
    const { from, to } = message;
    if (this.#isCut(from, to)) {
      this.#line(`lost: ${headOf(message)}`);
      return;
    }
    this.underWay.push({ message, line: this.#line(headOf(message)) });
  }

  applying(): void {
    // Said in `stepped`.
  }

  restored(server: Server, index: number): void {
    this.#about(server, () => this.#line(`takes over the state of entry ${index}`));
  }

  durable(server: Server, { persist }: Write): void {
    const text = this.#writes.get(persist) ?? '';
    this.#about(server, () => {
      this.#line(server.prompt ? `writes ${text}` : `write ${persist.id} is on disk: ${text}`);
    });
  }

  served(server: Server, id: string, atIndex: number): void {
    this.#about(server, () =>
      this.#line(`serves read ${id} from its state at ${Math.max(atIndex, server.machine.applied)}`),
    );
  }

  #sayProgress(before: RaftStatus, after: RaftStatus): void {
    for (const { peer, state, match, next } of after.progress) {
      const earlier = before.progress.find((each) => each.peer === peer);
      if (earlier !== undefined && earlier.state !== state)
        this.#line(`${peer}: ${earlier.state} → ${state}, match ${match}, next ${next}`);
    }
  }

  #isCut(from: NodeId, to: NodeId): boolean {
    return this.#group.get(from) !== this.#group.get(to);
  }

  #deliver(each: UnderWay): void {
    const { message, line } = each;
    line.shown = false;
    this.underWay.splice(this.underWay.indexOf(each), 1);
    this.delivered += 1;
    const { to, from } = message;
    const server = this.servers.get(to);
    this.#line(
      `${to} ← ${from}  ${messageText(message)}${server?.raft === undefined ? ' (nobody there)' : ''}`,
    );
    if (server?.raft === undefined) return;
    this.#depth += 1;
    this.step(to, { kind: 'receive', message });
    this.#depth -= 1;
  }

  #about(server: Server, act: () => void): void {
    if (this.#subject === server.id) act();
    else {
      this.#line(`${server.id}:`);
      this.#depth += 1;
      this.as(server.id, act);
      this.#depth -= 1;
    }
  }

  #line(text: string): Line {
    const line = { depth: this.#depth, text, shown: true };
    this.#lines.push(line);
    return line;
  }
}

function headOf(message: Message): string {
  return `${message.from} → ${message.to}  ${messageText(message)}`;
}

function isReply(input: Extract<Input, { kind: 'receive' }>): boolean {
  return input.message.type === 'AppendEntriesReply';
}

function replyText(reply: Reply): string {
  switch (reply.kind) {
    case 'redirect':
      return `tells the client of ${reply.id}: ${reply.leader === undefined ? 'ask another' : `ask ${reply.leader}`} (${reply.reason})`;
    case 'refused':
      return `tells the client of ${reply.id}: not now (${reply.reason})`;
    case 'uncertain':
      return `tells the client of ${reply.id}: it may commit or vanish (${reply.reason})`;
  }
}

/** `d4`, and once it was replaced `d4-1`. */
function diskOf(id: NodeId, count: number): string {
  return `d${id.slice(1)}${count === 0 ? '' : `-${count}`}`;
}

/** As in the paper's figures, an entry shows its term. */
function rowsOf(terms: readonly Term[], term: Term, votedFor: NodeId | null): Row[] {
  const rows: Row[] = [{ space: 'meta', key: 0, value: { term, votedFor } }];
  let hash = 0;
  terms.forEach((of, at) => {
    const entry = { term: of, kind: 'command' as const, data: String(of) };
    hash = chainHash(hash, entry);
    rows.push({ space: 'log', key: at + 1, value: { ...entry, hash } });
  });
  return rows;
}
