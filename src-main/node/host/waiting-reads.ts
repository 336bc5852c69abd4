import type { LogIndex, OperationId, ReadId, Reply } from '../../consensus/replica.ts';
import type { EventId } from '../../trace/model/events.ts';
import type { Outbox } from './outbox.ts';
import type { Machine, Parcel, Request } from './ports.ts';

interface Confirmed {
  readonly request: Request;
  readonly atIndex: LogIndex;
}

/** Reads that want no entry of their own: they wait until the replica lets them be served, then until the state is recent enough. */
export class WaitingReads<P extends Parcel> {
  readonly #outbox: Outbox<P>;
  readonly #machine: Machine;
  readonly #asked = new Map<ReadId, Request>();
  #confirmed: Confirmed[] = [];

  constructor(outbox: Outbox<P>, machine: Machine) {
    this.#outbox = outbox;
    this.#machine = machine;
  }

  add(request: Request): void {
    this.#asked.set(request.operation, request);
  }

  /** Answers from the state as it stands here, and says that it is stale. */
  answerStale(request: Request, step: number, cause: EventId): void {
    this.#answer(request, step, cause, `stale read at applied index ${this.#machine.applied}`);
  }

  /** The replica confirmed that the state of `atIndex` is recent enough. */
  serve(id: ReadId, atIndex: LogIndex, step: number, cause: EventId | undefined): void {
    const request = this.#asked.get(id);
    if (request === undefined) return;
    this.#asked.delete(id);
    if (this.#machine.applied >= atIndex) this.#answer(request, step, cause, null);
    else this.#confirmed.push({ request, atIndex });
  }

  /** The state machine has come to `applied`. */
  answerUpTo(applied: LogIndex, step: number, cause: EventId): void {
    if (this.#confirmed.length === 0) return;
    const waiting: Confirmed[] = [];
    for (const confirmed of this.#confirmed) {
      if (confirmed.atIndex <= applied) this.#answer(confirmed.request, step, cause, null);
      else waiting.push(confirmed);
    }
    this.#confirmed = waiting;
  }

  /** The replica refused a read. */
  answerReply(reply: Reply, step: number, cause: EventId | undefined): void {
    const { id, reason } = reply;
    const request = this.#asked.get(id);
    if (request === undefined) return;
    this.#asked.delete(id);
    const { client, read } = request;
    const leader = reply.kind === 'redirect' ? (reply.leader ?? null) : null;
    const operation: OperationId = id;
    this.#outbox.stageAnswer(
      client,
      { operation, outcome: 'refused', value: null, index: null, leader, reason, read },
      step,
      cause,
    );
  }

  #answer(
    { operation, data, client, read }: Request,
    step: number,
    cause: EventId | undefined,
    label: string | null,
  ): void {
    const { ok, value, reason = label } = this.#machine.read(data);
    const index = this.#machine.applied;
    const outcome = ok ? 'ok' : 'fail';
    this.#outbox.stageAnswer(
      client,
      { operation, outcome, value, index, leader: null, reason, read },
      step,
      cause,
    );
  }
}
