/** One replica under test: its clock, its disk and the questions a test asks of it. */
import { chainHash } from '../../../../src-main/consensus/raft/chain-hash.ts';
import { votersOf, votersOnly } from '../../../../src-main/consensus/raft/configuration.ts';
import type {
  AppendEntriesBody,
  AppendEntriesReplyBody,
  InstallSnapshotBody,
  InstallSnapshotReplyBody,
  RequestVoteBody,
  RequestVoteReplyBody,
} from '../../../../src-main/consensus/raft/messages.ts';
import type { RaftOptionsGiven } from '../../../../src-main/consensus/raft/options.ts';
import { createRaft, type RaftReplica } from '../../../../src-main/consensus/raft/replica.ts';
import type { RaftBug } from '../../../../src-main/consensus/raft/planted-bugs.ts';
import type {
  Configuration,
  Effects,
  Entry,
  Input,
  LogIndex,
  MachineAnswer,
  Message,
  NodeId,
  OperatorInput,
  PersistId,
  ReadMode,
  Row,
  StorageId,
  Term,
  Transition,
} from '../../../../src-main/consensus/replica.ts';

export const FIVE: readonly NodeId[] = ['n1', 'n2', 'n3', 'n4', 'n5'];
export const THREE: readonly NodeId[] = ['n1', 'n2', 'n3'];

export interface Setup {
  readonly id?: NodeId;
  readonly voters?: readonly NodeId[];
  /** Instead of `voters`. */
  readonly configuration?: Configuration;
  readonly storageId?: StorageId;
  /** The term of each entry found on disk, from index 1 on. */
  readonly terms?: readonly Term[];
  /** The persisted current term; the last entry's unless given. */
  readonly term?: Term;
  readonly votedFor?: NodeId | null;
  readonly applied?: LogIndex;
  readonly options?: Partial<RaftOptionsGiven>;
  readonly random?: () => number;
  readonly bug?: RaftBug;
  /** Instead of `terms`, `term` and `votedFor`. */
  readonly rows?: readonly Row[];
}

/** Entry `index` as the leader of `term` would have made it. */
export function entryOf(index: LogIndex, term: Term): Entry {
  return { index, term, kind: 'command', data: `command ${index}@${term}`, id: `c${term}/${index}` };
}

/** Entries that follow `prevLogIndex`, one a term given. */
export function entriesAfter(prevLogIndex: LogIndex, ...terms: Term[]): Entry[] {
  return terms.map((term, offset) => entryOf(prevLogIndex + 1 + offset, term));
}

export function rowsOf(terms: readonly Term[], term: Term, votedFor: NodeId | null): Row[] {
  const rows: Row[] = [{ space: 'meta', key: 0, value: { term, votedFor } }];
  let hash = 0;
  for (const { index, ...entry } of entriesAfter(0, ...terms)) {
    hash = chainHash(hash, entry);
    rows.push({ space: 'log', key: index, value: { ...entry, hash } });
  }
  return rows;
}

export class SingleReplica {
  readonly id: NodeId;
  readonly voters: readonly NodeId[];
  readonly raft: RaftReplica;
  now = 0;
  /** Writes asked for and not yet reported durable. */
  readonly outstanding: PersistId[] = [];

  constructor(setup: Setup = {}) {
    this.id = setup.id ?? 'n1';
    this.voters = setup.configuration === undefined ? (setup.voters ?? THREE) : votersOf(setup.configuration);
    const terms = setup.terms ?? [];
    const term = setup.term ?? terms.at(-1) ?? 0;
    this.raft = createRaft({
      id: this.id,
      configuration: setup.configuration ?? votersOnly(this.voters),
      options: { electionTimeoutMs: { min: 150, max: 300 }, heartbeatMs: 50, ...setup.options },
      rows: setup.rows ?? (term === 0 ? [] : rowsOf(terms, term, setup.votedFor ?? null)),
      applied: setup.applied ?? 0,
      random: setup.random ?? (() => 0.5),
      now: 0,
      ...(setup.storageId === undefined ? undefined : { storageId: setup.storageId }),
      ...(setup.bug === undefined ? undefined : { bug: setup.bug }),
    });
  }

  get status(): RaftReplica['status'] {
    return this.raft.status;
  }

  /** The term of each entry in memory. */
  get terms(): Term[] {
    return this.raft.status.runs.flatMap((run) =>
      Array.from({ length: run.last - run.first + 1 }, () => run.term),
    );
  }

  get deadline(): number {
    const { deadline } = this.raft;
    if (deadline === undefined) throw new Error('no timer is armed');
    return deadline;
  }

  step(input: Input): Effects {
    const effects = this.raft.step(input, this.now);
    if (effects.persist !== undefined) this.outstanding.push(effects.persist.id);
    return effects;
  }

  /** Lets the timer run out. */
  timeout(): Effects {
    this.now = Math.max(this.now, this.deadline);
    return this.step({ kind: 'timeout' });
  }

  receive(message: Message): Effects {
    return this.step({ kind: 'receive', message });
  }

  operator(command: OperatorInput): Effects {
    return this.step({ kind: 'operator', command });
  }

  /** What the state machine answers. */
  machine(answer: MachineAnswer): Effects {
    return this.step({ kind: 'machine', answer });
  }

  read(mode: ReadMode, ...ids: string[]): Effects {
    return this.step({ kind: 'read', reads: ids.map((id) => ({ id, mode })) });
  }

