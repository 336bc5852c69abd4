/** Stands between clients and nodes: what nodes answer can be lost on the way. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { PeerAddress } from '../../src-main/node/protocol.ts';

export class ClientProxy {
  /** Where clients find the nodes. */
  readonly members: readonly PeerAddress[];
  /** While set, answers of the nodes are lost. */
  losing = false;
  /** Bytes that were lost. */
  lostBytes = 0;
  readonly #servers: readonly Server[];
  readonly #sockets: Set<Socket>;

  static async to(nodes: readonly PeerAddress[]): Promise<ClientProxy> {
    const sockets = new Set<Socket>();
    const servers: Server[] = [];
    const members: PeerAddress[] = [];
    const made: { proxy?: ClientProxy } = {};
    for (const { id, port } of nodes) {
      const server = createServer((client) => made.proxy?.carry(client, port));
      await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port: 0 }, resolve));
      servers.push(server);
      members.push({ id, port: (server.address() as AddressInfo).port });
    }
    made.proxy = new ClientProxy(members, servers, sockets);
    return made.proxy;
  }

  private constructor(members: readonly PeerAddress[], servers: readonly Server[], sockets: Set<Socket>) {
    this.members = members;
    this.#servers = servers;
    this.#sockets = sockets;
  }

  carry(client: Socket, port: number): void {
    const node = connect({ host: '127.0.0.1', port });
    for (const [socket, other] of [
      [client, node],
      [node, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (bytes) => node.write(bytes));
    node.on('data', (bytes) => {
      if (this.losing) this.lostBytes += bytes.length;
      else client.write(bytes);
    });
  }

  /** Breaks every connection. */
  reset(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  end(): void {
    for (const server of this.#servers) server.close();
    this.reset();
  }
}
