import type {
  MethodAnswer,
  MethodName,
  MethodParams,
  StreamName,
  StreamParams,
  StreamSnapshot,
  WindowFile,
  WindowReport,
} from '../../src-main/api/index.ts';
import type { ConnectionState, WindowBridge } from './connection.ts';

/** The part of a WebSocket that the carrier needs. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onclose: (() => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
}

export interface SocketWorld {
  openSocket(): Socket;
  upload(file: WindowFile): Promise<unknown>;
  /** Puts a page among the downloads. */
  handOut(name: string, html: string): void;
  /** Runs the task once the window has taken a snapshot, or seldom while it is hidden. */
  whenTaken(task: () => void): void;
  later(task: () => void, ms: number): void;
}

type FromLab =
  | { t: 'answer'; id: number; value: unknown }
  | { t: 'error'; id: number; message: string }
  | { t: 'snapshot'; id: number; value: unknown }
  | { t: 'end'; id: number; reason: string }
  | { t: 'link'; link: string };

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface Subscription {
  stream: StreamName;
  params: object;
  onSnapshot(value: unknown): void;
  onEnd?: (reason: string) => void;
}

const RECONNECT_MS = [250, 500, 1_000, 2_000];
const OPEN_WAIT_MS = 5_000;
const LOST = 'The lab cannot be reached. Is `lab serve` still running? The window keeps trying.';

/**
 * The API over one WebSocket. After a loss it connects again and renews its subscriptions; calls that were under way fail, because nobody
 * knows whether they took effect. A snapshot is acknowledged when the window has taken it, and a hidden window is slow to.
 */
export class SocketBridge implements WindowBridge {
  readonly host = 'browser';
  connection: ConnectionState = 'connecting';
  readonly #world: SocketWorld;
  readonly #calls = new Map<number, PendingCall>();
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #connectionListeners = new Set<(state: ConnectionState) => void>();
  readonly #linkListeners = new Set<(link: string) => void>();
  #waiting: { send(): void; fail(): void }[] = [];
  #socket: Socket | null = null;
  #attempt = 0;
  #nextId = 1;

  constructor(world: SocketWorld) {
    this.#world = world;
    this.#connect();
  }

  call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodAnswer<M>> {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const send = (): void => {
        this.#calls.set(id, { resolve: (value) => resolve(value as MethodAnswer<M>), reject });
        this.#send({ t: 'call', id, method, params });
      };
      if (this.connection === 'connected') send();
      else this.#whenConnected(send, () => reject(new Error(LOST)));
    });
  }

  subscribe<S extends StreamName>(
    stream: S,
    params: StreamParams<S>,
    onSnapshot: (snapshot: StreamSnapshot<S>) => void,
    onEnd?: (reason: string) => void,
  ): () => void {
    const id = this.#nextId++;
    this.#subscriptions.set(id, {
      stream,
      params,
      onSnapshot: (value) => onSnapshot(value as StreamSnapshot<S>),
      ...(onEnd && { onEnd }),
    });
    if (this.connection === 'connected') this.#send({ t: 'subscribe', id, stream, params });
    return () => {
      if (!this.#subscriptions.delete(id)) return;
      if (this.connection === 'connected') this.#send({ t: 'unsubscribe', id });
    };
  }

  async openFile(file: WindowFile): Promise<{ runId: string }> {
    const answer = await this.#world.upload(file);
    if (typeof answer === 'object' && answer !== null) {
      if ('runId' in answer && typeof answer.runId === 'string') return { runId: answer.runId };
      if ('error' in answer && typeof answer.error === 'string') throw new Error(answer.error);
    }
    throw new Error('The lab did not say what became of the file.');
  }

  saveReport({ name, format, html }: WindowReport): Promise<{ saved: boolean }> {
    if (format === 'pdf')
      return Promise.reject(new Error('A browser makes PDF itself: save the HTML, open it and print it.'));
    this.#world.handOut(`${name}.html`, html);
    return Promise.resolve({ saved: true });
  }

  onOpenLink(listener: (link: string) => void): () => void {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  }

  onConnection(listener: (state: ConnectionState) => void): () => void {
    this.#connectionListeners.add(listener);
    return () => this.#connectionListeners.delete(listener);
  }

  #connect(): void {
    const socket = this.#world.openSocket();
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = (message) => this.#received(message.data);
    socket.onclose = () => this.#closed();
  }

  #opened(): void {
    this.#attempt = 0;
    this.#setConnection('connected');
    for (const [id, { stream, params }] of this.#subscriptions) {
      this.#send({ t: 'subscribe', id, stream, params });
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { send } of waiting) send();
  }

  #closed(): void {
    this.#socket = null;
    this.#setConnection('lost');
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const { reject } of calls) {
      reject(new Error('The connection to the lab was lost; nobody knows whether this took effect.'));
    }
    const delay = RECONNECT_MS[Math.min(this.#attempt, RECONNECT_MS.length - 1)] ?? 2_000;
    this.#attempt++;
    this.#world.later(() => this.#connect(), delay);
  }

  #whenConnected(send: () => void, fail: () => void): void {
    const entry = { send, fail };
    this.#waiting.push(entry);
    this.#world.later(() => {
      const at = this.#waiting.indexOf(entry);
      if (at < 0) return;
      this.#waiting.splice(at, 1);
      fail();
    }, OPEN_WAIT_MS);
  }

  #received(data: unknown): void {
    const message = decode(data);
    if (!message) return;
    if (message.t === 'link') {
      for (const listener of this.#linkListeners) listener(message.link);
    } else if (message.t === 'snapshot') {
      const subscription = this.#subscriptions.get(message.id);
      if (!subscription) return;
      subscription.onSnapshot(message.value);
      this.#world.whenTaken(() => {
        if (this.#subscriptions.has(message.id)) this.#send({ t: 'ack', id: message.id });
      });
    } else if (message.t === 'end') {
      const subscription = this.#subscriptions.get(message.id);
      this.#subscriptions.delete(message.id);
      subscription?.onEnd?.(message.reason);
    } else {
      const call = this.#calls.get(message.id);
      this.#calls.delete(message.id);
      if (message.t === 'answer') call?.resolve(message.value);
      else call?.reject(new Error(message.message));
    }
  }

  #send(message: object): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #setConnection(state: ConnectionState): void {
    if (this.connection === state) return;
    this.connection = state;
    for (const listener of this.#connectionListeners) listener(state);
  }
}

/** Undefined for anything that is not a message of the carrier. */
function decode(data: unknown): FromLab | undefined {
  if (typeof data !== 'string') return undefined;
  const value: unknown = JSON.parse(data);
  if (typeof value !== 'object' || value === null || !('t' in value)) return undefined;
  return value as FromLab;
}