  /** Applies everything handed out in `effects`. */
  applied(effects: Effects): Effects {
    const last = effects.apply.at(-1);
    if (last === undefined) throw new Error('nothing was handed out to apply');
    return this.step({ kind: 'applied', index: last.index });
  }

  preVote(from: NodeId, term: Term, body: Partial<RequestVoteBody> = {}): Effects {
    const whole: RequestVoteBody = { lastLogIndex: 0, lastLogTerm: 0, ...body };
    return this.receive({ type: 'PreVote', from, to: this.id, term, body: whole });
  }

  preVoteReply(from: NodeId, term: Term, granted = true): Effects {
    return this.receive({ type: 'PreVoteReply', from, to: this.id, term, body: { granted } });
  }

  installSnapshot(from: NodeId, term: Term, body: InstallSnapshotBody): Effects {
    return this.receive({ type: 'InstallSnapshot', from, to: this.id, term, body });
  }

  snapshotReply(from: NodeId, term: Term, body: InstallSnapshotReplyBody): Effects {
    return this.receive({ type: 'InstallSnapshotReply', from, to: this.id, term, body });
  }

  requestVote(
    from: NodeId,
    term: Term,
    lastLogIndex: LogIndex,
    lastLogTerm: Term,
    body: Partial<RequestVoteBody> = {},
  ): Effects {
    return this.receive({
      type: 'RequestVote',
      from,
      to: this.id,
      term,
      body: { lastLogIndex, lastLogTerm, ...body },
    });
  }

  voteReply(from: NodeId, term: Term, granted = true): Effects {
    return this.receive({ type: 'RequestVoteReply', from, to: this.id, term, body: { granted } });
  }

  append(from: NodeId, term: Term, body: Partial<AppendEntriesBody> = {}): Effects {
    const whole: AppendEntriesBody = {
      prevLogIndex: 0,
      prevLogTerm: 0,
      entries: [],
      leaderCommit: 0,
      round: 1,
      ...body,
    };
    return this.receive({ type: 'AppendEntries', from, to: this.id, term, body: whole });
  }

  appendReply(from: NodeId, term: Term, body: Partial<AppendEntriesReplyBody>): Effects {
    const whole: AppendEntriesReplyBody = {
      success: true,
      prevLogIndex: 0,
      matchIndex: 0,
      round: 1,
      ...body,
    };
    return this.receive({ type: 'AppendEntriesReply', from, to: this.id, term, body: whole });
  }

  /** Entries up to `matchIndex` are on `from`'s disk. */
  acknowledge(from: NodeId, matchIndex: LogIndex, round = 1): Effects {
    return this.appendReply(from, this.status.term, { matchIndex, round });
  }

  propose(...datas: string[]): Effects {
    return this.step({ kind: 'propose', proposals: datas.map((data) => ({ id: `c1/${data}`, data })) });
  }

  /** Reports the oldest write durable. */
  persistOne(): Effects {
    const id = this.outstanding.shift();
    if (id === undefined) throw new Error('no write is outstanding');
    return this.step({ kind: 'persisted', id });
  }

  /** Reports every write durable. */
  persistAll(): void {
    while (this.outstanding.length > 0) this.persistOne();
  }

  /** Times out, asks for pre-votes if it must, persists its vote and wins with the votes of as many others as it needs. */
  becomeLeader(): Effects {
    this.timeout();
    for (const voter of this.voters) {
      if (this.status.role === 'pre-candidate' && voter !== this.id)
        this.preVoteReply(voter, this.status.term + 1);
    }
    let effects = this.persistOne();
    for (const voter of this.voters) {
      if (this.status.role === 'leader') break;
      if (voter !== this.id) effects = this.voteReply(voter, this.status.term);
    }
    if (this.status.role !== 'leader') throw new Error(`${this.id} did not win`);
    return effects;
  }
}

export function transitionsOf<Kind extends Transition['kind']>(
  effects: Effects,
  kind: Kind,
): Extract<Transition, { kind: Kind }>[] {
  return effects.transitions.filter(
    (each): each is Extract<Transition, { kind: Kind }> => each.kind === kind,
  );
}

/** Messages of one type sent in a step, and to whom. */
export function sentOfType(effects: Effects, type: string): Message[] {
  return sentIn(effects).filter((message) => message.type === type);
}

/** Everything sent in a step, whenever it may leave. */
export function sentIn(effects: Effects): Message[] {
  return [...effects.send, ...effects.sendAfterPersist];
}

export function appendsIn(effects: Effects): { to: NodeId; body: AppendEntriesBody }[] {
  return sentIn(effects)
    .filter((message) => message.type === 'AppendEntries')
    .map(({ to, body }) => ({ to, body: body as AppendEntriesBody }));
}

export function appendReplyIn(effects: Effects): AppendEntriesReplyBody {
  return onlyBody(effects, 'AppendEntriesReply') as AppendEntriesReplyBody;
}

export function voteReplyIn(effects: Effects): RequestVoteReplyBody {
  return onlyBody(effects, 'RequestVoteReply') as RequestVoteReplyBody;
}

function onlyBody(effects: Effects, type: string): object {
  const [message, ...rest] = sentIn(effects);
  if (message?.type !== type || rest.length > 0)
    throw new Error(`expected one ${type}, found ${JSON.stringify(sentIn(effects))}`);
  return message.body;
}
