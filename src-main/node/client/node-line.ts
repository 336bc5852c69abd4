import type { Milliseconds, NodeId, OperationId } from '../../consensus/replica.ts';
import type { Answer } from '../host/ports.ts';
import type { PeerAddress } from '../protocol.ts';
import type { Self } from '../transport/handshake.ts';
import { OutgoingLink } from '../transport/outgoing-link.ts';
import { inFrames, readAnswers, requestsFrame } from '../transport/wire.ts';
import type { Operation } from './operation.ts';

export interface NodeLineEvents {
  /** The connection stands. */
  up(line: NodeLine): void;
  /** It broke, or could not be made. `lost` were sent and have no answer. */
  down(line: NodeLine, lost: readonly Operation[], reason: string): void;
  answered(line: NodeLine, operation: Operation, answer: Answer, tookMs: Milliseconds): void;
}

/** One sending of an operation that has no answer. */
interface Attempt {
  readonly operation: Operation;
  readonly sentMs: Milliseconds;
  /** From then on another node is asked as well. */
  lateMs: Milliseconds;
  /** That is so. */
  late: boolean;
}

/** The clients' connection to one node: what leaves with the next flush and what waits for an answer. */
export class NodeLine {
  readonly id: NodeId;
  readonly port: number;
  readonly #incarnation: number;
  readonly #events: NodeLineEvents;
  readonly #patienceFor: (operation: Operation) => Milliseconds;
  readonly #link: OutgoingLink;
  #staged: Operation[] = [];
  readonly #inFlight = new Map<OperationId, Attempt>();
  #silent = false;
  /** When the latest of the operations was sent that were answered. */
  #answeredSentMs: Milliseconds = -Infinity;

  /** @param patienceFor how long the node may take to answer */
  constructor(
    self: Self,
    member: PeerAddress,
    patienceFor: (operation: Operation) => Milliseconds,
    events: NodeLineEvents,
  ) {
    this.id = member.id;
    this.port = member.port;
    this.#incarnation = self.incarnation;
    this.#patienceFor = patienceFor;
    this.#events = events;
    this.#link = new OutgoingLink(self, 'client', member, {
      up: () => events.up(this),
      down: (reason) => events.down(this, this.#takeInFlight(), reason),
      payload: (payload) => this.#takeAnswers(payload),
    });
  }

  get open(): boolean {
    return this.#link.open;
  }

  /** Connected, but an answer is late and none has come since: it may be paused, or cut off. */
  get silent(): boolean {
    return this.#silent;
  }

  start(): void {
    this.#link.start();
  }

  end(reason: string): void {
    this.#link.end(reason);
  }

  stage(operation: Operation): void {
    this.#staged.push(operation);
  }

  /** Sends what was staged, in as few frames as hold it. Returns the operations that could not be sent, and why, if so. */
  flush(): { unsent: readonly Operation[]; reason: string } | undefined {
    if (this.#staged.length === 0) return undefined;
    const operations = this.#staged.filter(({ ended }) => !ended);
    this.#staged = [];
    let sent = 0;
    let reason: string | undefined;
    for (const some of inFrames(operations, ({ data }) => data.length)) {
      reason = this.#stageFrame(some);
      if (reason !== undefined) break;
      sent += some.length;
    }
    this.#link.flush();
    return reason === undefined ? undefined : { unsent: operations.slice(sent), reason };
  }

  #stageFrame(operations: readonly Operation[]): string | undefined {
    const invokeIncarnation = this.#incarnation;
    const frame = requestsFrame(
      operations.map(({ id: operation, data, read, invokeSeq }) => {
        return { operation, data, read, invokeIncarnation, invokeSeq };
      }),
    );
    const reason = this.#link.refusal(frame.length);
    if (reason !== undefined) return reason;
    const sentMs = performance.now();
    for (const operation of operations) {
      operation.unanswered++;
      const lateMs = sentMs + this.#patienceFor(operation);
      this.#inFlight.set(operation.id, { operation, sentMs, lateMs, late: false });
    }
    this.#link.stage(frame);
    return undefined;
  }

  /** Gives back what was staged and not sent. */
  takeStaged(): readonly Operation[] {
    const staged = this.#staged;
    this.#staged = [];
    return staged;
  }

  /** It does not wait for an answer from here, or that is late: it may be sent here once more. */
  mayHear({ id }: Operation): boolean {
    return this.#inFlight.get(id)?.late !== false;
  }

  /** Operations whose answers are late now and were not before. They are waited for still. */
  takeLate(nowMs: Milliseconds): readonly Operation[] {
    const late: Operation[] = [];
    for (const attempt of this.#inFlight.values()) {
      if (attempt.late || attempt.lateMs > nowMs) continue;
      attempt.late = true;
      late.push(attempt.operation);
    }
    if (late.length > 0) this.#silent = true;
    return late;
  }

  /**
   * Waits once more for the answer to an operation that was sent here, unless it has been overtaken: what was sent after it is answered,
   * so it, or its answer, is lost. @returns whether it waits
   */
  waitsFor(operation: Operation): boolean {
    const attempt = this.#inFlight.get(operation.id);
    if (attempt === undefined || attempt.sentMs < this.#answeredSentMs) return false;
    attempt.lateMs = performance.now() + this.#patienceFor(operation);
    attempt.late = false;
    return true;
  }

  /** An answer to this operation does not matter any more. */
  forget({ id }: Operation): void {
    this.#inFlight.delete(id);
  }

  #takeInFlight(): readonly Operation[] {
    const lost = Array.from(this.#inFlight.values(), ({ operation }) => operation);
    this.#inFlight.clear();
    this.#silent = false;
    return lost;
  }

  #takeAnswers(payload: Buffer): string | undefined {
    const answers = readAnswers(payload);
    if (typeof answers === 'string') return answers;
    this.#silent = false;
    const nowMs = performance.now();
    for (const answer of answers) {
      const attempt = this.#inFlight.get(answer.operation);
      // Otherwise its time was over, or another node was faster, and its end is recorded.
      if (attempt === undefined) continue;
      this.#inFlight.delete(answer.operation);
      const { operation, sentMs } = attempt;
      this.#answeredSentMs = Math.max(this.#answeredSentMs, sentMs);
      this.#events.answered(this, operation, answer, nowMs - sentMs);
    }
    return undefined;
  }
}
