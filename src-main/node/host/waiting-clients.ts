import type { Entry, OperationId, Reply } from '../../consensus/replica.ts';
import type { EventId } from '../../trace/model/events.ts';
import type { Outbox } from './outbox.ts';
import type { Answer, ClientLink, Machine, MachineResult, Parcel, Request } from './ports.ts';

/** The clients whose operations are under way here, and what they are told in the end. */
export class WaitingClients<P extends Parcel> {
  readonly #outbox: Outbox<P>;
  readonly #waiting = new Map<OperationId, ClientLink>();

  constructor(outbox: Outbox<P>) {
    this.#outbox = outbox;
  }

  add({ operation, client }: Request): void {
    this.#waiting.set(operation, client);
  }

  /** Answers a read from the state as it stands here, and says that it is stale. */
  answerStale(request: Request, machine: Machine, step: number, cause: EventId): void {
    const { operation, data, client } = request;
    const { ok, value, reason } = machine.read(data);
    const index = machine.applied;
    const label = `stale read at applied index ${index}`;
    const outcome = ok ? 'ok' : 'fail';
    const answer = { operation, outcome, value, index, leader: null, reason: reason ?? label } as const;
    this.#outbox.stageAnswer(client, answer, step, cause);
  }

  /** Entries were applied, with one result each. */
  answerApplied(
    entries: readonly Entry[],
    results: readonly MachineResult[],
    step: number,
    cause: EventId,
  ): void {
    if (this.#waiting.size === 0) return;
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at];
      const result = results[at];
      if (entry?.id === undefined || result === undefined) continue;
      const { ok, value, reason = null } = result;
      const outcome = ok ? 'ok' : 'fail';
      this.#answer(
        { operation: entry.id, outcome, value, index: entry.index, leader: null, reason },
        step,
        cause,
      );
    }
  }

  /** The replica refused an operation, or cannot say what becomes of it. */
  answerReply(reply: Reply, step: number, cause: EventId | undefined): void {
    const { id: operation, reason } = reply;
    const nothing = { operation, value: null, index: null, reason } as const;
    if (reply.kind === 'uncertain')
      this.#answer({ ...nothing, outcome: 'uncertain', leader: null }, step, cause);
    else this.#answer({ ...nothing, outcome: 'refused', leader: reply.leader ?? null }, step, cause);
  }

  /** Operations that other nodes' clients wait for are none of ours. */
  #answer(answer: Answer, step: number, cause: EventId | undefined): void {
    const client = this.#waiting.get(answer.operation);
    if (client === undefined) return;
    this.#waiting.delete(answer.operation);
    this.#outbox.stageAnswer(client, answer, step, cause);
  }
}
