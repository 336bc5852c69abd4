import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Connection } from './connection.ts';
import { payloadBytesMax } from './frame.ts';
import { ConnectorHandshake } from './handshake.ts';
import type { Role, Self } from './handshake.ts';

/** A restarted node must be heard at once, so the waits between attempts stay short. */
const retryMsMin = 10;
const retryMsMax = 80;
/** More than this many bytes queued to a node that does not read are too many. */
const queuedBytesMax = payloadBytesMax;

export interface OutgoingLinkEvents {
  up(): void;
  /** The link was up and is not any more, or cannot be brought up for a reason not told before. */
  down(reason: string): void;
  /** What comes back over it. Returns what is wrong with it, if anything, which closes the connection. */
  payload(payload: Buffer): string | undefined;
}

/** Keeps a connection to a node on 127.0.0.1: connects, proves itself, and connects again when it breaks. */
export class OutgoingLink {
  readonly to: string;
  readonly port: number;
  readonly #self: Self;
  readonly #role: Role;
  readonly #events: OutgoingLinkEvents;
  #connection: Connection | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = retryMsMin;
  #toldReason: string | undefined;
  #ended = false;

  constructor(self: Self, role: Role, to: { id: string; port: number }, events: OutgoingLinkEvents) {
    this.#self = self;
    this.#role = role;
    this.to = to.id;
    this.port = to.port;
    this.#events = events;
  }

  get open(): boolean {
    return this.#connection?.open === true;
  }

  /** Connects now, unless it is connected or trying. */
  start(): void {
    if (this.#ended || this.#connection !== undefined) return;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#connect();
  }

  /** Why a frame of so many bytes cannot be taken, if it cannot. */
  refusal(bytes: number): string | undefined {
    const connection = this.#connection;
    if (connection === undefined || !connection.open) return `no connection to ${this.to}`;
    if (bytes > payloadBytesMax) return `a message of ${bytes} bytes is longer than ${payloadBytesMax}`;
    const queued = connection.queuedBytes;
    return queued > 0 && queued + bytes > queuedBytesMax
      ? `${queued} bytes are queued to ${this.to} already`
      : undefined;
  }

  stage(frame: Buffer): void {
    this.#connection?.stage(frame);
  }

  flush(): void {
    this.#connection?.flush();
  }

  end(reason: string): void {
    this.#ended = true;
    clearTimeout(this.#retry);
    this.#connection?.close(reason);
  }

  #connect(): void {
    const handshake = new ConnectorHandshake(this.#self, this.#role, this.to);
    const socket = connect({ host: '127.0.0.1', port: this.port });
    const connection = new Connection(socket, {
      shake: (payload) => handshake.take(payload),
      opened: () => {
        this.#retryMs = retryMsMin;
        this.#toldReason = undefined;
        this.#events.up();
      },
      payload: (payload) => this.#events.payload(payload),
      closed: (reason) => this.#closed(reason),
    });
    this.#connection = connection;
    socket.on('connect', () => {
      if (isConnectedToItself(socket)) connection.close('the socket is connected to itself');
      else connection.say(handshake.hello);
    });
  }

  #closed(reason: string): void {
    this.#connection = undefined;
    if (reason !== this.#toldReason) this.#events.down(reason);
    this.#toldReason = reason;
    if (this.#ended) return;
    this.#retry = setTimeout(() => this.start(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, retryMsMax);
  }
}

/** A client that retries a dead port of the ephemeral range can end up so: the kernel lets both ends meet in one socket. */
export function isConnectedToItself(socket: Socket): boolean {
  return socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
}
