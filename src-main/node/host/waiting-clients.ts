import type { Entry, OperationId, Reply } from '../../consensus/replica.ts';
import type { EventId } from '../../trace/model/events.ts';
import type { Outbox } from './outbox.ts';
import type { Answer, ClientLink, MachineResult, Parcel, Request } from './ports.ts';

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
      const { ok, value, reason = null, uncertain } = result;
      const outcome = ok ? 'ok' : uncertain === true ? 'uncertain' : 'fail';
      this.#answer(
        { operation: entry.id, outcome, value, index: entry.index, leader: null, reason, read: 'log' },
        step,
        cause,
      );
    }
  }

  /** The replica refused an operation, or cannot say what becomes of it. @returns whether it was one of these */
  answerReply(reply: Reply, step: number, cause: EventId | undefined): boolean {
    const { id: operation, reason } = reply;
    if (!this.#waiting.has(operation)) return false;
    const nothing = { operation, value: null, index: null, reason, read: 'log' } as const;
    const leader = reply.kind === 'redirect' ? (reply.leader ?? null) : null;
    const outcome = reply.kind === 'uncertain' ? 'uncertain' : 'refused';
    this.#answer({ ...nothing, outcome, leader }, step, cause);
    return true;
  }

  /** Operations that other nodes' clients wait for are none of ours. */
  #answer(answer: Answer, step: number, cause: EventId | undefined): void {
    const client = this.#waiting.get(answer.operation);
    if (client === undefined) return;
    this.#waiting.delete(answer.operation);
    this.#outbox.stageAnswer(client, answer, step, cause);
  }
}
