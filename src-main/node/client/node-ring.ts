import type { NodeId } from '../../consensus/replica.ts';
import type { PeerAddress } from '../protocol.ts';
import type { NodeLine } from './node-line.ts';

/** The lines to all nodes of the address book, asked in turn while nobody knows who leads. */
export class NodeRing {
  readonly #lineTo: (member: PeerAddress) => NodeLine;
  readonly #byId = new Map<NodeId, NodeLine>();
  #lines: readonly NodeLine[] = [];
  #turnOf = 0;
  #started = false;
  readonly #tried = new Set<NodeId>();
  #allTried: () => void = () => undefined;

  constructor(members: readonly PeerAddress[], lineTo: (member: PeerAddress) => NodeLine) {
    this.#lineTo = lineTo;
    this.readdress(members);
  }

  get lines(): readonly NodeLine[] {
    return this.#lines;
  }

  get(id: NodeId): NodeLine | undefined {
    return this.#byId.get(id);
  }

  /** Resolves when every node has been reached once or has failed to answer. */
  async start(): Promise<void> {
    this.#started = true;
    await new Promise<void>((resolve) => {
      this.#allTried = resolve;
      for (const line of this.#lines) line.start();
    });
  }

  /** The node was reached, or could not be. */
  noteTried({ id }: NodeLine): void {
    this.#tried.add(id);
    this.#resolveIfTried();
  }

  /** Makes and starts lines to new addresses, ends those to addresses that are gone. @returns the lines that were ended */
  readdress(members: readonly PeerAddress[]): readonly NodeLine[] {
    const ports = new Map(members.map(({ id, port }) => [id, port]));
    const gone = this.#lines.filter(({ id, port }) => ports.get(id) !== port);
    for (const { id } of gone) this.#byId.delete(id);
    const made = members.filter(({ id }) => !this.#byId.has(id)).map(this.#lineTo);
    for (const line of made) this.#byId.set(line.id, line);
    this.#lines = [...this.#byId.values()];
    if (this.#started) for (const line of made) line.start();
    for (const line of gone) line.end(`${line.id} is not at that address any more`);
    if (this.#started) this.#resolveIfTried();
    return gone;
  }

  /** The next node that is connected. */
  nextOpen(): NodeLine | undefined {
    for (let tried = 0; tried < this.#lines.length; tried++) {
      this.#turnOf = (this.#turnOf + 1) % this.#lines.length;
      const line = this.#lines[this.#turnOf];
      if (line?.open === true) return line;
    }
    return undefined;
  }

  end(reason: string): void {
    for (const line of this.#lines) line.end(reason);
  }

  #resolveIfTried(): void {
    if (this.#lines.every(({ id }) => this.#tried.has(id))) this.#allTried();
  }
}
