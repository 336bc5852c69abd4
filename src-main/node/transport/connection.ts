import type { Socket } from 'node:net';
import { FrameReader, frameOf, handshakePayloadBytesMax, payloadBytesMax } from './frame.ts';
import type { HandshakeStep, Stranger } from './handshake.ts';

/** How long the other end may take to prove itself. */
const handshakeMsMax = 1000;

export interface ConnectionEvents {
  /** Takes a payload of the handshake. */
  shake(payload: Buffer): HandshakeStep;
  /** The other end has proved itself; frames may be staged from now on. */
  opened(other: Stranger): void;
  /** A payload after the handshake. Returns what is wrong with it, if anything, which closes the connection. */
  payload(payload: Buffer): string | undefined;
  /** Called once, whatever ended the connection. */
  closed(reason: string): void;
}

/** One TCP connection: handshake, then frames. What is staged leaves with `flush`, in one write. */
export class Connection {
  #open = false;
  #closed = false;
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #reader: FrameReader;
  readonly #patience: NodeJS.Timeout;
  #staged: Buffer[] = [];
  #stagedBytes = 0;

  constructor(socket: Socket, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#reader = new FrameReader(handshakePayloadBytesMax, (payload) => this.#take(payload));
    this.#patience = setTimeout(() => this.close('the handshake took too long'), handshakeMsMax);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      const fault = this.#reader.push(chunk);
      if (fault !== undefined) this.close(fault);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.close(error.code ?? error.message));
    socket.on('end', () => this.close('the other end closed the connection'));
    socket.on('close', () => this.close('the connection was closed'));
  }

  get open(): boolean {
    return this.#open;
  }

  /** Whether it has ended. */
  get gone(): boolean {
    return this.#closed;
  }

  /** Bytes taken that the operating system has not. */
  get queuedBytes(): number {
    return this.#stagedBytes + this.#socket.writableLength;
  }

  /** Sends a payload of the handshake at once. */
  say(payload: Buffer): void {
    this.#socket.write(frameOf(payload));
  }

  stage(frame: Buffer): void {
    this.#staged.push(frame);
    this.#stagedBytes += frame.length;
  }

  flush(): void {
    const staged = this.#staged;
    const only = staged[0];
    if (only === undefined) return;
    this.#staged = [];
    this.#stagedBytes = 0;
    if (this.#closed) return;
    if (staged.length === 1) this.#socket.write(only);
    else {
      this.#socket.cork();
      for (const frame of staged) this.#socket.write(frame);
      this.#socket.uncork();
    }
  }

  /** Ends it for good; what was queued and not sent is lost. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#open = false;
    this.#reader.stop();
    clearTimeout(this.#patience);
    this.#socket.destroy();
    this.#events.closed(reason);
  }

  #take(payload: Buffer): void {
    if (this.#open) {
      const fault = this.#events.payload(payload);
      if (fault !== undefined) this.close(fault);
      return;
    }
    const step = this.#events.shake(payload);
    if (step.state === 'refused') {
      this.#refuse(step.reason, step.send);
      return;
    }
    if (step.send !== undefined) this.say(step.send);
    if (step.state === 'proved') this.#become(step.other);
  }

  #become(other: Stranger): void {
    this.#open = true;
    clearTimeout(this.#patience);
    this.#reader.payloadLimit = payloadBytesMax;
    this.#events.opened(other);
  }

  /** A refusal is told before the connection ends, so that the other end can say why. */
  #refuse(reason: string, told: Buffer | undefined): void {
    this.#reader.stop();
    if (told === undefined) this.close(reason);
    else this.#socket.end(frameOf(told), () => this.close(reason));
  }
}
