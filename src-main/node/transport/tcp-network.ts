import type { Message, NodeId } from '../../consensus/replica.ts';
import type { Answer, ClientLink, Envelope, Network, Recorder, Request } from '../host/ports.ts';
import type { PeerAddress } from '../protocol.ts';
import type { Self } from './handshake.ts';
import { Listener } from './listener.ts';
import type { Guest } from './listener.ts';
import { OutgoingLink } from './outgoing-link.ts';
import { addressParcel, answersFrame, inFrames, packMessage, readMessage, readRequests } from './wire.ts';
import type { TcpParcel } from './wire.ts';

export interface TcpNetworkOptions {
  readonly self: Self;
  /** This node among them. */
  readonly members: readonly PeerAddress[];
  /** Names under which clients may connect. */
  readonly clients: readonly string[];
  readonly recorder: Recorder;
}

export interface Arrivals {
  arrive(envelope: Envelope): void;
  request(request: Request): void;
}

/** A client's connection and the answers that wait for the next flush. */
class ClientConnection implements ClientLink {
  readonly #guest: Guest;
  #answers: Answer[] = [];

  constructor(guest: Guest) {
    this.#guest = guest;
  }

  get gone(): boolean {
    return this.#guest.connection.gone;
  }

  stage(answer: Answer): void {
    this.#answers.push(answer);
  }

  flush(): void {
    const answers = this.#answers;
    if (answers.length === 0) return;
    this.#answers = [];
    for (const some of inFrames(
      answers,
      ({ value, reason }) => (value?.length ?? 0) + (reason?.length ?? 0),
    )) {
      this.#guest.connection.stage(answersFrame(some));
    }
    this.#guest.connection.flush();
  }
}

/**
 * The network of a node process: TCP on 127.0.0.1, one connection a directed link. Messages go out over the connections that
 * this node opened and come in over those that others opened; clients' answers go back where their requests came from.
 */
export class TcpNetwork implements Network<TcpParcel> {
  readonly #self: Self;
  readonly #recorder: Recorder;
  readonly #links = new Map<NodeId, OutgoingLink>();
  readonly #listener: Listener;
  readonly #inbound = new Map<NodeId, Guest>();
  readonly #clients = new Map<Guest, ClientConnection>();
  #dirtyLinks = new Set<OutgoingLink>();
  #dirtyClients = new Set<ClientConnection>();
  #arrivals: Arrivals | undefined;

  constructor({ self, members, clients, recorder }: TcpNetworkOptions) {
    this.#self = self;
    this.#recorder = recorder;
    for (const member of members) {
      if (member.id !== self.id) this.#links.set(member.id, this.#linkTo(member));
    }
    const knows = (role: 'peer' | 'client', id: string): boolean =>
      role === 'peer' ? this.#links.has(id) : clients.includes(id);
    this.#listener = new Listener(self, knows, {
      opened: (guest) => this.#opened(guest),
      payload: (guest, payload) => this.#payload(guest, payload),
      closed: (guest, reason) => this.#closed(guest, reason),
    });
  }

  /** Listens, and begins to connect to the others. @throws when the port is in use */
  async start(port: number, arrivals: Arrivals): Promise<void> {
    this.#arrivals = arrivals;
    await this.#listener.listen(port);
    for (const link of this.#links.values()) link.start();
  }

  /** Replaces the address book: new nodes are connected to, and links to addresses that are not in it any more are ended. */
  readdress(members: readonly PeerAddress[]): void {
    const ports = new Map(members.map(({ id, port }) => [id, port]));
    for (const [id, link] of this.#links) {
      if (ports.get(id) === link.port) continue;
      this.#links.delete(id);
      this.#dirtyLinks.delete(link);
      const reason = ports.has(id)
        ? `${id} has another port now`
        : `${id} is not in the address book any more`;
      link.end(reason);
      this.#inbound.get(id)?.connection.close(reason);
    }
    for (const member of members) {
      if (member.id === this.#self.id || this.#links.has(member.id)) continue;
      const link = this.#linkTo(member);
      this.#links.set(member.id, link);
      if (this.#arrivals !== undefined) link.start();
    }
  }

  pack(message: Message): TcpParcel {
    return packMessage(message);
  }

  send(parcel: TcpParcel, envelope: Envelope): string | undefined {
    const { to } = envelope.message;
    const link = this.#links.get(to);
    if (link === undefined) return `no node ${to} is known here`;
    const refusal = link.refusal(parcel.bytes);
    if (refusal !== undefined) return refusal;
    link.stage(addressParcel(parcel, envelope));
    this.#dirtyLinks.add(link);
    return undefined;
  }

  answer(client: ClientLink, answer: Answer): void {
    if (!(client instanceof ClientConnection))
      throw new TypeError('an answer for a client of another network');
    client.stage(answer);
    this.#dirtyClients.add(client);
  }

  flush(): void {
    for (const link of this.#dirtyLinks) link.flush();
    for (const client of this.#dirtyClients) client.flush();
    this.#dirtyLinks.clear();
    this.#dirtyClients.clear();
  }

  end(reason: string): void {
    this.#listener.end(reason);
    for (const link of this.#links.values()) link.end(reason);
  }

  #linkTo(member: PeerAddress): OutgoingLink {
    return new OutgoingLink(this.#self, 'peer', member, {
      up: () => this.#recordLink(member.id, 'up', 'connected'),
      down: (reason) => this.#recordLink(member.id, 'down', reason),
      payload: () => 'a payload where none is expected',
    });
  }

  #opened(guest: Guest): void {
    const { role, id } = guest.other;
    if (role === 'client') {
      this.#clients.set(guest, new ClientConnection(guest));
      return;
    }
    const earlier = this.#inbound.get(id);
    if (earlier !== undefined && earlier.other.incarnation > guest.other.incarnation) {
      guest.connection.close(`incarnation ${guest.other.incarnation} of ${id} is over`);
      return;
    }
    this.#inbound.set(id, guest);
    earlier?.connection.close(`${id} connected anew`);
    // Whoever connects is there to be connected to.
    this.#links.get(id)?.start();
  }

  #payload(guest: Guest, payload: Buffer): string | undefined {
    const { role, id, incarnation } = guest.other;
    if (role === 'peer') {
      const envelope = readMessage(payload, id, incarnation, this.#self.id);
      if (typeof envelope === 'string') return envelope;
      this.#arrivals?.arrive(envelope);
      return undefined;
    }
    const client = this.#clients.get(guest);
    if (client === undefined) return 'a client that is not connected';
    const requests = readRequests(payload, id, client);
    if (typeof requests === 'string') return requests;
    for (const request of requests) this.#arrivals?.request(request);
    return undefined;
  }

  #closed(guest: Guest | undefined, reason: string): void {
    if (guest === undefined) return;
    const { role, id } = guest.other;
    if (role === 'client') this.#clients.delete(guest);
    else if (this.#inbound.get(id) === guest) {
      this.#inbound.delete(id);
      this.#recordLink(id, 'down', `inbound: ${reason}`);
    }
  }

  #recordLink(peer: NodeId, state: 'up' | 'down', reason: string): void {
    this.#recorder.record({ kind: 'link', peer, state, reason }, 0);
  }
}
