/** The faults under way on nodes, at most one a node, each recorded from its start to its end. */
import type { NodeId } from '../consensus/replica.ts';
import type { EventId, EventPayload } from '../trace/model/events.ts';

export class NodeFaults {
  readonly #record: (payload: EventPayload, cause?: EventId) => void;
  readonly #underWay = new Map<NodeId, string>();
  #count = 0;

  constructor(record: (payload: EventPayload, cause?: EventId) => void) {
    this.#record = record;
  }

  /** Ends the one before. */
  start(type: string, node: NodeId, parameters: object, cause?: EventId): void {
    this.end(node, cause);
    const fault = `f${++this.#count}`;
    this.#underWay.set(node, fault);
    this.#record({ kind: 'fault-started', fault, type, targets: [node], parameters }, cause);
  }

  end(node: NodeId, cause?: EventId): void {
    const fault = this.#underWay.get(node);
    if (fault === undefined) return;
    this.#underWay.delete(node);
    this.#record({ kind: 'fault-ended', fault }, cause);
  }
}
