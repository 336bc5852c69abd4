/** Ports that write down, in one journal, what the host does with them, and a replica that does what a test tells it. */
import type {
  Effects,
  Entry,
  Input,
  Message,
  Persist,
  Replica,
} from '../../../src-main/consensus/replica.ts';
import type {
  Answer,
  ClientLink,
  Clock,
  Disk,
  Envelope,
  Machine,
  MachineResult,
  Network,
  Parcel,
  Recorder,
} from '../../../src-main/node/host/ports.ts';
import type { EventHead, EventPayload, TraceEvent } from '../../../src-main/trace/model/events.ts';

export type Journal = string[];

export const nothing: Effects = {
  send: [],
  sendAfterPersist: [],
  apply: [],
  applyHash: 0,
  reads: [],
  machine: [],
  replies: [],
  transitions: [],
};

export function message(type: string, to = 'n2', from = 'n1'): Message {
  return { type, from, to, term: 1, body: {} };
}

export function entry(index: number, id?: string): Entry {
  const plain = { index, term: 1, kind: 'command', data: `data ${index}` } as const;
  return id === undefined ? plain : { ...plain, id };
}

export function persist(id: number, rows = 1): Persist {
  const puts = Array.from({ length: rows }, (_none, at) => ({ space: 'log', key: id * 10 + at, value: {} }));
  return { id, deletes: [], puts };
}

export class ScriptedReplica implements Replica {
  deadline: number | undefined;
  readonly inputs: Input[] = [];
  readonly #answer: (input: Input, now: number) => Partial<Effects>;

  constructor(answer: (input: Input, now: number) => Partial<Effects>) {
    this.#answer = answer;
  }

  step(input: Input, now: number): Effects {
    this.inputs.push(input);
    return { ...nothing, ...this.#answer(input, now) };
  }
}

export class FakeClock implements Clock {
  ms = 0;
  alarmAt: number | undefined;
  soonAsked = 0;

  now(): number {
    return this.ms;
  }

  alarm(at: number | undefined): void {
    this.alarmAt = at;
  }

  soon(): void {
    this.soonAsked++;
  }
}

export class JournalRecorder implements Recorder {
  readonly events: TraceEvent[] = [];
  flushed = 0;
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  record(payload: EventPayload, step: number, cause?: string, atNs = 0): EventHead {
    const seq = this.events.length + 1;
    const head = {
      source: 'n1',
      incarnation: 1,
      seq,
      atNs,
      step,
      ...(cause === undefined ? undefined : { cause }),
    };
    this.events.push({ ...head, ...payload });
    this.#journal.push(`record ${payload.kind}`);
    return head;
  }

  flush(): void {
    if (this.flushed === this.events.length) return;
    this.flushed = this.events.length;
    this.#journal.push('flush');
  }

  now(): number {
    return 0;
  }

  of<K extends EventPayload['kind']>(kind: K): Extract<TraceEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
  }
}

export class FakeDisk implements Disk {
  readonly batches: (readonly Persist[])[] = [];
  /** While set, writes stay under way until `finish`. */
  slow = false;
  #pending: (() => void) | undefined;
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  write(batch: readonly Persist[], done: () => void): void {
    if (this.#pending !== undefined) throw new Error('a write was begun while another was under way');
    this.batches.push(batch);
    this.#journal.push('disk write');
    if (this.slow) this.#pending = done;
    else done();
  }

  finish(): void {
    const done = this.#pending;
    this.#pending = undefined;
    this.#journal.push('disk done');
    done?.();
  }

  durable(): { lastIndex: number; term: number; votedFor: null } {
    return { lastIndex: 0, term: 1, votedFor: null };
  }
}

export class FakeNetwork implements Network {
  readonly sent: Envelope[] = [];
  readonly answers: Answer[] = [];
  /** Why sending fails, if it does. */
  refusal: string | undefined;
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  pack(): Parcel {
    return { bytes: 10 };
  }

  send(_parcel: Parcel, envelope: Envelope): string | undefined {
    if (this.refusal !== undefined) return this.refusal;
    this.sent.push(envelope);
    this.#journal.push(`network ${envelope.message.type}`);
    return undefined;
  }

  answer(_client: ClientLink, answer: Answer): void {
    this.answers.push(answer);
    this.#journal.push(`network answer ${answer.operation}`);
  }

  flush(): void {
    this.#journal.push('network flush');
  }
}

export class FakeMachine implements Machine {
  applied = 0;
  busy = false;
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  apply(entries: readonly Entry[]): MachineResult[] {
    this.#journal.push(`apply ${entries.map(({ index }) => index).join(',')}`);
    this.applied = entries[entries.length - 1]?.index ?? this.applied;
    return entries.map(({ data }) => ({ ok: true, value: data }));
  }

  read(data: string): { ok: boolean; value: string } {
    return { ok: true, value: `held for ${data}` };
  }

  saveSnapshot(index: number): number {
    this.#journal.push(`save snapshot ${index}`);
    return 100;
  }

  readChunk(index: number, offset: number, bytesMax: number): { data: Uint8Array; total: number } {
    this.#journal.push(`read chunk ${index} ${offset}`);
    return { data: new Uint8Array(bytesMax), total: 100 };
  }

  keepSnapshot(index: number): string | undefined {
    this.#journal.push(`keep snapshot ${index}`);
    return undefined;
  }

  restoreSnapshot(index: number): number {
    this.#journal.push(`restore snapshot ${index}`);
    this.applied = index;
    return 100;
  }
}
