import type { LogIndex, NodeId, StorageId, Term } from '../../../consensus/replica.ts';
import type { EventHead } from '../../../trace/model/events.ts';
import { refOf } from '../finding.ts';
import type { EventRef } from '../finding.ts';
import type { EventOf, Handlers, Rule, Watch } from '../rule.ts';

interface Reached {
  incarnation: number;
  storageId: StorageId | undefined;
  term: Term;
  termAt: EventRef | undefined;
  commit: LogIndex;
  commitAt: EventRef | undefined;
  applied: LogIndex;
  appliedAt: EventRef | undefined;
}

/**
 * The persisted term never decreases, across restarts too, unless the disk is another one; commit and applied index never do within
 * one incarnation (Raft Figure 2; logcabin, `RaftConsensusInvariants.cc`).
 */
export class Monotonic implements Rule {
  readonly id = 'monotonic';
  checked = 0;
  readonly #watch: Watch;
  readonly #nodes = new Map<NodeId, Reached>();

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  readonly on: Handlers = {
    'node-started': (event) => this.#start(event),
    'persist-completed': (event) => this.#persisted(event, this.#node(event), event.term),
    commit: (event) => {
      const node = this.#node(event);
      this.checked++;
      if (event.to < node.commit)
        this.#report(event, node.commitAt, `commit index`, node.commit, event.to, true);
      node.commit = event.to;
      node.commitAt = refOf(event);
    },
    apply: (event) => this.#apply(event, event.from - 1, event.to),
    restore: (event) => this.#apply(event, event.index, event.index),
    snapshot: (event) => {
      if (event.stage === 'installed') this.#install(event);
    },
  };

  #start(event: EventOf<'node-started'>): void {
    const { source, storageId, applied, term } = event;
    const before = this.#nodes.get(source);
    const another =
      storageId !== undefined && before?.storageId !== undefined && storageId !== before.storageId;
    const node = freshNode(event.incarnation);
    node.storageId = storageId ?? before?.storageId;
    if (before !== undefined && !another) {
      node.term = before.term;
      node.termAt = before.termAt;
    }
    node.applied = applied;
    this.#nodes.set(source, node);
    this.#persisted(event, node, term);
  }

  #persisted(at: EventHead, node: Reached, term: Term): void {
    this.checked++;
    if (term === node.term) return;
    if (term < node.term) this.#report(at, node.termAt, 'persisted term', node.term, term, false);
    node.term = term;
    node.termAt = refOf(at);
  }

  /** What is applied goes on from where it was. */
  #apply(at: EventHead, from: LogIndex, to: LogIndex): void {
    const node = this.#node(at);
    this.checked++;
    if (from < node.applied) this.#report(at, node.appliedAt, 'applied index', node.applied, from, true);
    node.applied = to;
    node.appliedAt = refOf(at);
  }

  #install(event: EventOf<'snapshot'>): void {
    const node = this.#node(event);
    this.checked++;
    if (event.index < node.commit)
      this.#report(event, node.commitAt, 'commit index', node.commit, event.index, true);
    node.commit = event.index;
    node.commitAt = refOf(event);
  }

  #node({ source, incarnation }: EventHead): Reached {
    let node = this.#nodes.get(source);
    if (node?.incarnation === incarnation) return node;
    // Its start is missing from the trace, and with it what it came up with.
    const before = node;
    node = freshNode(incarnation);
    if (before !== undefined && before.incarnation > incarnation) return node;
    this.#nodes.set(source, node);
    return node;
  }

  #report(
    at: EventHead,
    before: EventRef | undefined,
    what: string,
    from: number,
    to: number,
    within: boolean,
  ): void {
    const where = within ? ` within incarnation ${at.incarnation}` : '';
    const sentence = `the ${what} of ${at.source} fell from ${from} to ${to}${where}`;
    this.#watch.findings.report(this.id, sentence, at, [before]);
  }
}

function freshNode(incarnation: number): Reached {
  return {
    incarnation,
    storageId: undefined,
    term: 0,
    termAt: undefined,
    commit: 0,
    commitAt: undefined,
    applied: 0,
    appliedAt: undefined,
  };
}
