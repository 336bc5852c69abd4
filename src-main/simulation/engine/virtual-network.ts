import type { Entry, Message, NodeId } from '../../consensus/replica.ts';
import type { Answer, ClientLink, Envelope, Network, Parcel } from '../../node/host/ports.ts';
import type { Nanoseconds } from '../../trace/model/events.ts';
import type { Lifetime } from './lifetime.ts';
import type { Link, Links } from './links.ts';

/** What the head of a message takes; the bodies of entries and snapshots come on top. */
const HEAD_BYTES = 64;
const ENTRY_BYTES = 24;

/** Where messages go that arrive at a node. */
export type Receive = (to: NodeId, envelope: Envelope, link: Link, sentNs: Nanoseconds) => void;

/** A client, as a node's network sees it. */
export interface VirtualClientLink extends ClientLink {
  readonly id: string;
  answered(by: NodeId, answer: Answer): void;
}

/** One incarnation's way to the others. */
export class VirtualNetwork implements Network {
  readonly #id: NodeId;
  readonly #lifetime: Lifetime;
  readonly #links: Links;
  readonly #isNode: (id: NodeId) => boolean;
  readonly #receive: Receive;
  readonly #linksTo = new Map<NodeId, Link>();

  constructor(
    id: NodeId,
    lifetime: Lifetime,
    links: Links,
    isNode: (id: NodeId) => boolean,
    receive: Receive,
  ) {
    this.#id = id;
    this.#lifetime = lifetime;
    this.#links = links;
    this.#isNode = isNode;
    this.#receive = receive;
  }

  pack(message: Message): Parcel {
    return { bytes: estimateBytes(message.body) };
  }

  send(_parcel: Parcel, envelope: Envelope): string | undefined {
    this.#lifetime.pass('send');
    const { to } = envelope.message;
    if (!this.#isNode(to)) return `there is no node ${to}`;
    const sentNs = this.#links.nowNs;
    const link = this.#linkTo(to);
    return link.carry(() => this.#receive(to, envelope, link, sentNs));
  }

  answer(client: ClientLink, answer: Answer): void {
    this.#lifetime.pass('answer');
    // Every client of a run is one of these.
    const link = client as VirtualClientLink;
    this.#links.ofClient(this.#id, link.id).carry(() => link.answered(this.#id, answer));
  }

  #linkTo(to: NodeId): Link {
    let link = this.#linksTo.get(to);
    if (link === undefined) {
      link = this.#links.between(this.#id, to);
      this.#linksTo.set(to, link);
    }
    return link;
  }

  flush(): void {
    // What was taken is under way already.
  }
}

function estimateBytes(body: object): number {
  const { entries, data } = body as { readonly entries?: readonly Entry[]; readonly data?: Uint8Array };
  let bytes = HEAD_BYTES + (data?.length ?? 0);
  if (entries !== undefined) for (const entry of entries) bytes += ENTRY_BYTES + entry.data.length;
  return bytes;
}
