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
  answered(line: NodeLine, operation: Operation, answer: Answer): void;
}

/** The clients' connection to one node: what leaves with the next flush and what waits for an answer. */
export class NodeLine {
  readonly id: NodeId;
  readonly #incarnation: number;
  readonly #events: NodeLineEvents;
  readonly #link: OutgoingLink;
  #staged: Operation[] = [];
  readonly #inFlight = new Map<OperationId, Operation>();

  constructor(self: Self, member: PeerAddress, events: NodeLineEvents) {
    this.id = member.id;
    this.#incarnation = self.incarnation;
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
    const operations = this.#staged;
    if (operations.length === 0) return undefined;
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
    for (const operation of operations) this.#inFlight.set(operation.id, operation);
    this.#link.stage(frame);
    return undefined;
  }

  /** Gives up the operations invoked before that time whose answers have not come. */
  takeOlder(invokedBefore: Milliseconds): readonly Operation[] {
    const late: Operation[] = [];
    for (const operation of this.#inFlight.values()) {
      if (operation.invokedMs <= invokedBefore) late.push(operation);
    }
    for (const { id } of late) this.#inFlight.delete(id);
    return late;
  }

  #takeInFlight(): readonly Operation[] {
    const lost = [...this.#inFlight.values()];
    this.#inFlight.clear();
    return lost;
  }

  #takeAnswers(payload: Buffer): string | undefined {
    const answers = readAnswers(payload);
    if (typeof answers === 'string') return answers;
    for (const answer of answers) {
      const operation = this.#inFlight.get(answer.operation);
      // Otherwise its time was over, and its end is recorded.
      if (operation === undefined) continue;
      this.#inFlight.delete(answer.operation);
      this.#events.answered(this, operation, answer);
    }
    return undefined;
  }
}
