import type { Message } from '../../consensus/replica.ts';
import { eventId } from '../../trace/model/events.ts';
import type { EventId } from '../../trace/model/events.ts';
import type { Answer, ClientLink, Envelope, Network, Parcel, Recorder } from './ports.ts';
import { recordedBody } from './recorded-body.ts';

interface StagedMessage<P> {
  readonly parcel: P;
  readonly envelope: Envelope;
  readonly step: number;
}

interface StagedAnswer {
  readonly client: ClientLink;
  readonly answer: Answer;
}

/**
 * The only way out of a node. Staging records; `release` makes the records outlive the process and only then hands
 * over to the network. Nothing else in the host holds the network, so nothing can leave unrecorded.
 */
export class Outbox<P extends Parcel> {
  readonly #recorder: Recorder;
  readonly #network: Network<P>;
  #messages: StagedMessage<P>[] = [];
  #answers: StagedAnswer[] = [];

  constructor(recorder: Recorder, network: Network<P>) {
    this.#recorder = recorder;
    this.#network = network;
  }

  stageMessage(message: Message, step: number, cause: EventId | undefined): void {
    const { to, type, term } = message;
    const parcel = this.#network.pack(message);
    const body = recordedBody(message);
    const head = this.#recorder.record(
      { kind: 'send', to, type, term, bytes: parcel.bytes, body },
      step,
      cause,
    );
    this.#messages.push({
      parcel,
      envelope: { incarnation: head.incarnation, seq: head.seq, message },
      step,
    });
  }

  /** An answer to a client that has gone is neither recorded nor sent. */
  stageAnswer(client: ClientLink, answer: Answer, step: number, cause: EventId | undefined): void {
    if (client.gone) return;
    const { operation, outcome, index, reason, read } = answer;
    this.#recorder.record(
      {
        kind: 'answer',
        operation,
        outcome,
        ...(index === null ? undefined : { index }),
        ...(reason === null ? undefined : { reason }),
        ...(read === 'log' ? undefined : { read }),
      },
      step,
      cause,
    );
    this.#answers.push({ client, answer });
  }

  /** Everything staged leaves, and everything recorded so far outlives the process before it does. */
  release(): void {
    if (this.#messages.length === 0 && this.#answers.length === 0) return;
    this.#recorder.flush();
    const messages = this.#messages;
    const answers = this.#answers;
    this.#messages = [];
    this.#answers = [];
    for (const { parcel, envelope, step } of messages) {
      const reason = this.#network.send(parcel, envelope);
      if (reason !== undefined) this.#recordDrop(envelope, reason, step);
    }
    for (const { client, answer } of answers) this.#network.answer(client, answer);
    this.#network.flush();
  }

  #recordDrop({ incarnation, seq, message }: Envelope, reason: string, step: number): void {
    const id = eventId({ source: message.from, incarnation, seq });
    this.#recorder.record({ kind: 'drop', message: id, reason }, step, id);
  }
}
