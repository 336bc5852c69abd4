/**
 * How two ends of a connection prove to each other that they belong to the same run, before anything else is read. Pure:
 * payloads in, payloads and verdicts out.
 *
 *     connector                                listener
 *     hello  (who, to whom, nonce)      ──►
 *                                       ◄──    challenge (who, nonce, HMAC over hello and challenge)
 *     proof  (HMAC over both)           ──►
 *                                       ◄──    welcome, or refusal with its reason
 *
 * The HMACs (SHA-256 over the run's secret) carry different labels, so neither end can be made to answer for the other.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type Role = 'peer' | 'client';

export interface Self {
  readonly runId: string;
  readonly secret: Uint8Array;
  /** A node's id, or a client's name. */
  readonly id: string;
  readonly incarnation: number;
}

export interface Stranger {
  readonly role: Role;
  readonly id: string;
  readonly incarnation: number;
}

export type HandshakeStep =
  /** `send` and wait for the next payload. */
  | { readonly state: 'going-on'; readonly send: Buffer }
  /** The other end is who it says. `send`, if any, completes the handshake on its side. */
  | { readonly state: 'proved'; readonly other: Stranger; readonly send?: Buffer }
  /** Close the connection, after `send`, if any. */
  | { readonly state: 'refused'; readonly reason: string; readonly send?: Buffer };

const version = 1;
const nonceBytes = 16;
const macBytes = 32;
const reasonLengthMax = 200;

interface Hello {
  readonly version: number;
  readonly runId: string;
  readonly role: Role;
  readonly id: string;
  readonly to: string;
  readonly incarnation: number;
  readonly nonce: string;
}

/** The end that opened the connection. */
export class ConnectorHandshake {
  readonly #self: Self;
  readonly #to: string;
  readonly #hello: Buffer;
  #other: Stranger | undefined;

  constructor(self: Self, role: Role, to: string) {
    this.#self = self;
    this.#to = to;
    const { runId, id, incarnation } = self;
    const hello: Hello = {
      version,
      runId,
      role,
      id,
      to,
      incarnation,
      nonce: randomBytes(nonceBytes).toString('hex'),
    };
    this.#hello = Buffer.from(JSON.stringify(hello));
  }

  get hello(): Buffer {
    return this.#hello;
  }

  take(payload: Buffer): HandshakeStep {
    const refusal = readRefusal(payload);
    if (refusal !== undefined) return { state: 'refused', reason: refusal };
    if (this.#other !== undefined) {
      return isWelcome(payload)
        ? { state: 'proved', other: this.#other }
        : { state: 'refused', reason: 'no welcome came' };
    }
    if (payload.equals(this.#hello)) return { state: 'refused', reason: 'the socket is connected to itself' };
    return this.#answerChallenge(payload);
  }

  #answerChallenge(payload: Buffer): HandshakeStep {
    const { secret } = this.#self;
    const signed = payload.subarray(0, payload.length - macBytes);
    const fields = payload.length > macBytes ? readFields(signed) : undefined;
    if (fields === undefined) return { state: 'refused', reason: 'the other end is no node of Quorum Lab' };
    const mac = macOf(secret, 'listener', this.#hello, signed);
    if (!timingSafeEqual(mac, payload.subarray(payload.length - macBytes))) {
      return { state: 'refused', reason: 'the other end does not know the secret of this run' };
    }
    const { id, incarnation } = fields;
    if (id !== this.#to || !isIncarnation(incarnation)) {
      return { state: 'refused', reason: `the other end is ${String(id)}, not ${this.#to}` };
    }
    this.#other = { role: 'peer', id, incarnation };
    return { state: 'going-on', send: macOf(secret, 'connector', this.#hello, payload) };
  }
}

/** The end that accepted the connection. `knows` says whether that id may connect in that role. */
export class ListenerHandshake {
  readonly #self: Self;
  readonly #knows: (role: Role, id: string) => boolean;
  #hello: Buffer | undefined;
  #challenge: Buffer | undefined;
  #other: Stranger | undefined;

  constructor(self: Self, knows: (role: Role, id: string) => boolean) {
    this.#self = self;
    this.#knows = knows;
  }

  take(payload: Buffer): HandshakeStep {
    if (this.#hello === undefined || this.#challenge === undefined || this.#other === undefined) {
      return this.#takeHello(payload);
    }
    const mac = macOf(this.#self.secret, 'connector', this.#hello, this.#challenge);
    if (payload.length !== macBytes || !timingSafeEqual(mac, payload)) {
      return refuse(`${this.#other.id} does not know the secret of this run`);
    }
    return { state: 'proved', other: this.#other, send: welcome() };
  }

  #takeHello(payload: Buffer): HandshakeStep {
    const fields = readFields(payload);
    if (fields === undefined)
      return { state: 'refused', reason: 'something that is no client of Quorum Lab' };
    const { id, incarnation, role, to, runId, nonce } = fields;
    if (fields['version'] !== version)
      return refuse(`version ${String(fields['version'])} of the protocol, not ${version}`);
    if (runId !== this.#self.runId) return refuse(`run ${String(runId)}, not ${this.#self.runId}`);
    if (to !== this.#self.id) return refuse(`${String(to)} was looked for, this is ${this.#self.id}`);
    if (role === 'peer' && id === this.#self.id) return refuse(`${this.#self.id} is connected to itself`);
    if ((role !== 'peer' && role !== 'client') || typeof id !== 'string' || !this.#knows(role, id)) {
      return refuse(`no ${String(role)} ${String(id)} is known here`);
    }
    if (!isIncarnation(incarnation) || typeof nonce !== 'string' || nonce.length !== 2 * nonceBytes) {
      return refuse('a hello without incarnation or nonce');
    }
    const own = {
      id: this.#self.id,
      incarnation: this.#self.incarnation,
      nonce: randomBytes(nonceBytes).toString('hex'),
    };
    const signed = Buffer.from(JSON.stringify(own));
    this.#hello = Buffer.from(payload);
    this.#challenge = Buffer.concat([signed, macOf(this.#self.secret, 'listener', this.#hello, signed)]);
    this.#other = { role, id, incarnation };
    return { state: 'going-on', send: this.#challenge };
  }
}

function refuse(reason: string): HandshakeStep {
  return {
    state: 'refused',
    reason,
    send: Buffer.from(JSON.stringify({ refused: reason.slice(0, reasonLengthMax) })),
  };
}

function welcome(): Buffer {
  return Buffer.from(JSON.stringify({ welcome: true }));
}

function isWelcome(payload: Buffer): boolean {
  return readFields(payload)?.['welcome'] === true;
}

function readRefusal(payload: Buffer): string | undefined {
  const reason = readFields(payload)?.['refused'];
  return typeof reason === 'string' ? reason.slice(0, reasonLengthMax) : undefined;
}

function macOf(
  secret: Uint8Array,
  label: 'listener' | 'connector',
  hello: Buffer,
  challenge: Buffer,
): Buffer {
  const mac = createHmac('sha256', secret);
  mac.update(`quorum-lab ${label} ${hello.length}\n`).update(hello).update(challenge);
  return mac.digest();
}

function isIncarnation(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 32;
}

interface Fields {
  readonly [field: string]: unknown;
}

function readFields(bytes: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}
