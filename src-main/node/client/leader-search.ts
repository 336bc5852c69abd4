import type { Milliseconds } from '../../consensus/replica.ts';
import type { NodeLine } from './node-line.ts';
import type { NodeRing } from './node-ring.ts';
import type { Operation } from './operation.ts';

export interface Asking {
  /** Sends the operation to the node, whose answer decides what comes next. */
  ask(operation: Operation, node: NodeLine): void;
  /** Sends it, and waits for nothing. */
  send(operation: Operation, node: NodeLine): void;
}

/** Between two attempts to find a leader. */
const probeMs = { min: 10, max: 50 };

/**
 * Who leads, as far as the clients know. While nobody is known to, operations wait here, and one at a time asks the nodes in turn: the
 * others wait for what it learns.
 */
export class LeaderSearch {
  readonly #ring: NodeRing;
  readonly #random: () => number;
  readonly #asking: Asking;
  #leader: NodeLine | undefined;
  #parked: Operation[] = [];
  #probe: NodeJS.Timeout | undefined;
  #over = false;

  /** `random` is uniform in [0, 1). */
  constructor(ring: NodeRing, random: () => number, asking: Asking) {
    this.#ring = ring;
    this.#random = random;
    this.#asking = asking;
  }

  get leader(): NodeLine | undefined {
    return this.#leader;
  }

  /** The operation waits for a leader. */
  park(operation: Operation): void {
    operation.hops = 0;
    operation.waiting = false;
    this.#parked.push(operation);
    this.#schedule(operation.attempts === 0 ? 0 : this.#pause());
  }

  /** Everything that waits goes there, but for what was sent there already and may still be answered. */
  found(node: NodeLine): void {
    this.#leader = node;
    if (this.#parked.length === 0) return;
    const parked = this.#parked;
    this.#parked = [];
    for (const operation of parked) {
      if (operation.ended) continue;
      if (node.waitsFor(operation)) {
        operation.asked = node.id;
        operation.waiting = true;
      } else this.#asking.ask(operation, node);
    }
  }

  /** That node does not lead, or cannot be reached. */
  lost(node: NodeLine): void {
    if (this.#leader === node) this.#leader = undefined;
  }

  /** A node can be asked that could not be before. */
  wake(): void {
    this.#schedule(0);
  }

  dropEnded(): void {
    this.#parked = this.#parked.filter(({ ended }) => !ended);
  }

  end(): void {
    this.#over = true;
    clearTimeout(this.#probe);
  }

  #pause(): Milliseconds {
    return probeMs.min + this.#random() * (probeMs.max - probeMs.min);
  }

  #schedule(afterMs: Milliseconds): void {
    if (this.#parked.length === 0 || this.#probe !== undefined || this.#over) return;
    this.#probe = setTimeout(() => {
      this.#probe = undefined;
      this.#askNext();
    }, afterMs);
  }

  /** On a silent node nobody waits: perhaps only an answer was lost there, and perhaps nobody is at home. */
  #askNext(): void {
    const node = this.#ring.nextOpen();
    const operation = node === undefined ? undefined : this.#parked.shift();
    if (node !== undefined && operation !== undefined) {
      if (!node.silent) this.#asking.ask(operation, node);
      else {
        this.#parked.push(operation);
        if (node.mayHear(operation)) this.#asking.send(operation, node);
      }
    }
    this.#schedule(this.#pause());
  }
}
