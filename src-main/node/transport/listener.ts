import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { Connection } from './connection.ts';
import { ListenerHandshake } from './handshake.ts';
import type { Role, Self, Stranger } from './handshake.ts';
import { isConnectedToItself } from './outgoing-link.ts';

/** Connections that have not proved themselves yet, at most. */
const strangersMax = 64;

export interface Guest {
  readonly other: Stranger;
  readonly connection: Connection;
}

export interface ListenerEvents {
  opened(guest: Guest): void;
  /** Returns what is wrong with the payload, if anything, which closes the connection. */
  payload(guest: Guest, payload: Buffer): string | undefined;
  /** `guest` is undefined if it never proved itself. */
  closed(guest: Guest | undefined, reason: string): void;
}

/** Accepts connections on 127.0.0.1 and lets in those that prove themselves. */
export class Listener {
  readonly #server: Server;
  readonly #self: Self;
  readonly #events: ListenerEvents;
  readonly #connections = new Set<Connection>();
  #strangers = 0;

  constructor(self: Self, knows: (role: Role, id: string) => boolean, events: ListenerEvents) {
    this.#self = self;
    this.#events = events;
    this.#server = createServer({ noDelay: true }, (socket) => {
      if (this.#strangers >= strangersMax || isConnectedToItself(socket)) socket.destroy();
      else this.#accept(new ListenerHandshake(self, knows), socket);
    });
  }

  /** @throws when the port is in use, in a sentence that names it */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const why = error.code === 'EADDRINUSE' ? 'another process uses it' : error.message;
        const remedy = 'End that process or give the node another port';
        reject(
          new Error(`${this.#self.id} cannot listen on port ${port} of 127.0.0.1: ${why}. ${remedy}`, {
            cause: error,
          }),
        );
      });
      this.#server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve);
    });
  }

  end(reason: string): void {
    this.#server.close();
    for (const connection of [...this.#connections]) connection.close(reason);
  }

  #accept(handshake: ListenerHandshake, socket: Socket): void {
    this.#strangers++;
    let guest: Guest | undefined;
    const connection = new Connection(socket, {
      shake: (payload) => handshake.take(payload),
      opened: (other) => {
        this.#strangers--;
        guest = { other, connection };
        this.#events.opened(guest);
      },
      payload: (payload) => (guest === undefined ? 'no handshake' : this.#events.payload(guest, payload)),
      closed: (reason) => {
        if (guest === undefined) this.#strangers--;
        this.#connections.delete(connection);
        this.#events.closed(guest, reason);
      },
    });
    this.#connections.add(connection);
  }
}
